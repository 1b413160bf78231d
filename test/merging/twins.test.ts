/** Twins by a law of the lattice: found by the covariance of its pairs, with a fraction whose error holds the truth. */
import { describe, expect, test } from 'vitest';
import { readCell } from '../../dist/index.node.js';
import { checkReflections } from '../../dist/merging.js';
import { Random } from '../../src/compute/random/random.js';
import {
  centric,
  epsilon,
  isRepresentative,
  representative,
  transformed,
} from '../../src/crystal/symmetry/asymmetric-unit.js';
import { operationOf } from '../../src/crystal/symmetry/matrices.js';
import { pointGroup } from '../../src/crystal/symmetry/point-group.js';
import { formatTable1, table1Rows } from '../../src/merging/formats/table1.js';
import { expectedIntensities } from '../../src/merging/reflections/expected.js';
import { twinLaw } from '../../src/merging/reflections/twin-laws.js';
import { twinEstimate } from '../../src/merging/reflections/twin-tests.js';
import { twinStatistics } from '../../src/merging/reflections/twinning.js';
import { twinText } from '../../src/merging/reflections/words.js';
import { listOf } from './drawn-lists.js';

const cell = readCell('50,50,55,90,90,90');
const group = pointGroup('4/m');
const subject = { cell: cell.cell, centring: 'P' as const, group };
const law = operationOf('k,h,-l');
const [most, along] = [19, 20];

/** A list in 4/m by Wilson's law, twinned by k,h,-l, with errors of 1/`snr` of the mean and 3 % beside. */
function twinned(fraction: number, snr: number, seed: number, spread = 1) {
  const random = new Random(seed, 0);
  const all = new Map<string, { readonly at: readonly [number, number, number]; readonly intensity: number }>();
  for (let h = 0; h < most; h++)
    for (let k = 0; k < most; k++)
      for (let l = 0; l < along; l++) {
        const at = [h, k, l] as const;
        const s2 = (h * h + k * k + l * l) / most ** 2;
        if (s2 === 0 || s2 > 1 || !isRepresentative(at, group)) continue;
        const z = centric(at, group) ? random.normal() ** 2 : -Math.log(random.uniform());
        const mean = 100 * Math.exp(-2 * s2) * epsilon(at, group);
        // Modulated by a translation within the cell: odd l are weaker.
        all.set(at.join(), { at, intensity: mean * z * (l % 2 === 0 ? spread : 2 - spread) });
      }
  const rows = [...all.values()].map(({ at, intensity }): [number, number, number, number, number] => {
    const mate = all.get(representative(transformed(at, law), group).join());
    const own = (1 - fraction) * intensity + fraction * (mate?.intensity ?? intensity);
    const error = (100 / snr) * Math.exp(0.4 * random.normal()) + 0.03 * own;
    return [...at, own + error * random.normal(), error];
  });
  return listOf('4/m', rows);
}

/** The law of some lists. */
const laws = (fraction: number, snrs: readonly number[], count: number, spread?: number) =>
  snrs.flatMap((snr) =>
    Array.from({ length: count }, (_, seed) => {
      const list = twinned(fraction, snr, seed, spread);
      return twinLaw(list, subject, expectedIntensities(list, subject), law);
    }),
  );

/** Lists of which the fraction is beyond so many errors of the truth. */
const beyond = (found: ReturnType<typeof laws>, truth: number, errors = 4) =>
  found.filter(({ fraction, error }) => !(Math.abs(fraction - truth) < errors * error));

describe('a law', () => {
  test('is found at a tenth of twinning, and the fraction is right', () => {
    const found = laws(0.1, [10, 50], 2);
    expect([found.filter(({ isFound }) => !isFound), beyond(found, 0.1)]).toEqual([[], []]);
  });

  test('is not found in untwinned crystals, also where intensities vary more than by chance', () => {
    const found = [...laws(0, [3, 50], 2), ...laws(0, [50], 2, 1.5)];
    expect([found.filter(({ isFound }) => isFound), beyond(found, 0)]).toEqual([[], []]);
  });

  test('has a fraction of half whose error holds it', () => {
    const found = laws(0.5, [10, 100], 2);
    expect([found.filter(({ isFound }) => !isFound), beyond(found, 0.5)]).toEqual([[], []]);
    for (const { error } of found) expect(error).toBeLessThan(0.05);
  });

  test('holds all of this in 200 draws each', { tags: 'nightly', timeout: 600_000 }, () => {
    for (const [fraction, isTwin] of [
      [0, false],
      [0.5, true],
    ] as const) {
      const found = [...laws(fraction, [5, 50], 75), ...laws(fraction, [50], 50, 1.3)];
      expect(found.filter(({ isFound }) => isFound !== isTwin)).toEqual([]);
      expect(beyond(found, fraction)).toEqual([]);
    }
  });
});

test('the sentence of a check and Table 1 have the fraction of the law', () => {
  const check = checkReflections(twinned(0.25, 30, 2), { cell });
  const [found] = check.laws.filter(({ isFound }) => isFound) as [(typeof check.laws)[number]];
  const shown = found.fraction.toFixed(2);
  expect(twinText(check)).toContain(`Like a twin of ${shown}`);
  const shell = { unique: 9 } as never;
  const statistics = { overall: shell, shells: [shell], wilson: {} } as never;
  const of = {
    cell: [50, 50, 55, 90, 90, 90] as const,
    wavelengthA: 1,
    merged: 9,
    counts: { frames: 9 } as never,
    statistics,
  };
  const rows = table1Rows(of, { spaceGroup: 'P 4', twin: twinEstimate(check) });
  expect(formatTable1(rows, 'text')).toMatch(
    new RegExp(`Twin fraction +${shown}.* by k,h,-l, or an indexing ambiguity left unresolved`),
  );
});

test('nothing is called untwinned beside a law that may be there', () => {
  const check = checkReflections(twinned(0, 30, 2), { cell });
  const [one] = check.laws as [(typeof check.laws)[number]];
  expect(twinText(check)).toMatch(/^Untwinned/);
  expect(twinText({ ...check, laws: [{ ...one, significance: 3.5 }] })).toMatch(/not decided/);
});

describe('the fraction of the L-test', () => {
  const statisticsOf = (fraction: number, snr: number, seed: number) => {
    const list = twinned(fraction, snr, seed);
    return twinStatistics(list, subject, expectedIntensities(list, subject));
  };

  test('has an error that holds the truth, by chance alone', { tags: 'all' }, () => {
    const count = 30;
    const all = Array.from({ length: count }, (_, n) => {
      const truth = (0.4 * (n + 0.5)) / count;
      const { fraction, error } = statisticsOf(truth, [4, 8, 30][n % 3] as number, n + 1);
      return (fraction - truth) / error;
    });
    const z = all.filter(Number.isFinite);
    expect(z.length).toBeGreaterThan(25);
    const mean = z.reduce((sum, one) => sum + one, 0) / z.length;
    const spread = Math.sqrt(z.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (z.length - 1));
    // The mean is known to .18, the spread to .13. Above .4 fractions are pulled from the end at .5.
    expect(Math.abs(mean)).toBeLessThan(0.55);
    expect(spread).toBeGreaterThan(0.6);
    expect(spread).toBeLessThan(1.4);
  });

  test('is none where errors hide the distribution, and that is said', () => {
    const twinning = statisticsOf(0, 0.5, 1);
    expect([twinning.fraction, twinning.error]).toEqual([Number.NaN, Number.NaN]);
    expect(twinText({ twinning, laws: [] })).toMatch(/not decided, since the errors of \d+ pairs hide/);
  });
});
