/**
 * The indexing ambiguity of every point group that has one: the ways listed in the tables are found, and no crystal is
 * assigned to a wrong one.
 */
import { type Context, createContext } from 'ewald';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cellFromParameters } from '../../src/crystal/cell.js';
import type { Centring } from '../../src/crystal/centring.js';
import { identity, inverse, operationKey, operationOf, product } from '../../src/crystal/symmetry/matrices.js';
import { laueGroup, pointGroup } from '../../src/crystal/symmetry/point-group.js';
import { indexingAmbiguities, latticeRotations } from '../../src/crystal/symmetry/settings.js';
import { Collector } from '../../src/merging/collection/collector.js';
import { ObservationColumns } from '../../src/merging/collection/columns.js';
import type { Observations } from '../../src/merging/collection/observations.js';
import { StreamScanner } from '../../src/merging/collection/scan.js';
import { commonRadius } from '../../src/merging/fit/fit.js';
import { uniqueReflections } from '../../src/merging/fit/unique.js';
import { resolveAmbiguity } from '../../src/merging/setting/ambiguity.js';
import { dataFolder, readData } from '../support/data.js';
import { simulateStream } from './simulated.js';
import { unpacked } from './unpacked.js';

let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(async () => {
  await context.dispose();
  expect(context.liveBytes).toBe(0);
});

type Parameters = readonly [number, number, number, number, number, number];
const tetragonal: Parameters = [28, 28, 21, 90, 90, 90];
const hexagonal: Parameters = [27, 27, 22, 90, 90, 120];
const cubic: Parameters = [26, 26, 26, 90, 90, 90];

interface Ambiguity {
  readonly symmetry: string;
  readonly parameters: Parameters;
  readonly centring?: Centring;
  readonly ways: readonly string[];
}

/** The classes of ../shared/facts/merging.md, then accidental ones. */
const ambiguities: readonly Ambiguity[] = [
  { symmetry: '4', parameters: tetragonal, ways: ['k,h,-l'] },
  { symmetry: '-4', parameters: tetragonal, ways: ['k,h,-l'] },
  { symmetry: '4/m', parameters: [38, 38, 29, 90, 90, 90], centring: 'I', ways: ['k,h,-l'] },
  { symmetry: '3_H', parameters: [33, 33, 25, 90, 90, 120], ways: ['-h,-k,l', 'k,h,-l', '-k,-h,-l'] },
  { symmetry: '3_H', parameters: [42, 42, 30, 90, 90, 120], centring: 'H', ways: ['k,h,-l'] },
  { symmetry: '-3_R', parameters: [29, 29, 29, 75, 75, 75], ways: ['-k,-h,-l'] },
  { symmetry: '321_H', parameters: hexagonal, ways: ['-h,-k,l'] },
  { symmetry: '312_H', parameters: hexagonal, ways: ['-h,-k,l'] },
  { symmetry: '6', parameters: hexagonal, ways: ['k,h,-l'] },
  { symmetry: '23', parameters: cubic, ways: ['k,h,-l'] },
  { symmetry: 'm-3', parameters: [44, 44, 44, 90, 90, 90], centring: 'F', ways: ['k,h,-l'] },
  { symmetry: '222', parameters: [24, 24, 30, 90, 90, 90], ways: ['k,h,-l'] },
  { symmetry: '2/m_uab', parameters: [26, 30, 35, 90, 90.4, 90], ways: ['h,-k,-l'] },
  { symmetry: '4/m', parameters: [32, 32, 32, 90, 90, 90], ways: ['k,h,-l', 'h,l,-k', 'l,k,-h', 'k,l,h', 'l,h,k'] },
];

