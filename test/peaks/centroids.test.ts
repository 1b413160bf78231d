/**
 * Weighted centroids compared with spots at known positions, and cases in which the centroid of the blob must be kept.
 */
import { expect, test } from 'vitest';
import { weightedCentroid } from '../../src/peaks/centroids.js';

const width = 24;
const panel = { name: 'p', fs: 2, ss: 0, endFs: width, endSs: 20 };

/** A Gaussian spot on a flat background of 5. */
function spot(x: number, y: number, spread: number): Float32Array {
  return Float32Array.from({ length: width * 20 }, (_, i) => {
    const [dx, dy] = [(i % width) + 0.5 - x, Math.floor(i / width) + 0.5 - y];
    return 5 + 100 * Math.exp(-(dx * dx + dy * dy) / (2 * spread * spread));
  });
}
const all = () => true;

test.each([0.6, 0.8, 1.1])('a spot of %f pixels is located correctly, whatever its blob gives', (spread) => {
  for (const [x, y] of [
    [12.5, 9.5],
    [12.1, 9.8],
    [12.93, 9.07],
  ] as const) {
    const found = weightedCentroid({ frame: spot(x, y, spread), width, good: all }, panel, 12.5, 9.5, 5, 2);
    expect(Math.hypot(found[0] - x, found[1] - y)).toBeLessThan(0.03);
  }
});

test('the centroid of the blob is kept beside bad pixels, at panel edges, for large spots, and without a spot', () => {
  const frame = spot(12.1, 9.8, 0.8);
  const own = [12.5, 9.5];
  const bad = 10 * width + 13;
  expect(weightedCentroid({ frame, width, good: (i) => i !== bad }, panel, 12.5, 9.5, 5, 2)).toEqual(own);
  expect(weightedCentroid({ frame, width, good: all }, { ...panel, fs: 11 }, 12.5, 9.5, 5, 2)).toEqual(own);
  expect(weightedCentroid({ frame, width, good: all }, panel, 12.5, 9.5, 5, 26)).toEqual(own);
  expect(weightedCentroid({ frame: frame.fill(5), width, good: all }, panel, 12.5, 9.5, 5, 2)).toEqual(own);
  // A second spot three pixels away does not shift it.
  expect(weightedCentroid({ frame: spot(15.5, 9.5, 0.8), width, good: all }, panel, 12.5, 9.5, 5, 2)).toEqual(own);
});
