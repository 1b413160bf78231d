/**
 * The lattice of an unknown cell: near a higher symmetry, through a geometry that is off, and with long edges; and what
 * is reported of the lattices that were not chosen.
 */
import { type Context, cellFromParameters, createContext, type DeterminedCell, readCell } from 'ewald';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fitStill } from '../../src/indexing/lattice/still-fit.js';
import { errorText, oddsText, preferenceText } from '../../src/pipeline/first-frames/lattice-text.js';
import { cellFileOf } from '../../src/pipeline/first-frames/unknown-cell.js';
import { experiment, isRight, latticeOf, stillsOf } from '../support/random-cells.mjs';
import { Scores, scoreUnknownCell } from '../support/stated-errors.mjs';

let context: Context;
let determine: (stills: readonly number[][], longest?: number) => Promise<DeterminedCell | undefined>;
beforeAll(async () => {
  context = await createContext();
  const indexer = await context.indexer({ maxBatchSpots: 2 ** 18 });
  determine = async (stills, maxLengthA) => {
    const found = await indexer.determineCell(stills, maxLengthA === undefined ? {} : { maxLengthA });
    return found[0];
  };
});
afterAll(() => context?.dispose());

const parametersOf = (found: DeterminedCell | undefined): readonly number[] => found?.bravais[0]?.parameters ?? [];

/** Compares lengths within a fraction, and angles within 0.02°. */
function near(found: readonly number[], expected: readonly number[], fraction = 2e-4): void {
  expect(found.length).toBe(6);
  for (const [i, x] of expected.entries())
    expect(Math.abs((found[i] ?? 0) - x), `${found.join(' ')} for ${expected.join(' ')}`).toBeLessThan(
      i < 3 ? fraction * x : 0.02,
    );
}

test.each([
  ['tI', [75, 75, 112, 90, 90, 90], 'I', [0, 0]],
  ['tI', [68.1, 68.1, 102.2, 90, 90, 90], 'I', [0, 0]],
  ['mP', [52.1, 70.3, 52.6, 90, 90.6, 90], 'P', [0, 0]],
  ['mP', [52.1, 70.3, 52.6, 90, 90.6, 90], 'P', [1, 0]],
  ['tP', [79.2, 79.2, 37.9, 90, 90, 90], 'P', [0, 0]],
] as const)(
  '%s %j %s is found within 0.02 % although it is nearly of higher symmetry, beam %j px off',
  { tags: 'all' },
  async (type, parameters, centring, beam) => {
    const best = await determine(stillsOf({ parameters, centring }, { count: 30, seed: 5, beam }));
    expect(best?.bravais[0]?.type).toBe(type);
    near(parametersOf(best), parameters);
    // The errors are of the size of the deviations.
    for (const [i, error] of (best?.errors ?? []).slice(0, 3).entries()) {
      const real = parameters[i] ?? Number.NaN;
      expect(Math.abs((parametersOf(best)[i] ?? 0) - real)).toBeLessThan(4 * error + 1e-4 * real);
    }
  },
);

test('a distance that is off scales the cell and leaves its shape', { tags: 'all' }, async () => {
  const cell = { parameters: [79.2, 79.2, 37.9, 90, 90, 90], centring: 'P' };
  const best = await determine(stillsOf(cell, { count: 30, seed: 11, beam: [1.5, 0], scale: 1.004 }));
  expect(best?.bravais[0]?.type).toBe('tP');
  const [a = 0, , c = 0] = parametersOf(best);
  expect(Math.abs(a / c / (79.2 / 37.9) - 1)).toBeLessThan(2e-4);
  expect(Math.abs(a / 79.2 - 1)).toBeGreaterThan(2e-3);
});