describe('a given operator', () => {
  const { text } = simulateStream({ crystals: 60, symmetry: '4/m', parameters: cubic, ways: ['h,k,l', 'k,h,-l'] });
  const waysWith = async (options: object): Promise<readonly string[]> => {
    const merger = await context.merger({ symmetry: '4/m', iterations: 0, polarisation: 'none', ...options });
    await merger.addStream({ name: 'it', bytes: [new TextEncoder().encode(text)] });
    return (await merger.run()).waysToIndex;
  };

  test('is the only ambiguity that is resolved', { tags: 'all' }, async () => {
    // The metric of the cell is cubic, so that there are six ways without it.
    expect(await waysWith({})).toHaveLength(6);
    expect(await waysWith({ operator: 'k,h,-l' })).toEqual(['h,k,l', 'k,h,-l']);
    expect(await waysWith({ operator: '4/mmm' })).toEqual(['h,k,l', 'k,h,-l']);
    expect(await waysWith({ operator: '4/m' })).toEqual(['h,k,l']);
  });

  test.for([
    ['k,h', /operator is "k,h"; expected a rotation of the indices that keeps the cell, such as k,h,-l, or/],
    ['k,h,l', /operator is "k,h,l"; expected a rotation/],
    ['2h,k,l', /operator is "2h,k,l"/],
    ['h,h,h', /operator is "h,h,h"/],
    ['h,k,h+l', /operator is "h,k,h\+l"/],
    ['-k,h,l', /operator is "-k,h,l", an operation of 4\/m; expected one that it does not have/],
    ['nothing', /"nothing" is not a point group/],
  ] as const)('%s is refused', async ([operator, message]) => {
    await expect(waysWith({ operator })).rejects.toMatchObject({
      tag: 'Argument',
      message: expect.stringMatching(message),
    });
  });

  test('is refused where no ambiguity is resolved', async () => {
    await expect(waysWith({ operator: 'k,h,-l', ambiguity: false })).rejects.toMatchObject({
      tag: 'Argument',
      message: expect.stringContaining('it is not resolved'),
    });
  });
});

test.for(ambiguities.map((one) => ({ ...one, of: `${one.symmetry} ${one.centring ?? 'P'} ${one.parameters}` })))(
  '$of',
  { tags: 'all' },
  async ({ symmetry, parameters, centring = 'P', ways }) => {
    const all = ['h,k,l', ...ways];
    const stream = simulateStream({ crystals: 60, symmetry, parameters, centring, ways: all });
    const merger = await context.merger({ symmetry, model: 'mean', polarisation: 'none', minMeasurements: 1 });
    await merger.addStream({ name: 'a.stream', bytes: [stream.bytes] });
    const { crystals, waysToIndex } = await merger.run();
    const inside = new Set(laueGroup(pointGroup(symmetry)).operations.map(operationKey));
    const operations = waysToIndex.map(operationOf);
    const same = (a: readonly number[], b: readonly number[]): boolean =>
      inside.has(operationKey(product(inverse(a), b)));
    // Each way of the table is one of those that were found, up to equivalent operations.
    expect(waysToIndex).toHaveLength(all.length);
    for (const way of all) expect(operations.some((one) => same(one, operationOf(way)))).toBe(true);
    // Crystals agree if the operation from the merge to the truth is the same for all of them.
    const toTruth = crystals.map(({ way }, c) =>
      product(inverse(operations[way] ?? []), operationOf(all[stream.crystals[c]?.way ?? 0] ?? '')),
    );
    const sure = toTruth.filter((_, c) => (crystals[c]?.logOdds ?? 0) > 5);
    expect(sure.filter((one) => !same(sure[0] ?? [], one))).toEqual([]);
    // The others have few strong observations.
    expect(sure.length).toBeGreaterThan(50);
  },
);

function observationsOf(stream: Uint8Array): Observations {
  const columns = new ObservationColumns();
  const scanner = new StreamScanner(new Collector(columns), 'a.stream');
  scanner.push(stream);
  scanner.end();
  return columns.view();
}

