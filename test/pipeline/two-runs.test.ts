/** Two runs that write to one name. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, formatNpy } from 'ewald';
import { expect, onTestFinished, test } from 'vitest';
import { refused } from '../support/refused.js';

const geometry = `wavelength = 1 A\nclen = 0.1\nres = 10000\nadu_per_photon = 1\np/min_fs = 0\np/max_fs = 31
p/min_ss = 0\np/max_ss = 31\np/corner_x = -16\np/corner_y = -16\np/fs = x\np/ss = y\n`;

test('a stream that another run has finished since this one began is kept', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-two-runs-'));
  const context = await createContext({ backend: 'wasm', log: { level: 'error' } });
  onTestFinished(async () => {
    await context.dispose();
    rmSync(folder, { recursive: true });
  });
  const at = (name: string): string => join(folder, name);
  for (const [name, frames] of [
    ['two.npy', 2],
    ['five.npy', 5],
  ] as const)
    writeFileSync(
      at(name),
      formatNpy({ complex: false, shape: [frames, 32, 32], data: new Float32Array(frames * 32 * 32) }),
    );
  const output = at('o.stream');
  const run = async (inputs: unknown, more: object = {}): Promise<void> => {
    for await (const _ of context.pipeline({ inputs, geometry, cells: [], output, ...more } as never));
  };
  const frames = (): number => readFileSync(output, 'utf8').split('Begin chunk').length - 1;
  // The first run reads its outputs' names, then asks for its files: the second begins and ends before they come.
  const late = async function* () {
    await run(at('two.npy'));
    yield at('five.npy');
  };
  await refused(() => run(late()), 'File', 'o.stream', 'written by another run since this one began');
  expect(frames()).toBe(2);
  // One after the other, the later run replaces the stream, as before.
  await run(at('five.npy'));
  expect(frames()).toBe(5);
  await run(late(), { force: true });
  expect(frames()).toBe(5);
});
