/** Numbers of a merge's statistics: of the chosen range of resolution, of none where nothing tells them, errors of what was measured. */
import { createContext } from 'ewald';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cellFromParameters } from '../../src/crystal/cell.js';
import { pointGroup } from '../../src/crystal/symmetry/point-group.js';
import { mergeStatistics } from '../../src/merging/statistics/statistics.js';
import { simulateStream } from './simulated.js';

let context: Awaited<ReturnType<typeof createContext>>;
beforeAll(async () => {
  context = await createContext();
});
afterAll(() => context.dispose());

const { bytes } = simulateStream({
  crystals: 25,
  symmetry: 'mmm',
  parameters: [40, 44, 50, 90, 90, 90],
  overallB: 20,
});

async function mergedIn(range: { readonly lowres?: number; readonly highres?: number }) {
  const merger = await context.merger({ symmetry: 'mmm', model: 'mean', polarisation: 'none', ...range });
  await merger.addStream({ name: 'range.stream', bytes });
  return merger.run();
}
const statisticsIn = async (range: Parameters<typeof mergedIn>[0]) => (await mergedIn(range)).statistics;

test('limits cut the lists that files have, so that what a file states of itself is of its rows', async () => {
  const { reflections, halves, statistics, toCif } = await mergedIn({ lowres: 12, highres: 3.5 });
  const { unique, dMin, dMax } = statistics.overall;
  expect([reflections.count, dMin, dMax]).toEqual([unique, 3.5, 12]);
  const cif = toCif();
  expect(cif.match(/^1 1 1 -?\d/gm)?.length).toBe(Number(/_reflns.number_obs +(\d+)/.exec(cif)?.[1]));
  for (const list of [reflections, ...halves])
    for (let i = 0; i < list.count; i++) {
      const [h = 0, k = 0, l = 0] = list.indices.subarray(3 * i, 3 * i + 3);
      const d = 1 / Math.hypot(h / 40, k / 44, l / 50);
      expect(d >= 3.5 && d <= 12, `${h} ${k} ${l}`).toBe(true);
    }
});

test('the L-test and the Wilson plot follow lowres and highres', { tags: 'all' }, async () => {
  const [all, fine, coarse] = [
    await statisticsIn({}),
    await statisticsIn({ lowres: 3.5 }),
    await statisticsIn({ highres: 3 }),
  ];
  for (const { lTest, overall } of [all, fine, coarse]) expect(lTest).toEqual(overall.lTest);
  for (const { lTest } of [fine, coarse]) expect(lTest.pairs).toBeLessThan(all.lTest.pairs);
  // s² = 1/(4d²).
  expect(all.wilson.points.some(([s2]) => s2 < 1 / (4 * 3.5 ** 2))).toBe(true);
  expect(fine.wilson.points.length).toBeGreaterThan(2);
  for (const [s2] of fine.wilson.points) expect(s2).toBeGreaterThan(1 / (4 * 3.5 ** 2));
  for (const [s2] of coarse.wilson.points) expect(s2).toBeLessThan(1 / (4 * 3 ** 2));
});

test('a second moment of shells with too few reflections is not stated', async () => {
  expect((await statisticsIn({})).secondMoment).toBeGreaterThan(1.5);
  // It was 0, which reads like less than a perfect twin.
  expect((await statisticsIn({ highres: 10 })).secondMoment).toBeNaN();
});

test('more possible reflections than can be listed are counted by volume', { tags: 'all' }, () => {
  const of = (far: number) => {
    const columns = {
      intensity: Float64Array.of(5, 6),
      sigma: Float64Array.of(1, 1),
      measurements: Float64Array.of(2, 2),
    };
    const list = { symmetry: 'mmm', count: 2, indices: Int16Array.of(2, 2, 2, far, far, far), ...columns };
    const subject = {
      cell: cellFromParameters(80, 80, 80, 90, 90, 90),
      centring: 'P',
      group: pointGroup('mmm'),
    } as const;
    return mergeStatistics(list, [list, list], subject, {}).overall;
  };
  // A billion points of the lattice took a minute and more.
  const { possible, dMin } = of(3600);
  expect(possible / ((Math.PI / 6) * (80 / dMin) ** 3)).toBeCloseTo(1, 2);
  // Fewer are listed, with those of the axes and planes.
  const listed = of(60);
  expect(listed.possible / ((Math.PI / 6) * (80 / listed.dMin) ** 3)).toBeGreaterThan(1.005);
});

test('the error of a second moment counts Friedel mates of one intensity once', () => {
  const cell = cellFromParameters(50, 54, 58, 90, 90, 90);
  const rows: [number, number, number, number][] = [];
  for (let h = 1; h < 9; h++)
    for (let k = 1; k < 9; k++)
      for (let l = 1; l < 9; l++)
        rows.push([h, k, l, -1000 * Math.log((((h * 71 + k * 37 + l * 53) * 97) % 509) / 509 + 1e-3)]);
  const of = (symmetry: string) => {
    const all =
      symmetry === 'mmm'
        ? rows
        : rows.flatMap(([h, k, l, i]) => [
            [h, k, l, i],
            [-h, -k, -l, i],
          ]);
    const list = {
      symmetry,
      count: all.length,
      indices: Int16Array.from(all.flatMap((row) => row.slice(0, 3))),
      intensity: Float64Array.from(all, (row) => row[3] as number),
      sigma: new Float64Array(all.length).fill(1),
      measurements: new Float64Array(all.length).fill(2),
    };
    const { secondMoment, secondMomentError } = mergeStatistics(
      list,
      undefined,
      { cell, centring: 'P', group: pointGroup(symmetry) },
      { shells: 3 },
    );
    return [secondMoment, secondMomentError] as const;
  };
  const [merged, apart] = [of('mmm'), of('222')];
  expect(apart[0]).toBeCloseTo(merged[0], 9);
  // It was smaller by the square root of two.
  expect(apart[1] / merged[1]).toBeCloseTo(1, 9);
});
