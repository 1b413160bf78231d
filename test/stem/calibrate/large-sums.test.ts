/** The direct beam in the sum of large frames, which is sought in larger pixels or in a part of them. */
import { Context } from 'ewald/udf';
import { expect, test } from 'vitest';
import { beamFaults } from '../../../src/stem/analyses/beam-share.js';
import type { Image } from '../../../src/stem/calibrate/image.js';
import { diskOfLargeSum } from '../../../src/stem/calibrate/sum-disk.js';

/** Counts of a disk on a background, with hot pixels and a gap of four columns. */
function sumOf([height, width]: readonly [number, number], { cy, cx, r }: Record<'cy' | 'cx' | 'r', number>): Image {
  let seed = 7;
  const random = (): number => {
    seed = (seed * 48271) % 2147483647;
    return seed / 2147483647 - 0.5;
  };
  const data = new Float64Array(height * width);
  for (let i = 0; i < data.length; i++) {
    const away = Math.hypot(Math.floor(i / width) - cy, (i % width) - cx);
    const mean = 4 + 600 / (1 + Math.exp((away - r) / 0.6));
    data[i] = Math.round(mean + 3.4 * Math.sqrt(mean) * random());
    if (i % width >= 300 && i % width < 304) data[i] = 0;
  }
  for (const i of [1000, 50_000, 90_001]) data[i] = 60_000;
  return { data, height, width };
}

const beamIn = (text = ''): number[] =>
  [/radius of ([\d.]+)/, /about cy ([\d.]+)/, /cx\s+([\d.]+)/].map((part) => Number(part.exec(text)?.[1]));

test.each([
  ['a large disk', [600, 500], { cy: 300.4, cx: 260.7, r: 80.3 }, { cy: 300, cx: 261, r: 60 }],
  ['a small one', [900, 1024], { cy: 420.2, cx: 610.6, r: 14.2 }, { cy: 420, cx: 611, r: 10 }],
] as const)('%s that does not hold the beam is named, one that does is not', (_, shape, beam, used) => {
  const sum = sumOf(shape, beam);
  const [text] = beamFaults(sum, used);
  const [radius, cy, cx] = beamIn(text);
  expect(radius).toBeCloseTo(beam.r, 0);
  expect(cy).toBeCloseTo(beam.cy, 0);
  expect(cx).toBeCloseTo(beam.cx, 0);
  expect(Number(/^(\d+) %/.exec(text ?? '')?.[1])).toBeCloseTo(100 * (1 - (used.r / beam.r) ** 2), -1);
  expect(beamFaults(sum, { ...used, r: 1.2 * beam.r })).toEqual([]);
});

for (const [r, shape, cx, tags] of [
  [100.2, [1024, 900], 450.6, []],
  [8.4, [1024, 900], 450.6, ['all']],
  // Sought where larger pixels show it, here beside a gap and at an edge, or in the whole sum, if they do not.
  [9.3, [1100, 1300], 306.6, ['all']],
  [11.2, [1100, 1300], 1285.6, ['all']],
  [5.4, [2100, 600], 450.6, ['all']],
] as const)
  test(`the radius of a disk of ${r} pixels is found in a sum of ${shape.join(' x ')}`, { tags: [...tags] }, () => {
    const found = diskOfLargeSum(sumOf(shape, { cy: 500.3, cx, r }));
    if (typeof found === 'string') throw new Error(found);
    expect(Math.abs(found.radius - r)).toBeLessThan(0.1);
    expect(Math.hypot(found.cy - 500.3, found.cx - cx)).toBeLessThan(0.1);
  });

test('the errors of an ellipse hold for sharp disks of 30 000 counts a pixel', { tags: 'all' }, async () => {
  const ctx = new Context({ context: { backend: 'wasm' } });
  let state = 7;
  const next = (): number => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const [n, side, dose] = [48, 6, 30000];
  const off: number[] = [];
  for (let disk = 0; disk < 8; disk++) {
    const [cy, cx, radius] = [23 + 2 * next(), 23 + 2 * next(), 9 + 6 * next()];
    // The share of each pixel that is within the circle, from 64 points of it.
    const mean = Float64Array.from({ length: n * n }, (_, i) => {
      let share = 0;
      for (let k = 0; k < 64; k++) {
        const [y, x] = [Math.floor(i / n) + ((k >> 3) - 3.5) / 8, (i % n) + ((k & 7) - 3.5) / 8];
        if (Math.hypot(y - cy, x - cx) <= radius) share += 1 / 64;
      }
      return dose * (share + 0.02);
    });
    const frames = Uint32Array.from({ length: side * side * n * n }, (_, i) => {
      const one = mean[i % (n * n)] as number;
      const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
      return Math.round(one + Math.sqrt(one) * normal);
    });
    const { ellipse } = await ctx.calibrate(ctx.fromMemory(frames, { navShape: [side, side], sigShape: [n, n] }));
    if ('refused' in ellipse) throw new Error(ellipse.refused);
    off.push(ellipse.e1 / ellipse.errors[0], ellipse.e2 / ellipse.errors[1]);
  }
  await ctx.close();
  // Circles all of them: 2.9 without what the sampling of their edges does.
  const rms = Math.sqrt(off.reduce((sum, one) => sum + one * one, 0) / off.length);
  expect(rms).toBeLessThan(1.5);
  expect(rms).toBeGreaterThan(0.3);
});
