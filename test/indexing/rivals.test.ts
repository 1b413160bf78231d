/**
 * Lattices that a still cannot distinguish from others are flagged, with the alternatives; no other lattice is flagged.
 */
import {
  type Cell,
  type Crystal,
  cellFromParameters,
  createContext,
  devices,
  type SpotSimulation,
  sameLattice,
  simulateSpots,
} from 'ewald';
import { describe, expect, it } from 'vitest';
import { log10Chance } from '../../src/indexing/evidence.js';
import { isFlat, rivalsOf, thinAxis } from '../../src/indexing/rivals.js';

const electronStills = {
  wavelengthA: 0.0251,
  bandwidth: 0,
  mosaicityRad: 0.0017,
  distanceMm: 1500,
  pixelMm: 0.055,
  detectorPx: [1024, 1024],
  dMinA: 0.75,
} satisfies Partial<SpotSimulation>;
const electronCells = [
  cellFromParameters(5.4, 9.8, 13.6, 90, 90, 90),
  cellFromParameters(12, 17, 21, 90, 98, 90),
  cellFromParameters(8, 10, 12, 75, 80, 70),
  cellFromParameters(20, 20, 14, 90, 90, 120),
  cellFromParameters(37, 37, 78, 90, 90, 90),
];
const proteinCells = [
  cellFromParameters(79, 79, 38, 90, 90, 90),
  cellFromParameters(50, 62, 73, 82, 77, 71),
  cellFromParameters(62, 62, 98, 90, 90, 120),
];

describe.each(['native', 'wasm', 'cuda-emulated'] as const)('rivals on %s', (backend) => {
  // Rivals are determined after the search by common code, so the other backends only index a few.
  const small = backend !== 'native';

  it('flag wrong cells in electron stills, and none in those of proteins', { tags: 'all' }, async ({ skip }) => {
    if (!(await devices({ backend })).find((row) => row.backend === backend)?.available) skip(`absent: ${backend}`);
    const ctx = await createContext({ backend, strict: true, log: { level: 'error' } });
    const indexer = await ctx.indexer();
    const seen = { accepted: 0, wrong: 0, unflagged: 0, flagged: 0, proteins: 0, proteinsFlagged: 0 };
    const run = async (cell: Cell, options: Partial<SpotSimulation>, images: number) =>
      Promise.all(
        simulateSpots({ cell, images, ...options }).map(async ({ spots, lattices }) => {
          const [crystal] = (await indexer.run({ spots, cells: cell })).image(0).crystals();
          const truth = lattices[0] as Cell;
          return crystal && { crystal, right: sameLattice(crystal.cell, truth), truth };
        }),
      );
    for (const domainA of small ? [400] : [1 / 0.0015, 1 / 0.0025, 1 / 0.004])
      for (const spots of small ? [50] : [20, 50, 100, 300])
        for (const [seed, cell] of electronCells.slice(0, small ? 3 : 5).entries())
          for (const one of await run(cell, { ...electronStills, domainA, spots, seed, noisePx: 0.3 }, small ? 1 : 6)) {
            if (!one) continue;
            const { crystal, right } = one;
            expect(crystal.ambiguous).toBe(crystal.rivals.length > 0);
            for (const rival of crystal.rivals) expect(sameLattice(rival, crystal.cell)).toBe(false);
            seen.accepted++;
            seen.wrong += right ? 0 : 1;
            seen.unflagged += right || crystal.ambiguous ? 0 : 1;
            seen.flagged += crystal.ambiguous ? 1 : 0;
          }
    for (const spots of small ? [50] : [20, 50, 300])
      for (const [seed, cell] of proteinCells.slice(0, small ? 1 : 3).entries())
        for (const one of await run(cell, { spots, seed, spurious: 0.3 }, small ? 2 : 10)) {
          seen.proteins += one ? 1 : 0;
          seen.proteinsFlagged += one?.crystal.ambiguous ? 1 : 0;
        }
    await indexer.dispose();
    await ctx.dispose();
    expect(seen.accepted).toBeGreaterThan(small ? 1 : 250);
    expect(seen.flagged).toBeLessThan(0.5 * seen.accepted);
    expect(seen.unflagged).toBeLessThanOrEqual(0.01 * seen.accepted);
    if (!small) expect(seen.wrong).toBeGreaterThan(0.04 * seen.accepted);
    expect(seen.proteins).toBeGreaterThan(small ? 0 : 70);
    expect(seen.proteinsFlagged).toBeLessThanOrEqual(0.01 * seen.proteins);
  });
});

