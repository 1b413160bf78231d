/** Values that mark gaps in files that do not say so. */
import { memoryDataset } from 'ewald/data';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Context, createContext, parseGeometry } from '../../dist/index.node.js';

let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(() => context.dispose());

const side = 128;
const lines = (more: string): string =>
  `wavelength = 1 A\nclen = 0.1 m\nres = 10000\nadu_per_photon = 1\n${more}p/min_fs = 0\np/max_fs = ${side - 1}\n` +
  `p/min_ss = 0\np/max_ss = ${side - 1}\np/fs = x\np/ss = y\np/corner_x = ${-side / 2}\np/corner_y = ${-side / 2}\n`;

/** Warnings about values below 0 of a run over four frames, whose rows 10 to 12 are given by `gap`. */
async function warningsOf(gap: (i: number, frame: number) => number, more = ''): Promise<string[]> {
  const frames = Int32Array.from({ length: 4 * side * side }, (_, i) => {
    const pixel = i % (side * side);
    const row = Math.floor(pixel / side);
    return row >= 10 && row < 13 ? gap(pixel, Math.floor(i / (side * side))) : (i * 7919) % 11;
  });
  const dataset = memoryDataset(frames, { sigShape: [side, side] });
  const told: string[] = [];
  for await (const { error } of context.pipeline({
    inputs: [{ dataset }],
    geometry: parseGeometry(lines(more)),
    cells: [],
    onEvent: (event) => {
      if (event.kind === 'warning') told.push(event.text);
    },
  }))
    if (error) throw error;
  return told.filter((text) => text.includes('flag_lessthan'));
}

test('pixels that are -1 or -2 in all frames are said to be taken for counts, and noise below 0 is not', async () => {
  const isDead = (pixel: number): boolean => pixel % 5 === 0;
  expect(await warningsOf((pixel) => (isDead(pixel) ? -2 : -1))).toEqual([
    expect.stringMatching(/^384 pixels are -1 or -2 in all of the first 4 frames.*flag_lessthan = 0/),
  ]);
  expect(await warningsOf((pixel) => (isDead(pixel) ? -2 : -1), 'flag_lessthan = 0\n')).toEqual([]);
  expect(await warningsOf((pixel) => (isDead(pixel) ? -3 : -1))).toEqual([]);
  expect(await warningsOf((pixel, frame) => ((pixel + frame) % 4 === 0 ? 1 : -1))).toEqual([]);
});
