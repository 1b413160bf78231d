/** Pictures of results can be shown as they are. */
import { describe, expect, test } from 'vitest';
import { valuesOfBlocks } from '../../src/report/blocks.js';
import type { NamedResult } from '../../src/stem/output/named-results.js';
import { pictureOf } from '../../src/stem/output/picture-file.js';
import { robustLimits } from '../../src/udf/live/colormap.js';
import { drawText, textWidth } from '../../src/util/picture-text.js';

const map = (data: number[], more: Partial<NamedResult> = {}): NamedResult =>
  ({
    name: 'exx',
    desc: 'strain along x',
    dtype: 'f64',
    shape: [2, 3],
    navAxes: 2,
    data: Float64Array.from(data),
    ...more,
  }) as NamedResult;
const white = [247, 247, 247];

describe('the picture of a map', () => {
  const picture = pictureOf(map([-2, -1, 0, 1, 1, 1]), 0.5);
  const at = (y: number, x: number): number[] => [...picture.rgba.subarray(4 * (y * picture.width + x)).slice(0, 3)];
  const [side, , down] = [171, 3 * 171, 2 * 171];

  test('has squares of pixels for values, and is as white at 0 as the middle of its bar', () => {
    expect(picture.width).toBeGreaterThanOrEqual(512);
    expect(at(10, 2 * side + 10)).toEqual(white);
    expect(at(10, 10)).toEqual(at(side - 1, side - 1));
    const bar = 3 * side + 20;
    const middle = at(side, bar);
    for (const part of middle) expect(Math.abs(part - 247)).toBeLessThan(5);
    // A half of the most negative value is lighter than it, and blue; what is above 0 is red.
    expect([at(10, 10), at(side + 10, 10)].map(([r = 0, , b = 0]) => Math.sign(r - b))).toEqual([-1, 1]);
    expect(at(0, bar)).toEqual([178, 24, 43]);
    expect(at(down - 1, bar)).toEqual([33, 102, 172]);
  });

  test('has a scale bar of a round length, and words beside and below', () => {
    // Of 1.5 nm in all, 0.5 nm are 171 pixels.
    const row = Array.from({ length: picture.width }, (_, x) => at(down + 14, x)[0] as number);
    expect(row.slice(2, 2 + side).every((value) => value === 0)).toBe(true);
    expect(row[2 + side + 1]).toBe(255);
    const isInked = (from: number, to: number): boolean => {
      for (let y = from; y < to; y++) for (let x = 0; x < picture.width; x++) if (at(y, x)[0] === 0) return true;
      return false;
    };
    expect(isInked(down + 25, picture.height)).toBe(true);
  });

  test.each([
    ['0.5 nm', 0.5, 'strain along x'],
    ['1 positions', undefined, 'strain along x'],
    ['0.5 nm', 0.5, 'shift along x, pixels'],
  ])('says %s beside the scale bar of a step of %s, and below it what the values are: %s', (length, step, desc) => {
    const { rgba, width, height } = pictureOf(map([-2, -1, 0, 1, 1, 1], { desc }), step);
    const words = { rgba: new Uint8ClampedArray(rgba.length).fill(255), width, height };
    drawText(words, side + 12, down + 7, length);
    drawText(words, 2, down + 28, `exx: ${desc}`);
    const inked = (from: Uint8ClampedArray, below: number): string =>
      Array.from({ length: (height - down - below) * width }, (_, i) => from[4 * ((down + below) * width + i)]).join();
    expect(words.rgba.includes(0)).toBe(true);
    // Without the rows of the bar itself.
    expect(inked(rgba, 18)).toBe(inked(words.rgba, 18));
  });

  test('of one sign keeps the map from dark to bright', () => {
    const { rgba, width } = pictureOf(map([1, 2, 3, 4, 5, 6]), undefined);
    expect([...rgba.subarray(0, 3)]).toEqual([0, 32, 76]);
    expect([...rgba.subarray(4 * (side * width + 2 * side), 4 * (side * width + 2 * side) + 3)]).toEqual([
      255, 234, 70,
    ]);
  });
});

