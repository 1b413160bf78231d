/**
 * Merges of crystals with nearly equal axes: what their cells tell is not decided by their intensities, so that every
 * seed gives one merge, in the setting of the cell.
 */
import { type Context, createContext, type MergeResult } from 'ewald';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cellFromParameters } from '../../src/crystal/cell.js';
import { correlation } from '../../src/util/correlation.js';
import { someOf } from '../support/variants.js';
import { simulateStream } from './simulated.js';

let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(() => context.dispose());

/** 0.7 %, as 90.63 and 91.26 Å. */
const parameters = [23, 23.16, 19, 90, 90, 90] as const;
const simulation = { crystals: 24, symmetry: 'mmm', parameters, spread: [0.3, 2, 0.1] } as const;
const known = { cell: cellFromParameters(...parameters), centring: 'P', uniqueAxis: undefined } as const;
const seeds = someOf([0, 1, 2, 3, 4, 5, 6, 7], 3);

async function merged({ bytes }: { bytes: Uint8Array }, options: object): Promise<MergeResult> {
  const merger = await context.merger({
    symmetry: 'mmm',
    model: 'mean',
    polarisation: 'none',
    minMeasurements: 1,
    ...options,
  });
  await merger.addStream({ name: 'a.stream', bytes: [bytes] });
  return merger.run();
}

/** Correlation of a merge with the true intensities. */
function ccToTruth(
  { reflections: { indices, intensity, count } }: MergeResult,
  { truth }: ReturnType<typeof simulateStream>,
): number {
  const at = (i: number): [number, number, number] => [...indices.slice(3 * i, 3 * i + 3)] as [number, number, number];
  return correlation(
    Array.from({ length: count }, (_, i) => truth(at(i))),
    Array.from(intensity),
  );
}

describe('a and b that differ by 0.7 %', () => {
  const right = simulateStream({ ...simulation, cellError: 3e-4 });
  const mixed = simulateStream({ ...simulation, cellError: 3e-4, ways: ['h,k,l', 'k,h,-l', 'h,k,l'] });

  test.for([
    ['of the cell that is given', { cell: known }],
    ['of the crystals, without a cell', {}],
  ] as const)('keep their right names: %s', { tags: 'all' }, async ([, options]) => {
    for (const seed of seeds) {
      const result = await merged(right, { seed, ...options });
      expect(result.crystals.filter(({ way }) => way !== 0)).toEqual([]);
      expect(ccToTruth(result, right)).toBeGreaterThan(0.8);
      expect(result.remarks.join()).toMatch(
        /2 ways to index \(h,k,l; k,h,-l\) were told apart, by the cells of 24 of 24/,
      );
    }
  });

  test('are named crystal by crystal as its cell says', async () => {
    const result = await merged(mixed, { cell: known });
    expect(result.crystals.map(({ way }) => way)).toEqual(mixed.crystals.map(({ way }) => way % 2));
    expect(result.remarks.join()).toMatch(/indexed anew: \d+ crystals by k,h,-l/);
    expect(ccToTruth(result, mixed)).toBeGreaterThan(0.8);
  });

  test('follow the cell that is given, whatever the seed, where single cells do not tell', {
    tags: 'all',
  }, async () => {
    const vague = simulateStream({ ...simulation, cellError: 4e-3, ways: ['h,k,l', 'k,h,-l', 'h,k,l'] });
    for (const seed of seeds.slice(2, 6)) {
      const result = await merged(vague, { seed, cell: known });
      expect(ccToTruth(result, vague)).toBeGreaterThan(0.8);
    }
  });
});

describe('a and b that differ by 0.7 %, of crystals whose cells are vague', () => {
  const vague = { ...simulation, cellError: 1e-2, crystals: 40 };

  test('keep the names that their spots gave them, whatever the seed', { tags: 'all' }, async () => {
    const stream = simulateStream({ ...vague, named: parameters });
    for (const seed of seeds) {
      const result = await merged(stream, { seed });
      expect(result.crystals.filter(({ way }) => way !== 0)).toEqual([]);
      expect(result.remarks.join()).toMatch(/were told apart, by the spots of 40 of 40 crystals/);
    }
  });

  test('are brought together where runs name the axes in different orders', async () => {
    const [a, b, ...others] = parameters;
    const merger = await context.merger({ symmetry: 'mmm', model: 'mean', polarisation: 'none', cell: known });
    const exchanged = simulateStream({ ...vague, ways: ['k,h,-l'], seed: 2, named: [b, a, ...others] });
    for (const [i, { bytes }] of [simulateStream({ ...vague, named: parameters }), exchanged].entries())
      await merger.addStream({ name: `${i}.stream`, bytes: [bytes] });
    const { crystals, remarks } = await merger.run();
    expect(crystals.slice(0, 80).map(({ way }) => way)).toEqual([...Array(40).fill(0), ...Array(40).fill(1)]);
    expect(remarks.join()).toMatch(/by the spots of 80/);
  });
});

describe('a and b that are equal', () => {
  const equal = { ...simulation, parameters: [23, 23, 19, 90, 90, 90] as const, symmetry: '4/m' };
  const ways = ['h,k,l', 'k,h,-l', 'h,k,l'];

  test.for([
    ['scatter', { ...equal, cellError: 1e-3 }],
    ['are those of the known cell', equal],
  ] as const)('keep the names that most crystals have, if cells %s', async ([, given]) => {
    const stream = simulateStream({ ...given, ways });
    const truth = stream.crystals.map(({ way }) => way % 2);
    for (const seed of seeds.slice(2, 6)) {
      const { crystals } = await merged(stream, { symmetry: '4/m', seed });
      expect(crystals.map(({ way }) => way)).toEqual(truth);
    }
  });
});
