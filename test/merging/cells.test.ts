/** Whether the crystals of a merge have one cell, from cells that are made here. */
import { createContext, mergeStream } from 'ewald';
import { describe, expect, test } from 'vitest';
import { Random } from '../../src/compute/random/random.js';
import { type Cell, cellFromParameters } from '../../src/crystal/cell.js';
import { identity, operationOf } from '../../src/crystal/symmetry/matrices.js';
import { pointGroup } from '../../src/crystal/symmetry/point-group.js';
import { cellDifference } from '../../src/merging/forecast/same-cells.js';
import { cellsRemark, compareCells, otherCellRemark } from '../../src/merging/setting/cells.js';
import { isQuick, someOf } from '../support/variants.js';
import { simulateStream } from './simulated.js';

type Parameters = readonly [number, number, number, number, number, number];

/** Cells with a relative error of their lengths, and as much of their angles in radians. */
function scattered(cells: readonly Parameters[], error: number, seed = 1): Float64Array {
  const random = new Random(seed, 0);
  return Float64Array.from(
    cells.flatMap((cell) =>
      cell.map((x, i) => (i < 3 ? x * (1 + error * random.normal()) : x + (180 / Math.PI) * error * random.normal())),
    ),
  );
}
const times = (count: number, cell: Parameters): Parameters[] => Array.from({ length: count }, () => cell);
const compared = (parameters: Float64Array, chosen = new Uint8Array(parameters.length / 6), ways = [identity]) =>
  compareCells(parameters, new Uint8Array(parameters.length / 6).fill(1), chosen, ways);

const tetragonal: Parameters = [79, 79, 38, 90, 90, 90];
const counts = ({ populations }: ReturnType<typeof compared>): number[] => populations.map(({ crystals }) => crystals);

describe('the cells of a merge', () => {
  test.for(someOf([1, 2, 3, 4, 5, 6, 7, 8], 2))('with normal errors agree (seed %i)', (seed) => {
    for (const [count, error] of [
      [6, 0.001],
      [12, 0.005],
      [40, 0.002],
      [300, 0.01],
    ] as const) {
      const found = compared(scattered(times(count, tetragonal), error, seed));
      expect([counts(found), cellsRemark(found)]).toEqual([[count], undefined]);
    }
  });

  test.for([
    ['uniform', (u: number) => Math.sqrt(12) * (u - 0.5)],
    ["Laplace's", (u: number) => Math.sign(u - 0.5) * Math.log(1 - Math.abs(2 * u - 1))],
    ['exponential', (u: number) => -Math.log(1 - u) - 1],
  ] as const)('with %s errors agree in all but one of a hundred sets', ([, from]) => {
    const random = new Random(7, 0);
    let divided = 0;
    for (let set = 0; set < (isQuick ? 100 : 300); set++) {
      const cells = Array.from({ length: 12 + (set % 3) * 20 }, () =>
        tetragonal.map((x, i) => x + (i < 3 ? x / 100 : 0.57) * from(random.uniform())),
      );
      if (counts(compared(Float64Array.from(cells.flat()))).length > 1) divided++;
    }
    expect(divided).toBeLessThanOrEqual(isQuick ? 1 : 3);
  });

  test('state the spread of those that were fitted, in angstrom and degrees', () => {
    const own = scattered(times(200, tetragonal), 0.002);
    const { spread, fitted, crystals } = compared(Float64Array.from([...own, ...times(300, tetragonal).flat()]));
    expect([crystals, fitted]).toEqual([500, 200]);
    for (const [i, expected] of [0.158, 0.158, 0.076, 0.115, 0.115, 0.115].entries())
      expect(Math.abs((spread[i] ?? 0) / expected - 1)).toBeLessThan(0.25);
  });

  test('of two crystal forms are two populations, whose cells and numbers are stated', () => {
    const found = compared(scattered([...times(60, tetragonal), ...times(20, [80, 80, 38.3, 90, 90, 90])], 0.001));
    expect(counts(found)).toEqual([60, 20]);
    expect(Math.abs((found.populations[1]?.cell[0] ?? 0) - 80)).toBeLessThan(0.1);
    expect(cellsRemark(found)).toMatch(/^The cells of the crystals disagree: 60 near 79\.\d+ .*, 20 near \d\d\.\d+ /);
  });

  test('of a lattice that is called cubic and is tetragonal are three populations', () => {
    const axes: Parameters[] = [
      [106.1, 106.1, 112, 90, 90, 90],
      [106.1, 112, 106.1, 90, 90, 90],
      [112, 106.1, 106.1, 90, 90, 90],
    ];
    const cells = axes.flatMap((cell) => times(25, cell));
    expect(counts(compared(scattered(cells, 0.003)))).toEqual([25, 25, 25]);
  });

  test('are compared in the setting of the merge', () => {
    const cells = [...times(20, [52.1, 70.3, 52.6, 90, 90.6, 90]), ...times(20, [52.6, 70.3, 52.1, 90, 90.6, 90])];
    const parameters = scattered(cells as Parameters[], 0.0003);
    expect(counts(compared(parameters))).toEqual([20, 20]);
    const chosen = Uint8Array.from({ length: 40 }, (_, c) => (c < 20 ? 0 : 1));
    expect(counts(compared(parameters, chosen, [identity, operationOf('l,-k,h')]))).toEqual([40]);
  });

  test('of which a fifth is far from the others are doubted, and a twentieth is not', () => {
    const random = new Random(3, 0);
    const wrong = (count: number): Parameters[] =>
      Array.from(
        { length: count },
        () => tetragonal.map((x) => x * (1 + 0.03 * random.normal())) as unknown as Parameters,
      );
    const found = (count: number) => compared(scattered([...times(100 - count, tetragonal), ...wrong(count)], 0.0005));
    expect(found(20).outliers).toBeGreaterThan(15);
    expect(cellsRemark(found(20))).toMatch(/^The cells of \d+ of 100 crystals are far from the others/);
    expect(cellsRemark(found(5))).toBeUndefined();
  });
});