describe('the picture of a result as large as a frame', () => {
  const shape = [4000, 61];
  const large = (data: Float64Array, more: Partial<NamedResult> = {}) =>
    pictureOf({ ...map([]), desc: 'counts', navAxes: 0, shape, data, ...more } as NamedResult, undefined);
  const at = ({ rgba, width }: ReturnType<typeof pictureOf>, y: number, x: number): number[] => [
    ...rgba.subarray(4 * (y * width + x), 4 * (y * width + x) + 4),
  ];

  test('is at most 2560 pixels long, and no bright pixel, no dark one of a signed map and no gap vanishes', () => {
    const data = new Float64Array(4000 * 61).fill(1);
    data.set([9, 9], 101 * 61 + 20);
    for (const [y, x] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const)
      data[(300 + y) * 61 + 40 + x] = Number.NaN;
    data[500 * 61 + 14] = Number.NaN;
    data[0] = 0;
    const picture = large(data);
    expect(picture.height).toBe(2000 + 56);
    const [spot, other] = [at(picture, 50, 10), at(picture, 50, 11)];
    expect([spot, other]).toEqual([[255, 234, 70, 255], at(picture, 1999, 30)]);
    expect([at(picture, 150, 20)[3], at(picture, 250, 7)]).toEqual([0, other]);
    const signed = large(data.map((value, i) => (i === 0 ? -9 : value === 1 ? (i % 3) - 1 : value)));
    expect(at(signed, 0, 0).slice(0, 3)).toEqual([33, 102, 172]);
  });

  test('has the longest vector of each block', () => {
    const vectors = Float64Array.of(0, 1, 3, 4, -5, 0, Number.NaN, 0, 0, 2, 1, 1);
    expect([...valuesOfBlocks(vectors, [2, 3], 2, 'longest')]).toEqual([3, 4, -5, 0]);
    expect([...valuesOfBlocks(Float64Array.of(1, -7, 2, Number.NaN), [1, 4], 2, 'farthest from 0')]).toEqual([-7, 2]);
  });
});

test('limits are those of the sorted numbers, whatever their order, without outliers beyond a thousandth', () => {
  let state = 7;
  const random = (): number => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state / 2 ** 31;
  };
  const values = Float64Array.from({ length: 5000 }, (_, i) => (i % 700 === 3 ? Number.NaN : random() - 0.3));
  const sorted = [...values].filter(Number.isFinite).sort((a, b) => a - b);
  expect(robustLimits(values)).toEqual([sorted[0], sorted.at(-1)]);
  values[10] = 1e9;
  values[4999] = -1e9;
  const all = [...values].filter(Number.isFinite).sort((a, b) => a - b);
  expect(robustLimits(values)).toEqual([all[Math.floor(0.001 * all.length)], all[Math.floor(0.999 * all.length)]]);
  expect([robustLimits([2, 2, 2]), robustLimits([Number.NaN])]).toEqual([
    [2, 3],
    [0, 1],
  ]);
});

test('64-bit integers have a picture', () => {
  const { rgba } = pictureOf({ ...map([]), dtype: 'u64', data: BigUint64Array.of(1n, 2n, 3n, 4n, 5n, 6n) }, undefined);
  expect([...rgba.subarray(0, 3)]).toEqual([0, 32, 76]);
});

test('the scale bar of what is neither a scan nor a frame is in the unit of its axis', () => {
  const bar = (more: object): number => {
    const { rgba, width } = pictureOf(map([1, 2, 3, 4, 5, 6], { navAxes: 0, ...more }), 0.5);
    return Array.from({ length: width }, (_, x) => rgba[4 * (2 * 171 + 14) * width + 4 * x]).filter((v) => v === 0)
      .length;
  };
  // Of 3 pixels and of 3 × 2.5 mrad; the scan has nothing to do with either.
  const ofPixel = bar({});
  expect(bar({ scales: [{ step: 2.5, unit: 'mrad' }] })).not.toBe(ofPixel);
});

test('a field has a wheel of its directions, with the length at its rim', () => {
  const data = [0, 2, 2, 0, 0, -2, -2, 0, 0, 1, 0, 0];
  const { rgba, width } = pictureOf(map(data, { shape: [2, 3, 2], vectors: true, desc: 'shift, pixels' }), undefined);
  const at = (y: number, x: number): number[] => [...rgba.subarray(4 * (y * width + x), 4 * (y * width + x) + 3)];
  const [x, y, r] = [3 * 171 + 12 + 48, 2 + 48, 48];
  // To the right, down, and to the left, as in the squares of the first three vectors; black in the middle.
  expect([at(y, x + r), at(y + r, x), at(y, x - r)]).toEqual([at(10, 10), at(10, 181), at(10, 352)]);
  expect(at(y, x)).toEqual([0, 0, 0]);
  const isInked = (top: number): boolean =>
    Array.from({ length: 20 * 60 }, (_, i) => at(top + Math.floor(i / 60), 3 * 171 + 12 + (i % 60))[0]).includes(0);
  expect(isInked(2 + 97 + 6)).toBe(true);
});

test('text has the letters of numbers and units, and is cut at the edge', () => {
  const picture = { rgba: new Uint8ClampedArray(4 * 30 * 20), width: 30, height: 20 };
  drawText(picture, 0, 0, '-1.5e+3 nm⁻¹');
  expect(textWidth('nm⁻¹')).toBe(48);
  expect(picture.rgba.some((value) => value === 255)).toBe(true);
});
