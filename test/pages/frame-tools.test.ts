/** Parts of the page of frames that need no browser: the numbers of the colour bar, and painted masks as rectangles. */
import { expect, test } from 'vitest';
import { parseGeometry } from '../../dist/index.node.js';
import { ticksOf } from '../../src/pages/view/bars.js';
import { errorWords } from '../../src/pages/view/error-words.js';
import { shareOf } from '../../src/pages/view/shaders.js';
import { paintedRegions } from '../../src/pages/view/tool-operations.js';

test.each([
  ['linear', [0, 25]],
  ['sqrt', [0, 1000]],
  ['log', [0, 65_535]],
  ['log', [-3, 2000]],
  ['asinh', [-50, 1e6]],
  ['linear', [0.0012, 0.0019]],
] as const)('the numbers of a bar, %s from %s, are within it, apart and in order', (scale, limits) => {
  const least = 15;
  const values = ticksOf(limits, scale, least / 200);
  expect(values.length).toBeGreaterThanOrEqual(3);
  expect(values.length).toBeLessThanOrEqual(14);
  const places = values.map((value) => 200 * shareOf(value, limits, scale));
  expect(Math.min(...places)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...places)).toBeLessThanOrEqual(200 + 1e-9);
  for (const [i, place] of places.slice(1).entries())
    expect(place - (places[i] as number)).toBeGreaterThanOrEqual(least);
  // Whole multiples of a power of ten with few digits.
  for (const value of values) expect(Number(value.toPrecision(2))).toBe(value);
});

test.each([[[5, 5]], [[0, 0]]] as const)('a bar without a range, %s, has no endless numbers', (limits) => {
  for (const scale of ['linear', 'sqrt', 'log', 'asinh'] as const)
    expect(ticksOf(limits, scale, 15 / 200).length).toBeLessThan(20);
});

test('painted pixels become rectangles of their panels that cover exactly them', () => {
  const geometry = parseGeometry(`photon_energy = 9000
clen = 0.1
res = 10000
a/min_fs = 0
a/max_fs = 19
a/min_ss = 0
a/max_ss = 9
a/corner_x = -10
a/corner_y = -10
a/fs = x
a/ss = y
b/min_fs = 0
b/max_fs = 19
b/min_ss = 10
b/max_ss = 29
b/corner_x = -10
b/corner_y = 5
b/fs = x
b/ss = y
`);
  let state = 1;
  const mask = Uint8Array.from({ length: 20 * 30 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 29 === 0 ? 1 : 0;
  });
  // A block across the border of both panels.
  for (let ss = 7; ss < 14; ss++) mask.fill(1, ss * 20 + 4, ss * 20 + 9);
  const regions = paintedRegions(geometry, mask, 20);
  const again = new Uint8Array(mask.length);
  for (const region of regions) {
    if (!('minFs' in region)) throw new Error('a rectangle in pixels of the frame is expected');
    const { minFs, maxFs, minSs, maxSs, panel } = region;
    expect(maxSs < 10 ? 'a' : 'b').toBe(panel);
    for (let ss = minSs; ss <= maxSs; ss++)
      for (let fs = minFs; fs <= maxFs; fs++) {
        // No pixel is in two of them.
        expect(again[ss * 20 + fs]).toBe(0);
        again[ss * 20 + fs] = 1;
      }
  }
  expect(again).toEqual(mask);
  expect(new Set(regions.map(({ name }) => name)).size).toBe(regions.length);
  expect(regions.every(({ name }) => name.startsWith('bad'))).toBe(true);
  expect(paintedRegions(geometry, new Uint8Array(mask.length), 20)).toEqual([]);
});

test('a file of the page is called by its name', () => {
  const gone = 'http://127.0.0.1:4017/files/3/run%207.h5 does not exist (looked for by HTTP: 404)';
  expect(errorWords(new Error(gone))).toBe('run 7.h5 has vanished: it was moved, renamed or deleted');
  // Other addresses stay.
  expect(errorWords(new Error('https://a.org/b.h5: the file is empty'))).toBe('https://a.org/b.h5: the file is empty');
});