test('a merge with another cell than that of its crystals says so, and is doubted where it is far', {
  tags: 'all',
}, async () => {
  const found = compared(scattered(times(100, tetragonal), 0.001));
  expect(otherCellRemark(found, tetragonal, [identity])).toBeUndefined();
  expect(otherCellRemark(found, [79.2, 79.2, 38, 90, 90, 90], [identity])).toBeUndefined();
  expect(otherCellRemark(found, [79.8, 79.8, 38, 90, 90, 90], [identity])).toMatchObject({
    text: expect.stringMatching(
      /^The cell that was given, 79\.80 .* is not that of the crystals, \S+ .*\(a \+1\.0 %, b \+1\.0 %\)/,
    ),
    isDoubtful: false,
  });
  expect(otherCellRemark(found, [79, 79, 38, 90, 91.5, 90], [identity])).toMatchObject({
    text: expect.stringContaining('(β +1.5°)'),
    isDoubtful: true,
  });
  // Which of two settings is the first is arbitrary.
  const turned = compared(scattered(times(20, [52.6, 70.3, 52.1, 90, 90.6, 90]), 0.0003));
  const given = [52.1, 70.3, 52.6, 90, 90.6, 90] as const;
  expect(otherCellRemark(turned, given, [identity, operationOf('l,-k,h')])).toBeUndefined();
  expect(otherCellRemark(turned, given, [identity])?.text).toContain('(a −1.0 %, c +1.0 %)');
  await using context = await createContext({ backend: 'wasm' });
  const { bytes } = simulateStream({ crystals: 15, symmetry: 'mmm', seed: 1, parameters: [24, 28, 33, 90, 90, 90] });
  const cell = { cell: cellFromParameters(24, 28, 35, 90, 90, 90), centring: 'P' as const };
  const merge = await mergeStream(context, { name: 'a.stream', bytes }, { symmetry: 'mmm', cell });
  expect(merge.remarks.join(' ')).toContain('(c +6.1 %)');
  expect(merge.isDoubtful).toBe(true);
});

