/** The scale and B between two lists of which both have errors: laws of draws, and CrystFEL's figures of real halves. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCell } from '../../dist/index.node.js';
import { compareReflections, readReflectionList } from '../../dist/merging.js';
import { dataFolder } from '../support/data.js';
import { unpacked } from './unpacked.js';

const cell = readCell('52,52,44,90,90,90');

/** Two lists of one crystal to 4 Å: errors are `noise` times the mean of their resolution, or times the intensity. */
function twice(seed: number, noise: readonly [number, number], isRelative: boolean) {
  let state = seed >>> 0 || 1;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const rows: { indices: number[]; values: number[]; sigmas: number[] }[] = [];
  for (let h = 0; h < 10; h++)
    for (let k = h === 0 ? 0 : 1; k < 10; k++)
      for (let l = 0; l < 10; l++) {
        if (h + k + l === 0) continue;
        const mean = 1000 * Math.exp(-8 * ((h * h + k * k) / 52 ** 2 + (l * l) / 44 ** 2));
        const truth = -mean * Math.log(uniform());
        const sigmas = noise.map((share) => share * (isRelative ? truth + 0.1 * mean : mean));
        rows.push({ indices: [h, k, l], values: sigmas.map((sigma) => truth + sigma * normal()), sigmas });
      }
  const list = (which: 0 | 1) => ({
    symmetry: '4/m',
    count: rows.length,
    indices: Int16Array.from(rows.flatMap(({ indices }) => indices)),
    intensity: Float64Array.from(rows, ({ values }) => values[which] as number),
    sigma: Float64Array.from(rows, ({ sigmas }) => sigmas[which] as number),
    measurements: new Float64Array(rows.length).fill(2),
  });
  return [list(0), list(1)] as const;
}

describe('the scale and B of two lists', () => {
  test.each([
    ['weak ones', [1, 0.4], false],
    ['ones with errors in proportion to intensities', [0.1, 0.5], true],
  ] as const)('of one crystal are 1 and 0 within their errors: %s', { tags: 'all' }, (_, noise, isRelative) => {
    const runs = Array.from({ length: 8 }, (_, seed) => {
      const [a, b] = twice(seed + 1, noise, isRelative);
      return compareReflections(a, b, { cell, shells: 2 });
    });
    for (const of of [
      (one: (typeof runs)[number]) => Math.log(one.scale) / (one.scaleError / one.scale),
      (one: (typeof runs)[number]) => one.relativeB / one.relativeBError,
    ]) {
      const z = runs.map(of);
      // Of eight: the mean within three of its errors, the scatter that of a normal distribution at 0.1 %.
      expect(Math.abs(z.reduce((sum, x) => sum + x, 0) / 8)).toBeLessThan(3 / Math.sqrt(8));
      const square = z.reduce((sum, x) => sum + x * x, 0) / 8;
      expect([square > 0.1, square < 3.3]).toEqual([true, true]);
    }
  });

  test('are inverted when the lists change places, whatever their errors and sigmas', () => {
    const [a, steady] = twice(5, [0.2, 1.2], false);
    const fall = Float64Array.from(steady.intensity, (_, i) => {
      const [h = 0, k = 0, l = 0] = steady.indices.subarray(3 * i);
      return Math.exp(-20 * ((h * h + k * k) / 52 ** 2 + (l * l) / 44 ** 2));
    });
    const [intensity, sigma] = [steady.intensity, steady.sigma].map((of) => of.map((x, i) => x * (fall[i] as number)));
    const b = { ...steady, intensity: intensity as Float64Array, sigma: sigma as Float64Array };
    // Sigmas that go with the intensities, and outliers in one of the lists.
    const wrong = { ...a, sigma: a.intensity.map((x) => Math.abs(x) / 10 + 1) };
    wrong.intensity.set(
      [3, 100, 500].map(() => 5e5),
      40,
    );
    const one = compareReflections(wrong, b, { cell });
    const other = compareReflections(b, wrong, { cell });
    expect(one.scale * other.scale).toBeCloseTo(1, 8);
    expect(one.relativeB + other.relativeB).toBeCloseTo(0, 6);
    expect(Math.abs(Math.log(one.scale))).toBeLessThan((4 * one.scaleError) / one.scale);
    expect(one.overall.pairs).toBe(other.overall.pairs);
    for (const [at, { cc, ccStar, rSplit, rIso }] of [one.overall, ...one.shells].entries()) {
      const of = [other.overall, ...other.shells][at] as typeof one.overall;
      for (const [x, y] of [
        [cc, of.cc],
        [ccStar, of.ccStar],
        [rSplit, of.rSplit],
        [rIso, of.rIso],
      ] as const)
        if (Number.isFinite(x) || Number.isFinite(y)) expect(x).toBeCloseTo(y, 8);
    }
  });

  test.skipIf(dataFolder === undefined).each([
    ['ort.cf.xsphere-3', 0.0685, 0.9933],
    ['sph.ew.xsphere-3', 0.0789, 0.9915],
  ])('leave the figures of %s as compare_hkl has them without a fit', (name, split, cc) => {
    const [a, b] = ['1', '2'].map((half) =>
      readReflectionList(new TextDecoder().decode(unpacked('expected', `${name}.hkl${half}.xz`))),
    ) as [ReturnType<typeof readReflectionList>, ReturnType<typeof readReflectionList>];
    const known = readCell(readFileSync(join(dataFolder ?? '', 'merge', `${name.slice(0, 3)}.cell`), 'utf8'));
    const { overall, relativeB } = compareReflections(a, b, { cell: known });
    expect(overall.rSplit).toBeCloseTo(split, 3);
    expect(Math.abs(overall.cc - cc)).toBeLessThan(1e-3);
    expect(Math.abs(relativeB)).toBeLessThan(0.5);
  });
});
