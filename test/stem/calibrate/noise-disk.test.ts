/** A disk is brighter than the noise around it. */
import { expect, test } from 'vitest';
import { diskOfSum } from '../../../src/stem/calibrate/sum-disk.js';

/** Seeded numbers from 0 to 1. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

/** A sum of about `level` counts a pixel, with a disk that adds a share. */
function sumOf(seed: number, level: number, share: number, [height, width] = [30, 37]) {
  const next = generator(seed);
  for (let i = 0; i < 20; i++) next();
  const normal = (): number => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
  const data = new Float64Array(height * width);
  for (let i = 0; i < data.length; i++) {
    const r = Math.hypot(Math.floor(i / width) - 14, (i % width) - 17);
    const mean = level * (1 + (r <= 5 ? share : 0));
    data[i] = Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
  }
  return { data, height, width };
}

test('pure noise has no direct beam, and a disk that is a fifth brighter is one', () => {
  const seeds = Array.from({ length: 60 }, (_, i) => 7919 * i + 3);
  const disks = seeds.flatMap((seed) => [20, 95, 400].map((level) => diskOfSum(sumOf(seed, level, 0))));
  expect(disks.filter((one) => typeof one === 'object')).toEqual([]);
  const seen = seeds.map((seed) => diskOfSum(sumOf(seed, 400, 0.2))).filter((one) => typeof one === 'object');
  expect(seen.length).toBeGreaterThan(50);
});
