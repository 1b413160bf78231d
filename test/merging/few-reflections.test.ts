/** Few reflections: every figure that is not a count has what it needs, or is none, and words say what is needed. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkReflections, checkReport, compareReflections, compareReport } from '../../dist/merging.js';
import { pointGroup } from '../../src/crystal/symmetry/point-group.js';
import type { TwinStatistics } from '../../src/merging/reflections/twinning.js';
import { spaceGroupText, twinText } from '../../src/merging/reflections/words.js';
import { scaleOfPairs } from '../../src/merging/statistics/scale.js';
import { mergeStatistics } from '../../src/merging/statistics/statistics.js';
import { withError } from '../../src/util/with-error.js';
import { cell, drawn } from './drawn-lists.js';

/** Some reflections of a list, at places that are drawn. */
function some(seed: number, count: number, symmetry = '4/m') {
  const all = drawn(seed, symmetry);
  const kept = [...Array(all.count).keys()].sort((a, b) => ((a * 7919 + seed) % 997) - ((b * 7919 + seed) % 997));
  const of = kept.slice(0, count);
  const column = (values: Float64Array) => Float64Array.from(of, (i) => values[i] as number);
  return {
    ...all,
    count: of.length,
    indices: Int16Array.from(of.flatMap((i) => [...all.indices.subarray(3 * i, 3 * i + 3)])),
    intensity: column(all.intensity),
    sigma: column(all.sigma),
    measurements: column(all.measurements),
  };
}
/** The names of the numbers that are finite. */
const finite = (of: object, ...counts: string[]) =>
  Object.entries(of).flatMap(([name, x]) =>
    typeof x === 'number' && Number.isFinite(x) && !counts.includes(name) ? [name] : [],
  );

const few = { seed: fc.integer({ min: 1, max: 1e6 }), count: fc.integer({ min: 1, max: 9 }) };

test('fewer than ten common reflections have no scale, no figure and no verdict, and ten have all with errors', () => {
  fc.assert(
    fc.property(fc.record({ ...few, scaleBy: fc.constantFrom('sums', 'logarithms') }), ({ seed, count, scaleBy }) => {
      const list = some(seed, count);
      const other = { ...list, intensity: list.intensity.map((x, i) => 1.5 * x + i) };
      const found = compareReflections(list, other, { cell, scaleBy: scaleBy as 'sums' });
      for (const figures of [found.overall, ...found.shells])
        expect(finite(figures, 'dMax', 'dMin', 'pairs', 'anomalousPairs')).toEqual([]);
      expect([found.scale, found.relativeB, found.scaleError, found.relativeBError]).toEqual([
        1,
        0,
        Number.NaN,
        Number.NaN,
      ]);
      expect(found.worst).toEqual([]);
      expect(found.remarks.join(' ')).toMatch(
        /in both lists, and 10 are needed: no scale and no relative B were fitted/,
      );
      expect(compareReport(found)).not.toContain('NaN');
    }),
    { numRuns: 5, seed: 4 },
  );
  const list = some(9, 40);
  const other = { ...list, intensity: list.intensity.map((x, i) => 1.5 * x + (i % 5)) };
  const found = compareReflections(list, other, { cell });
  expect(finite(found.overall)).toEqual(expect.arrayContaining(['cc', 'rSplit', 'r1', 'k', 'within1']));
  expect([found.scaleError, found.relativeBError].every((x) => x > 0)).toBe(true);
});

test('errors of a scale and a B hold from ten common reflections on', () => {
  let state = 5;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const off: number[] = [];
  for (let run = 0; run < 200; run++) {
    const pairs = Array.from({ length: 12 }, () => {
      const q2 = 0.05 + 0.2 * uniform();
      const mean = -1000 * Math.exp(-8 * q2) * Math.log(uniform());
      return { x: 2 * (mean + 20 * normal()), y: mean + 20 * normal(), q2 };
    });
    const { scale, b, bError, variance } = scaleOfPairs(pairs);
    off.push(Math.abs(Math.log(scale / 2)) / Math.sqrt(variance(0)), Math.abs(b / bError));
  }
  // .683 and .954 of normal deviations, less for twelve pairs; .633 and .903 if the two fitted numbers are not taken off.
  const within = (limit: number): number => off.filter((x) => x < limit).length / off.length;
  expect(within(1)).toBeGreaterThan(0.65);
  expect(within(2)).toBeGreaterThan(0.915);
});

