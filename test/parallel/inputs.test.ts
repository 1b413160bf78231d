/** Inputs of tasks that a worker holds for later tasks: in bounded memory, and as they are now. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { nodePlace } from '../../src/entries/place.node.js';
import { TaskHost } from '../../src/parallel/host.js';
import type { TaskSpec } from '../../src/parallel/task.js';

const never = new AbortController().signal;
const fetched: string[] = [];
const host = new TaskHost({
  place: nodePlace,
  worker: 'w',
  threads: 1,
  modules: { mine: new URL('./tasks.mjs', import.meta.url).href },
  contextOptions: undefined,
  fetchShared: async (hash) => {
    fetched.push(hash);
    return { parts: [new Uint8Array(2 ** 27 - 1000)], buffer: undefined };
  },
});
const run = async (name: string, x: TaskSpec['inputs'][string]): Promise<unknown> =>
  (
    await host.run(
      { id: 'x', module: 'mine', function: name, argument: 'x', transfer: [], inputs: { x }, uses: {} },
      never,
    )
  ).value;

test('shared values that were not used for long are let go, and fetched again', async () => {
  for (const hash of ['a', 'b', 'a', 'c', 'a', 'b', 'b']) await run('isShared', { hash });
  expect(fetched).toEqual(['a', 'b', 'c', 'b']);
});

test('a file that was written again is read again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-again-'));
  const path = join(folder, 'file');
  try {
    writeFileSync(path, Uint8Array.of(1, 2));
    expect([await run('sumOf', { path }), await run('sumOf', { path })]).toEqual([3, 3]);
    writeFileSync(path, Uint8Array.of(1, 2, 4));
    expect(await run('sumOf', { path })).toBe(7);
    writeFileSync(path, Uint8Array.of(1, 2, 4, 8));
    expect(await run('sumOf', { url: pathToFileURL(path).href })).toBe(15);
    writeFileSync(path, Uint8Array.of(1));
    expect(await run('sumOf', { url: pathToFileURL(path).href })).toBe(1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