/** The same crystals several times. */
function repeated(observations: Observations, times: number): Observations {
  const { count, crystals, offsets } = observations;
  const tiled = <T extends { length: number; slice(): T; set(values: T, at: number): void }>(
    values: T,
    make: new (length: number) => T,
  ): T => {
    const all = new make(values.length * times);
    for (let n = 0; n < times; n++) all.set(values, n * values.length);
    return all;
  };
  return {
    ...observations,
    count: count * times,
    crystals: crystals * times,
    h: tiled(observations.h, Int16Array),
    k: tiled(observations.k, Int16Array),
    l: tiled(observations.l, Int16Array),
    intensity: tiled(observations.intensity, Float32Array),
    sigma: tiled(observations.sigma, Float32Array),
    reciprocal: tiled(observations.reciprocal, Float64Array),
    wavelengths: tiled(observations.wavelengths, Float64Array),
    bandwidths: tiled(observations.bandwidths, Float64Array),
    offsets: Uint32Array.from(
      { length: crystals * times + 1 },
      (_, c) => count * Math.floor(c / crystals) + (offsets[c % crystals] ?? 0),
    ),
  };
}

test('an index of an asymmetric unit that 16 bits cannot hold is refused', () => {
  const one = { count: 1, crystals: 1, h: Int16Array.of(-32_767), k: Int16Array.of(-1), l: Int16Array.of(1) };
  const observations = { ...one, offsets: Uint32Array.of(0, 1) } as unknown as Observations;
  expect(() => uniqueReflections(observations, pointGroup('-3_H'), [identity])).toThrow(
    expect.objectContaining({ tag: 'Limit', message: expect.stringContaining('the indices 32768 -32767 1') }),
  );
});

describe.skipIf(!dataFolder)(`streams with known settings${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  test.for([
    { set: 'amb.ew', crystals: 298 },
    { set: 'amb.cf', crystals: 295 },
  ])('every start of $set ends with no crystal in the wrong setting', { tags: 'all' }, ({ set, crystals }) => {
    const observations = observationsOf(unpacked(`${set}.stream.xz`));
    const part = new Uint8Array(observations.crystals).fill(1);
    const group = pointGroup('4/m');
    const ways = indexingAmbiguities(latticeRotations(cellFromParameters(62.5, 62.5, 44.2, 90, 90, 90)), group);
    const unique = uniqueReflections(observations, group, ways);
    const radius = commonRadius(observations, part);
    const { starts, ways: chosen } = resolveAmbiguity(observations, unique, { starts: 6, seed: 0, radius, part });
    const known = readData('merge', `${set}.crystals.txt`)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => Number(line.split(/\s+/)[1]));
    const wrong = known.filter((setting, c) => setting !== chosen[c]).length;
    expect(known).toHaveLength(crystals);
    expect(Math.min(wrong, crystals - wrong)).toBe(0);
    // Starts with the same gain have found the same assignment.
    for (const { gain } of starts) expect(Math.abs(gain / (starts[0]?.gain ?? 0) - 1)).toBeLessThan(1e-6);
  });

  test('crystals beyond those that are tried from random starts are assigned to the merge of those', {
    tags: 'all',
  }, () => {
    // Each crystal seven times: 2086 crystals.
    const observations = repeated(observationsOf(unpacked('amb.ew.stream.xz')), 7);
    const part = new Uint8Array(observations.crystals).fill(1);
    const group = pointGroup('4/m');
    const ways = indexingAmbiguities(latticeRotations(cellFromParameters(62.5, 62.5, 44.2, 90, 90, 90)), group);
    const unique = uniqueReflections(observations, group, ways);
    const radius = commonRadius(observations, part);
    const { ways: chosen, logOdds } = resolveAmbiguity(observations, unique, { starts: 1, seed: 0, radius, part });
    const first = chosen.subarray(0, 298);
    expect(chosen.filter((way, c) => way !== first[c % 298])).toHaveLength(0);
    expect(Math.min(...logOdds)).toBeGreaterThan(5);
  });
});