test('a merge doubts crystals of two forms, and has their cells as data', { tags: 'all' }, async () => {
  await using context = await createContext({ backend: 'wasm' });
  const merged = (second: number) => {
    const one = { crystals: 15, symmetry: 'mmm', seed: 1, parameters: [24, 28, 33, 90, 90, 90] } as const;
    const other = simulateStream({ ...one, parameters: [second, 28, 33, 90, 90, 90] }).bytes;
    return mergeStream(
      context,
      [
        { name: 'one.stream', bytes: simulateStream(one).bytes },
        {
          name: 'two.stream',
          bytes: new TextEncoder().encode(new TextDecoder().decode(other).replaceAll('//', '//2')),
        },
      ],
      { symmetry: 'mmm' },
    );
  };
  const two = await merged(24.5);
  expect(two.isDoubtful).toBe(true);
  expect(two.remarks.join()).toContain('The cells of the crystals disagree: 15 near 24.');
  expect(two.toPlain().cells).toEqual(two.cells);
  const same = await merged(24.01);
  expect([same.isDoubtful, same.cells.populations.length]).toEqual([false, 1]);
});

describe('the cells of two states', () => {
  const { operations } = pointGroup('4/mmm');
  /** Cells of one size of their own, with errors of their axes and angles and some wrong ones. */
  function* cellsOf(random: Random, stretch = 1): Generator<Cell, never> {
    for (;;) {
      const spread = random.uniform() < 0.05 ? 0.02 : 0.002;
      const size = stretch * (1 + 0.001 * random.normal());
      const length = (x: number): number => x * size * (1 + spread * random.normal());
      const angle = (): number => 90 + (180 / Math.PI) * spread * random.normal();
      yield cellFromParameters(length(79), length(79), length(38), angle(), angle(), angle());
    }
  }
  const some = (cells: Generator<Cell>, count: number): Cell[] =>
    Array.from({ length: count }, () => cells.next().value as Cell);

  /** How often a merge that goes on finds a difference, of its looks at 1.2 times as many crystals each. */
  function looks(seed: number, stretch: number, from: number): { found: number; all: number } {
    const random = new Random(seed, 0xce11);
    const [off, on] = [some(cellsOf(random), 400), some(cellsOf(random, stretch), 400)];
    let [found, all] = [0, 0];
    for (let count = from; count <= 400; count *= 1.2, all++)
      if (cellDifference(off.slice(0, count), on.slice(0, count), operations) !== undefined) found++;
    return { found, all };
  }

  test('that are equal hardly ever seem to differ, however often one looks', { tags: 'all' }, () => {
    const merges = Array.from({ length: 60 }, (_, seed) => looks(seed, 1, 4));
    expect(merges.reduce((sum, { all }) => sum + all, 0)).toBeGreaterThan(1500);
    expect(merges.reduce((sum, { found }) => sum + found, 0)).toBeLessThanOrEqual(1);
  });

  test('that differ by .3 % do so from 80 crystals of each on, and are told by the parameter that shows it', () => {
    for (const seed of someOf([1, 2, 3])) {
      expect(looks(seed, 1, 80).found).toBe(0);
      const { found, all } = looks(seed, 1.003, 80);
      expect([found, all]).toEqual([9, 9]);
    }
    const random = new Random(5, 0);
    const text = cellDifference(some(cellsOf(random), 100), some(cellsOf(random, 1.003), 100), operations);
    expect(text).toMatch(/^(a is 7[89]\.\d{3} and 79\.\d{3}|c is 3[78]\.\d{3} and 38\.\d{3}) ± 0\.0\d\d Å$/);
  });

  test('without a cell in one of them, or that are all the same, do not differ', () => {
    const random = new Random(1, 0);
    const own = some(cellsOf(random), 40);
    expect(cellDifference([], own, operations)).toBeUndefined();
    const [cell = own[0] as Cell] = own;
    const same = Array.from({ length: 40 }, () => cell);
    expect(cellDifference(same, same, operations)).toBeUndefined();
  });
});