test('rivals are other lattices with their odds, the most probable first', { tags: 'all' }, async () => {
  const cell = { parameters: [68.1, 68.1, 102.2, 90, 90, 90], centring: 'I' };
  const best = await determine(stillsOf(cell, { count: 20, seed: 3 }));
  const rivals = best?.rivals ?? [];
  expect(new Set(rivals.map(({ type }) => type)).size).toBe(rivals.length);
  expect(rivals.map(({ type }) => type)).not.toContain('tI');
  expect(rivals.map(({ type }) => type)).toEqual(expect.arrayContaining(['oI', 'oF', 'aP']));
  const odds = rivals.map(({ log10Odds }) => log10Odds);
  expect([...odds].sort((a, b) => a - b)).toEqual(odds);
  // What has fewer parameters and as good a fit is more probable.
  expect(odds[0]).toBeGreaterThan(1);
  // The parameters that a symmetry fixes have no error, and the others have one.
  for (const { parameters, errors } of rivals)
    for (const [i, error] of errors.entries()) expect(error > 0).toBe(i < 3 || parameters[i] !== 90);
});

test('a still whose spots are all in one plane of indices has no cell', () => {
  const start = cellFromParameters(20, 25, 30, 90, 90, 90);
  // h = k in all of them, beside the scatter of 1 % that makes their equations regular.
  const spots = Array.from({ length: 40 }, (_, i) => {
    const [h, l] = [(i % 8) - 4, Math.floor(i / 8) - 2];
    const off = 0.01 * Math.sin(7 * i);
    return [(h + off) / 20, (h - off) / 25, (l + 0.01 * Math.cos(5 * i)) / 30];
  }).flat();
  expect(fitStill(start, spots)).toBeUndefined();
});

test('what the odds do not support is stated in words', () => {
  const lattice = { type: 'hP', parameters: [53.46, 53.46, 67.16, 90, 90, 120] } as const;
  const rival = { type: 'oF', parameters: [53.557, 92.443, 67.17, 90, 90, 90], errors: [0, 0, 0, 0, 0, 0] } as const;
  const errors = [0.02, 0.02, 0.03, 0, 0, 0] as const;
  const against = (log10Odds: number): string | undefined =>
    preferenceText(lattice, { errors, rivals: [{ ...rival, log10Odds }] }, 3);
  expect(against(1.4)).toBeUndefined();
  expect(preferenceText(lattice, { errors, rivals: [] }, 12)).toBeUndefined();
  expect(preferenceText(lattice, { errors: undefined, rivals: [], others: 2 }, 12)).toMatch(
    /^2 other cells explain as many of the 12 stills: they do not determine the cell.*tilt series/,
  );
  expect(preferenceText(lattice, { errors: undefined, rivals: [] }, 12)).toMatch(/^hP is .* without odds/);
  const unconfirmed = (stills: number) =>
    preferenceText({ ...lattice, type: 'aP' }, { errors: undefined, rivals: [] }, stills);
  expect(unconfirmed(1)).toMatch(/^the cell rests on one image, which no other confirms: it may be wrong/);
  expect(unconfirmed(12)).toMatch(/^the cell rests on images that do not agree on its lengths/);
  expect(against(1.2)).toMatch(/do not decide between hP and oF.*-p 53\.557,92\.443,67\.17,90,90,90,F takes oF/);
  expect(against(-1.2)).toMatch(/do not decide/);
  const bent = { errors: [0.2, 0.1, 0.1, 0, 0, 0], rivals: [] } as const;
  expect(preferenceText(lattice, bent, 12)).toMatch(/^the lattices of the 12 stills differ from each other by 1\.3 %/);
  expect(preferenceText(lattice, bent, 3)).toBeUndefined();
  expect(preferenceText({ ...lattice, distortion: 0.017 }, { errors, rivals: [] }, 12)).toMatch(
    /^the mean lattice of the stills is distorted by 1\.7 % from hP, far more than its errors/,
  );
  expect(preferenceText({ ...lattice, distortion: 0.004 }, { errors, rivals: [] }, 12)).toBeUndefined();
  expect(against(-3.9)).toMatch(/^oF is 10\^4 times as probable as hP, which has fewer parameters/);
  expect(
    oddsText([
      { ...rival, log10Odds: 2 },
      { ...rival, log10Odds: 5.8 },
    ]),
  ).toBe('odds against oF 100, oF 10^6');
  expect(oddsText([{ ...rival, log10Odds: -2 }])).toBeUndefined();
});

