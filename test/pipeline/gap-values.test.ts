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

/** Warnings about values of a run over four frames, whose rows 10 to 12 are given by `gap`. */
async function warningsOf(
  gap: (i: number, frame: number) => number,
  more = '',
  type: typeof Int32Array | typeof Uint16Array | typeof Uint32Array = Int32Array,
): Promise<string[]> {
  const frames = (type as typeof Int32Array).from({ length: 4 * side * side }, (_, i) => {
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
  return told.filter((text) => /flag_(lessthan|equal)/.test(text));
}

test('pixels that are -1 or -2 in all frames are said to be taken for counts, and noise below 0 is not', async () => {
  const isDead = (pixel: number): boolean => pixel % 5 === 0;
  expect(await warningsOf((pixel) => (isDead(pixel) ? -2 : -1))).toEqual([
    expect.stringMatching(/^384 pixels are -1 or -2 in all of the first 4 frames.*flag_lessthan = 0/),
  ]);
  expect(await warningsOf((pixel) => (isDead(pixel) ? -2 : -1), 'flag_lessthan = 0\n')).toEqual([]);
  // Nor are pixels that the geometry leaves out.
  const masked = 'bad_gap/min_fs = 0\nbad_gap/max_fs = 127\nbad_gap/min_ss = 10\nbad_gap/max_ss = 12\n';
  expect(await warningsOf((pixel) => (isDead(pixel) ? -2 : -1), masked)).toEqual([]);
  expect(await warningsOf((pixel) => (isDead(pixel) ? -3 : -1))).toEqual([]);
  expect(await warningsOf((pixel, frame) => ((pixel + frame) % 4 === 0 ? 1 : -1))).toEqual([]);
});

test('pixels that have the largest number of 16 bits in all frames are said to be taken for saturated ones', async () => {
  expect(await warningsOf(() => 65535, '', Uint16Array)).toEqual([
    expect.stringMatching(/^384 pixels are 65535 in all of the first 4 frames.*saturated.*flag_equal = 65535/),
  ]);
  expect(await warningsOf(() => 65535, 'flag_equal = 65535\n', Uint16Array)).toEqual([]);
  expect(await warningsOf((pixel, frame) => ((pixel + frame) % 4 === 0 ? 1 : 65535), '', Uint16Array)).toEqual([]);
});

test('the two largest numbers of 32 bits are no counts, whatever the file says', async () => {
  const frames = Uint32Array.from({ length: side * side }, (_, i) => (i < 300 ? 2 ** 32 - 1 - (i % 2) : i % 7));
  const dataset = memoryDataset(frames, { sigShape: [side, side] });
  const { validRange } = await context.detector(dataset, { geometry: parseGeometry(lines('')) });
  expect(validRange[1]).toBe(2 ** 32 - 3);
});

/** The pictures of the report of a run over three frames with a spot each; `marked` are the rows 10 to 29 of some frames. */
async function picturesOf(marked: readonly number[], value: number, more: string): Promise<string[]> {
  const frames = Uint16Array.from({ length: 3 * side * side }, (_, i) => {
    const [frame, pixel] = [Math.floor(i / (side * side)), i % (side * side)];
    const row = Math.floor(pixel / side);
    if (marked.includes(frame) && row >= 10 && row < 30) return value;
    const isSpot = Math.abs(row - 70 - 9 * frame) < 2 && Math.abs((pixel % side) - 40) < 2;
    return isSpot ? 400 : (i * 7919) % 11;
  });
  let page = '';
  for await (const { error } of context.pipeline({
    inputs: [{ dataset: memoryDataset(frames, { sigShape: [side, side] }) }],
    ...{ geometry: parseGeometry(lines(more)), cells: [], peaks: { threshold: 50, minSnr: 4.5 }, minPeaks: 1 },
    html: (part) => {
      page += typeof part === 'string' ? part : new TextDecoder().decode(part);
    },
  }))
    if (error) throw error;
  return page.match(/data:image\/png;base64,[\w+/=]+/g) ?? [];
}

test('a value that is no count is not shown in the pictures of a report, of a frame or of all', {
  tags: 'all',
}, async () => {
  const gap = 'bad_gap/min_fs = 0\nbad_gap/max_fs = 127\nbad_gap/min_ss = 10\nbad_gap/max_ss = 29\n';
  const masked = await picturesOf([], 0, gap);
  expect(masked.length).toBeGreaterThan(1);
  expect(await picturesOf([0, 1, 2], 65535, 'flag_equal = 65535\n')).toEqual(masked);
  expect(await picturesOf([0, 1, 2], 65535, 'flag_morethan = 60000\n')).toEqual(masked);
  // Where another frame has a count, the maximum over the frames shows it.
  const last = async (value: number) => (await picturesOf([0, 1], value, 'flag_equal = 65535\n')).at(-1);
  expect(await last(65535)).toEqual(await last(0));
});