it('the flags are the same in a stream of images, in flat arrays and in a batch', async () => {
  const cell = electronCells[1] as Cell;
  const stills = [0.0025, 0.004].flatMap((error) =>
    simulateSpots({ cell, images: 4, ...electronStills, domainA: 1 / error, spots: 40, seed: 15, noisePx: 0.5 }),
  );
  const ctx = await createContext({ backend: 'wasm', log: { level: 'error' } });
  const indexer = await ctx.indexer({ batch: 3 });
  const one: Crystal[][] = [];
  for (const { spots } of stills) one.push((await indexer.run({ spots, cells: cell })).image(0).crystals());
  const many: Crystal[][] = [];
  for await (const { image } of indexer.stream(stills, { cells: cell })) many.push(image.crystals());
  expect(many).toEqual(one);
  const flags = one.flatMap((crystals) => crystals.map(({ ambiguous }) => ambiguous));
  expect(new Set(flags)).toEqual(new Set([true, false]));
  // A result that is reused keeps nothing of the previous run.
  const spotsWhere = (flag: boolean): Float64Array =>
    (stills[one.findIndex(([crystal]) => crystal?.ambiguous === flag)] as (typeof stills)[number]).spots.slice(0, 90);
  const into = await indexer.run({ spots: spotsWhere(true), cells: cell });
  expect(into.image(0).crystals()[0]?.ambiguous).toBe(true);
  await indexer.run({ spots: spotsWhere(false), cells: cell, into });
  expect(into.image(0).crystals()[0]?.ambiguous).toBe(false);
  await ctx.dispose();
});

describe('rivals', () => {
  const [still] = simulateSpots({
    ...electronStills,
    ...{ cell: electronCells[1] as Cell, spots: 40, seed: 15, domainA: 250, noisePx: 0.5 },
  });
  const { spots, lattices } = still as NonNullable<typeof still>;
  const truth = lattices[0] as Cell;
  const turned = truth.map(([x, y, z]) => [-x, -y, z]) as unknown as Cell;

  it('include the half turn about the beam, from either setting', () => {
    const [first] = rivalsOf(truth, [], spots);
    const [back] = rivalsOf(turned, [], spots);
    expect(first && sameLattice(first, turned)).toBe(true);
    expect(back && sameLattice(back, truth)).toBe(true);
  });

  it('include a candidate that explains as many spots, only once, and none that explains few', () => {
    const far = electronCells[3] as Cell;
    const rivals = rivalsOf(turned, [truth, truth, far], spots);
    expect(rivals.filter((rival) => sameLattice(rival, truth))).toHaveLength(1);
    expect(rivals.some((rival) => sameLattice(rival, far))).toBe(false);
  });

  it('do not exist if the sphere is curved', () => {
    const [image] = simulateSpots({ cell: proteinCells[0] as Cell, spots: 100, seed: 3 });
    const { spots: curved, lattices: known } = image as NonNullable<typeof image>;
    expect(isFlat(Float32Array.from(curved), known[0] as Cell)).toBe(false);
    expect(rivalsOf(known[0] as Cell, [], curved)).toEqual([]);
  });

  it('use the beam as the thin axis, even if the spots lie in one plane', () => {
    const { axis, thickness } = thinAxis(spots);
    expect(Math.abs(axis[2])).toBeGreaterThan(0.9999);
    const square = Array.from({ length: spots.length / 3 }, (_, i) => (spots[3 * i + 2] as number) ** 2);
    expect(thickness).toBeCloseTo(Math.sqrt(square.reduce((sum, x) => sum + x, 0) / square.length), 3);
    expect(thinAxis(spots.map((x, i) => (i % 3 === 1 ? 0 : x)) as Float64Array)).toMatchObject({ thickness: 0 });
    expect(Math.abs(thinAxis(spots.map((x, i) => (i % 3 === 1 ? 0 : x))).axis[1])).toBeGreaterThan(0.99);
  });

  it('weigh spots by the binomial tail', () => {
    // Ten spots exactly on nodes: at the smallest radius all ten are occupied, with p = 2⁻¹⁸ each and 1 / p trials.
    const cell = cellFromParameters(10, 10, 10, 90, 90, 90);
    const exact = Float64Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? (i / 3 + 1) / 10 : 0));
    expect(log10Chance(cell, exact)).toBeCloseTo(9 * Math.log10(2 ** -18), 9);
    // Each node counts once: ten copies of a spot count as one.
    const split = exact.map((_, i) => (i % 3 === 0 ? 0.1 : 0));
    expect(log10Chance(cell, split)).toBeGreaterThan(-1e-9);
  });
});
