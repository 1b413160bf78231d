/** Operations on the sum of frames, beside their definitions: they are written for large frames. */
import { expect, test } from 'vitest';
import { findBadPixels } from '../../../src/stem/calibrate/bad-pixels.js';
import { filled, gaussianBlur, medians, regionsAmong, regionsOf } from '../../../src/stem/calibrate/image.js';

let state = 7;
const random = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};
const [height, width] = [23, 31];
const data = Float64Array.from({ length: height * width }, () => Math.floor(20 * random()));
const image = { data, height, width };
const good = Uint8Array.from(data, () => Number(random() > 0.1));
const all = good.slice().fill(1);

/** Good neighbours within `reach`, with their distances. */
function near(i: number, reach: number, mask: Uint8Array) {
  const [y, x] = [Math.floor(i / width), i % width];
  const found: { value: number; dy: number; dx: number }[] = [];
  for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v++)
    for (let u = Math.max(0, x - reach); u <= Math.min(width - 1, x + reach); u++)
      if (mask[v * width + u]) found.push({ value: data[v * width + u] as number, dy: v - y, dx: u - x });
  return found;
}

test('medians are those of the good pixels of 3 × 3, the upper one of an even number', () => {
  for (const mask of [good, all]) {
    const truth = Float64Array.from(data, (_, i) => {
      const sorted = near(i, 1, mask)
        .map(({ value }) => value)
        .sort((a, b) => a - b);
      return sorted[sorted.length >> 1] ?? 0;
    });
    expect(medians(image, mask)).toEqual(truth);
  }
  expect(medians(image)).toEqual(medians(image, all));
});

test('a blur is the weighted mean of the good pixels, and fills the others', () => {
  const sigma = 1.5;
  const blurredAt = (i: number, mask: Uint8Array): number => {
    const some = near(i, 5, mask).map((one) => ({
      ...one,
      weight: Math.exp(-(one.dy ** 2 + one.dx ** 2) / 2 / sigma ** 2),
    }));
    const share = some.reduce((sum, { weight }) => sum + weight, 0);
    return some.reduce((sum, { value, weight }) => sum + value * weight, 0) / share;
  };
  const furthest = (found: Float64Array, truth: (i: number) => number): number =>
    found.reduce((most, value, i) => Math.max(most, Math.abs(value - truth(i))), 0);
  for (const mask of [good, all])
    expect(furthest(gaussianBlur(image, mask, sigma), (i) => blurredAt(i, mask))).toBeLessThan(1e-12);
  expect(gaussianBlur(image, undefined, sigma)).toEqual(gaussianBlur(image, all, sigma));
  const few = Uint8Array.from(good, (one, i) => (i % 4 === 0 ? one : 1));
  for (const mask of [good, few])
    expect(
      furthest(filled(image, mask, sigma), (i) => (mask[i] ? (data[i] as number) : blurredAt(i, mask))),
    ).toBeLessThan(1e-12);
});

test('regions are the same among candidates as in the whole mask', () => {
  const mask = Uint8Array.from(data, (value) => Number(value > 9));
  const candidates = Int32Array.from([...mask.keys()].filter((i) => (data[i] as number) > 4));
  const queue = new Int32Array(candidates.length);
  const found: number[][] = [];
  regionsAmong(candidates, mask.slice(), width, queue, (start, end) => found.push([...queue.subarray(start, end)]));
  expect(found).toEqual(regionsOf(mask, width));
});

test('bad pixels of a part are those of the whole that lie in it', () => {
  const sum = data.map((value) => value + 100);
  for (const i of [70, 200, 333, 500]) sum[i] = i % 2 === 0 ? 5000 : 0;
  const whole = findBadPixels({ ...image, data: sum });
  expect(whole.hot).toContain(200);
  expect(whole.dead).toContain(333);
  const [top, bottom, left, right] = [3, 12, 4, 25];
  const isInside = (i: number): boolean =>
    i >= top * width && i < bottom * width && i % width >= left && i % width < right;
  const part = findBadPixels({ ...image, data: sum }, [], undefined, [top, bottom, left, right]);
  expect(part.hot).toEqual(whole.hot.filter(isInside));
  expect(part.dead).toEqual(whole.dead.filter(isInside));
});