test('errors are those of the deviations from the truth', { tags: 'nightly' }, async () => {
  const scores = new Scores();
  for (let i = 0; i < 20; i++) await scoreUnknownCell(scores, determine, i, 71_000);
  for (const { name, rms } of scores.rms()) {
    expect(rms, name).toBeGreaterThan(0.5);
    expect(rms, name).toBeLessThan(1.5);
  }
});

test('the words of errors say at which distance', () => {
  const errors = [0.004, 0.004, 0.006, 0, 0, 0] as const;
  const words = '0.004 0.004 0.006 A, if distance and wavelength are right';
  expect(errorText(errors)).toBe(words);
  expect(errorText([1, 2, 3, 0, 0.5, 0])).toBe('1 2 3 A, 0 0.5 0 deg, if distance and wavelength are right');
  const lattice = { type: 'tP', parameters: [79, 79, 38, 90, 90, 90] } as const;
  const marked = cellFileOf(
    { bravais: [{ ...lattice, distortion: 0 } as never], errors: undefined },
    'it may be $& wrong',
  );
  expect(marked).toContain('\n; doubtful: it may be $& wrong\n');
  expect(readCell(marked).cell[0]).toEqual(expect.any(Array));
  expect(cellFileOf({ bravais: [{ ...lattice, distortion: 0 } as never], errors })).toContain(
    `; standard errors: ${words}\n`,
  );
});

test('errors of five stills contain that their scatter is about fitted values', { tags: 'nightly' }, async () => {
  const cell = { parameters: [50, 62, 73, 98, 103, 109], centring: 'P' };
  const truth = latticeOf(cell);
  const squares: number[] = [];
  for (let seed = 0; seed < 20; seed++) {
    const found = await determine(stillsOf(cell, { noisePx: 0.3, spurious: 0.05, count: 5, seed }));
    for (const [i, x] of parametersOf(found).entries())
      squares.push(((x - (truth?.parameters[i] ?? 0)) / (found?.errors?.[i] ?? 0)) ** 2);
  }
  expect(Math.sqrt(squares.reduce((sum, x) => sum + x, 0) / squares.length)).toBeLessThan(1.3);
});

test('one still leaves the odds open', async () => {
  const cell = { parameters: [79.2, 79.2, 37.9, 90, 90, 90], centring: 'P' };
  const best = await determine(stillsOf(cell, { count: 1, seed: 4 }));
  expect(best?.bravais[0]?.type).toBe('tP');
  expect(best?.rivals).toEqual([]);
  expect(best?.errors).toBeUndefined();
});

// One cell each of plain and pseudo-symmetric kinds; test/soak/cells.mjs sweeps all of them.
test.each([1, 3, 8, 11, 13, 19, 21, 25])('random cell %i of the sweep', { tags: 'nightly' }, async (i) => {
  const { truth, stills } = experiment(i, 31_000);
  const best = await determine(stills, 170);
  expect(isRight(best?.bravais[0], truth), `${best?.bravais[0]?.type} ${parametersOf(best)} for ${truth.type}`).toBe(
    true,
  );
});

describe('edges longer than usual are found with no range given', () => {
  const far = { distanceMm: 200, pixelMm: 0.1, noisePx: 0.25, dMinA: 4, spots: 300 };
  test.each([
    ['tP', [210, 210, 320, 90, 90, 90]],
    ['hP', [92, 92, 290, 90, 90, 120]],
    ['oP', [70, 120, 460, 90, 90, 90]],
  ] as const)('%s %j', { tags: 'all' }, async (type, parameters) => {
    const best = await determine(stillsOf({ parameters, centring: 'P' }, { count: 10, seed: 7, ...far }));
    expect(best?.bravais[0]?.type).toBe(type);
    near(parametersOf(best), parameters, 2e-3);
  });
});

test('the lattice of a cell is that of its exact metric', () => {
  expect(latticeOf({ parameters: [50, 50, 50, 90, 90, 90], centring: 'F' }).type).toBe('cF');
  expect(latticeOf({ parameters: [50, 50, 70.5, 90, 90, 90], centring: 'I' }).type).toBe('tI');
});
