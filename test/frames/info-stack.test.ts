/** `ewald info` on folders with files that cannot be opened, and on a file redirected to its input. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { npyHeadOf } from '../../src/frames/npy.js';
import { ewald } from '../support/cli.js';

let folder = '';
const at = (...names: string[]): string => join(folder, ...names);
const array = Buffer.concat([npyHeadOf('<u2', [6, 5]), new Uint8Array(60).fill(1)]);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-info-'));
  for (const name of ['stack', 'empty']) mkdirSync(at(name));
  for (const name of ['b', 'd']) writeFileSync(at('stack', `${name}.npy`), array);
  for (const name of ['a', 'c']) writeFileSync(at('stack', `${name}.npy`), '');
  writeFileSync(at('stack', 'e.npy'), 'no array at all');
  writeFileSync(at('empty', 'a.npy'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

it('reports empty and damaged files of a folder, and continues with the others', async () => {
  const [words, json] = await Promise.all([
    ewald(['info', '.'], { cwd: at('stack') }),
    ewald(['info', '.', '--json'], { cwd: at('stack') }),
  ]);
  expect(words.code).toBe(1);
  expect(words.err).toMatch(/a\.npy is empty/);
  expect(words.err).toMatch(/c\.npy is empty/);
  expect(words.err).toMatch(/e\.npy/);
  expect(words.out).toMatch(/2 frames of 6 × 5 u16/);
  expect(json.code).toBe(1);
  const found = JSON.parse(json.out) as { file: string; error?: object; frames?: number }[];
  expect(found.map(({ file, error, frames }) => [file, error !== undefined, frames])).toEqual([
    ['a.npy', true, undefined],
    ['c.npy', true, undefined],
    ['e.npy', true, undefined],
    ['.', false, 2],
  ]);
});

it('reports a folder of empty files, and continues with the next argument', async () => {
  const { code, out, err } = await ewald(['info', at('empty'), at('stack', 'b.npy')]);
  expect(code).toBe(1);
  expect(err).toMatch(/all its files are empty/);
  expect(out).toMatch(/6 × 5 u16/);
});

it('reads a file that is redirected into standard input', () => {
  const handle = openSync(at('stack', 'b.npy'), 'r');
  try {
    const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'info', '-'], {
      stdio: [handle, 'pipe', 'pipe'],
    });
    expect(stderr.toString()).toBe('');
    expect(status).toBe(0);
    expect(stdout.toString()).toMatch(/6 × 5 u16/);
  } finally {
    closeSync(handle);
  }
});
