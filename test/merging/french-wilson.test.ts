/** Amplitudes from intensities that may be negative: figures by adaptive quadrature, and draws whose truth is known. */
import { describe, expect, test } from 'vitest';
import { Random } from '../../src/compute/random/random.js';
import { lnDensity, normalTail, posterior, tail } from '../../src/merging/reflections/french-wilson.js';

/** h, then J, σJ, F, σF of acentric and of centric reflections in units of σ and √σ, by scipy's quad. */
const table = [
  [-10, 0.0981, 0.0972, 0.2779, 0.1445, 0.0493, 0.0692, 0.1773, 0.1335],
  [-4, 0.2256, 0.216, 0.4233, 0.2154, 0.1154, 0.1578, 0.2727, 0.2027],
  [-2, 0.3732, 0.3381, 0.5486, 0.2689, 0.1974, 0.2573, 0.3599, 0.2606],
  [0, 0.7979, 0.6028, 0.8222, 0.3492, 0.478, 0.5211, 0.5814, 0.3742],
  [2, 2.0552, 0.9415, 1.3882, 0.3579, 1.7043, 1.002, 1.2277, 0.444],
  [4, 4.0001, 0.9997, 1.9833, 0.2582, 3.8578, 1.024, 1.9452, 0.2723],
] as const;
/** I, σ, Σ, centric, then J, σJ, F, σF. */
const examples = [
  [-40, 50, 100, false, 23.516, 20.455, 4.379, 2.084],
  [-40, 50, 100, true, 14.169, 17.474, 3.083, 2.16],
  [30, 50, 20, false, 19.247, 17.351, 3.942, 1.925],
  [-200, 50, 100, false, 10.216, 9.851, 2.846, 1.455],
  [5000, 50, 1000, false, 4997.5, 50, 70.692, 0.354],
] as const;
const valuesOf = (...given: Parameters<typeof posterior>): number[] => {
  const { intensity, intensitySigma, amplitude, amplitudeSigma } = posterior(...given);
  return [intensity, intensitySigma, amplitude, amplitudeSigma];
};

describe('posterior means', () => {
  test('are those of quadrature to four digits', () => {
    for (const [h, ...wanted] of table) {
      const found = [...valuesOf(h, 1, 1e12, false), ...valuesOf(h, 1, 1e12, true)];
      for (const [i, x] of found.entries()) expect(x).toBeCloseTo(wanted[i] as number, 3.99);
    }
    for (const [i, s, S, isCentric, ...wanted] of examples)
      for (const [n, x] of valuesOf(i, s, S, isCentric).entries())
        expect(Math.abs(x - (wanted[n] as number))).toBeLessThan(6e-4);
  });

  test('are the same on both sides of the limit to the expansion of strong reflections', () => {
    for (const isCentric of [false, true])
      for (const expected of [60, 1e3, 1e5]) {
        const [below, above] = [39.9999, 40.0001].map((snr) => valuesOf(50 * snr, 50, expected, isCentric)) as [
          number[],
          number[],
        ];
        for (const [i, x] of below.entries()) expect((above[i] as number) / x).toBeCloseTo(1, 4);
      }
  });

  test('are unbiased for draws of Wilson with any error, and lose no reflection', { tags: 'all' }, () => {
    const random = new Random(1, 0);
    const n = 40_000;
    for (const isCentric of [false, true])
      for (const sigma of [20, 100, 300]) {
        let [truth, found] = [0, 0];
        for (let i = 0; i < n; i++) {
          const own = isCentric ? 100 * random.normal() ** 2 : -100 * Math.log(random.uniform());
          const { amplitude } = posterior(own + sigma * random.normal(), sigma, 100, isCentric);
          expect(amplitude).toBeGreaterThan(0);
          truth += Math.sqrt(own);
          found += amplitude;
        }
        // The scatter of the mean of 40 000 amplitudes is .3 % for acentric reflections, .4 % for centric ones.
        expect(Math.abs(found / truth - 1)).toBeLessThan(0.012);
      }
  });
});

test('the tail is the integral of the density', () => {
  for (const isCentric of [false, true])
    for (const from of [0, 50, 300, 900]) {
      let sum = 0;
      for (let x = from + 0.5; x < from + 6000; x++) sum += Math.exp(lnDensity(x, 50, 100, isCentric));
      expect(tail(from, 50, 100, isCentric) / sum).toBeCloseTo(1, 3);
    }
  // Noise-free: E² of 12.2 and 20.8 are one in 2 · 10⁵.
  expect(tail(1220.6, 0, 100, false)).toBeCloseTo(5e-6, 7);
  expect(normalTail(1.96)).toBeCloseTo(0.0249979, 7);
  expect(normalTail(-1.96)).toBeCloseTo(1 - 0.0249979, 7);
});