test('a check of few reflections has no fit and no test, and says what each needs', () => {
  fc.assert(
    fc.property(fc.record({ ...few, count: fc.integer({ min: 1, max: 40 }) }), ({ seed, count }) => {
      const found = checkReflections(some(seed, count), { cell });
      expect(finite(found.wilson)).toEqual([]);
      expect(finite(found.twinning, 'pairs')).toEqual([]);
      for (const moments of [found.twinning.measured, found.twinning.untwinned]) expect(finite(moments)).toEqual([]);
      for (const law of found.laws) expect(finite(law, 'pairs')).toEqual([]);
      expect(found.spaceGroups.verdict).not.toBe('decided');
      expect(twinText(found)).toMatch(/not decided/);
      expect(checkReport(found)).not.toContain('NaN');
    }),
    { numRuns: 4, seed: 4 },
  );
});

test('an error that is not that of rounding is never shown as 0', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1e4, max: 1e4, noNaN: true }),
      fc.double({ min: -1.9, max: 3, noNaN: true }),
      (x, power) => {
        const error = Math.max(1, Math.abs(x)) * 10 ** (power - 4);
        const [value, shown] = withError(x, error, 2).split(' ± ').map(Number) as [number, number];
        expect(shown / error).toBeGreaterThan(0.5);
        expect(shown / error).toBeLessThan(2);
        expect(Math.abs(value - x)).toBeLessThanOrEqual(error);
      },
    ),
  );
  expect([withError(0.1, 0.004, 2), withError(1, 0, 2), withError(Number.NaN, Number.NaN, 1)]).toEqual([
    '0.100 ± 0.004',
    '1.00 ± 0.00',
    '– ± –',
  ]);
});

test('space groups that no measured reflection tells apart are not decided, however good the others are', () => {
  // As a list of mmm it has 0k0 and 00l, and no reflection of h00.
  const list = drawn(4);
  for (let i = 0; i < list.count; i++) {
    const [h = 0, k = 0, l = 0] = list.indices.subarray(3 * i, 3 * i + 3);
    // Strong where an axis would leave them out.
    if (h === 0 && k * l === 0) list.intensity[i] = 2500 * Math.exp(-(k * k + l * l) / 60);
  }
  const found = checkReflections({ ...list, symmetry: 'mmm' }, { cell, spaceGroups: 'chiral' });
  const { classes, verdict, margin } = found.spaceGroups;
  expect(classes[0]?.names).toEqual(expect.arrayContaining(['P 2 2 2', 'P 21 2 2']));
  expect([classes[0]?.isUntold, verdict, margin > 7]).toEqual([true, 'not decided', true]);
  expect(spaceGroupText(found)).toMatch(
    /not decided: .* \(no reflection was measured that tells these apart\), .*none for h00/,
  );
});

test('halves with fewer than ten common reflections have no figure of merit', () => {
  const list = some(3, 9, '4');
  const { overall, secondMoment, secondMomentError, wilson } = mergeStatistics(list, [list, list], {
    ...cell,
    group: pointGroup('4'),
  });
  expect(finite(overall)).toEqual([
    'dMax',
    'dMin',
    'unique',
    'possible',
    'completeness',
    'measurements',
    'multiplicity',
    'snr',
    'meanIntensity',
    'common',
    'inReference',
  ]);
  expect([secondMoment, secondMomentError, wilson.temperatureFactor]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
});

test('the error of the second moment is that of its scatter from draw to draw', { tags: 'all' }, () => {
  const moments = Array.from({ length: 24 }, (_, i) =>
    mergeStatistics(drawn(i + 100, '4'), undefined, { ...cell, group: pointGroup('4') }, { shells: 4 }),
  );
  const values = moments.map(({ secondMoment }) => secondMoment);
  const mean = values.reduce((a, b) => a + b) / values.length;
  const scatter = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1));
  const stated = moments.reduce((sum, { secondMomentError }) => sum + secondMomentError, 0) / moments.length;
  expect(stated / scatter).toBeGreaterThan(0.7);
  expect(stated / scatter).toBeLessThan(1.4);
});

test('a twin fraction whose error is that of all fractions is none', () => {
  const twinning = {
    fraction: 0.5,
    error: 0.74,
    pairs: 500,
    secondMoment: 2,
    secondMomentError: 0.1,
    measured: { meanAbs: 0.5, meanSquare: 1 / 3 },
    untwinned: { meanAbs: 0.5, meanSquare: 1 / 3 },
  } as TwinStatistics;
  expect(twinText({ twinning, laws: [] })).toBe('Twinning: not decided, twin fraction 0.50 ± 0.74.');
  expect(twinText({ twinning: { ...twinning, fraction: 0.02, error: 0.03 }, laws: [] })).toBe(
    'Untwinned: twin fraction 0.02 ± 0.03.',
  );
});
