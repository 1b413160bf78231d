/** Halves are brought onto the scale and the B of the whole, however badly they have measured some reflections. */
import { expect, test } from 'vitest';
import type { Merge } from '../../src/merging/fit/merges.js';
import { scaleOnto } from '../../src/merging/lists/merged-lists.js';
import { isQuick } from '../support/variants.js';
import { Quick } from './forecast-world.js';

const count = 2000;
/** 1/d of the reflections, to 3 Å. */
const inverse = Float64Array.from({ length: count }, (_, id) => 0.05 + (0.28 * id) / count);

/**
 * A whole of two halves, of which the first is on another scale and B. Errors grow with the resolution; `share` of the
 * reflections of a half are known ten times worse than it says, as by partialities near zero.
 */
function simulated(seed: number, share: number, lnK: number, b: number) {
  const random = new Quick(seed);
  const intensity = Float64Array.from(inverse, (q) => -1000 * Math.log(random.uniform()) * Math.exp(-10 * q * q));
  const half = () => {
    const sigma = inverse.map((q) => 20 * Math.exp(25 * q * q) * (0.5 + random.uniform()));
    const error = sigma.map((one) => one * random.normal() * (random.uniform() < share ? 10 : 1));
    return { values: intensity.map((value, id) => value + (error[id] as number)), sigma };
  };
  const [first, second] = [half(), half()];
  const counts = new Float64Array(count).fill(4);
  const whole = intensity.map((_, id) => {
    const [u, v] = [first, second].map(({ sigma }) => 1 / (sigma[id] as number) ** 2) as [number, number];
    return (u * (first.values[id] as number) + v * (second.values[id] as number)) / (u + v);
  });
  const factor = inverse.map((q) => Math.exp(lnK - (b * q * q) / 2));
  const own = {
    intensity: first.values.map((value, id) => value * (factor[id] as number)),
    information: first.sigma.map((one, id) => 1 / (one * (factor[id] as number)) ** 2),
    counts,
  } as unknown as Merge;
  return { half: own, whole: { intensity: whole, counts } as unknown as Merge };
}

test.each([0, 0.03, 0.1])('of which a share of %d is known ten times worse than stated', (share) => {
  for (let seed = 0; seed < (isQuick ? 6 : 20); seed++)
    for (const [lnK, b] of [
      [0, 0],
      [1.5, 30],
      [-2, -15],
    ] as const) {
      const { half, whole } = simulated(seed, share, lnK, b);
      const factor = scaleOnto(half, { whole, inverse, least: 2, factor: 1 });
      const [low, high] = [0, count - 1].map((id) => Math.log(factor(id)));
      const q2 = (inverse.at(-1) as number) ** 2 - (inverse[0] as number) ** 2;
      // Half 1 of a merge was on a B of 80 Å² more than the whole, and CC1/2 was .69 instead of .994.
      expect(Math.abs((2 * ((high as number) - (low as number))) / q2 - b)).toBeLessThan(1);
      expect(Math.abs((low as number) + lnK - (b * (inverse[0] as number) ** 2) / 2)).toBeLessThan(0.03);
    }
});
