/** Few spots of small cells: three to fifteen spots give an orientation, its odds, and what they leave open. */
import {
  type BackendName,
  type Cell,
  type Context,
  type Crystal,
  cellFromParameters,
  createContext,
  type SpotSimulation,
  simulateSpots,
} from 'ewald';
import { describe, expect, it } from 'vitest';
import { beams } from '../../benchmarks/lib/small-cells.mjs';
import { openEach } from '../support/contexts.js';

/** The spots of a flat detector, in mm from the beam, at a distance in mm. */
function spotsAt(positions: readonly number[], distance: number, wavelength: number): Float64Array {
  const spots: number[] = [];
  for (let i = 0; i < positions.length; i += 2) {
    const [x, y] = [positions[i] as number, positions[i + 1] as number];
    const length = Math.hypot(x, y, distance) * wavelength;
    spots.push(x / length, y / length, distance / length - 1 / wavelength);
  }
  return Float64Array.from(spots);
}

/** The node nearest to each spot: h, k, l. */
const indicesOf = (cell: Cell, spots: ArrayLike<number>): number[][] =>
  Array.from({ length: spots.length / 3 }, (_, i) =>
    cell.map((row) => Math.round(row.reduce((sum, x, axis) => sum + x * (spots[3 * i + axis] as number), 0))),
  );

const totalOf = ({ log10Chance }: Crystal): number => -log10Chance * Math.LN10;

const xrays = {
  wavelengthA: 1,
  spotError: (0.4 * 0.075) / 80,
  bandwidth: 0.001,
  mosaicityRad: 0.0015,
  thicknessA: 1 / 0.0003,
};
const electrons = {
  wavelengthA: 0.02508,
  spotError: (0.4 * 0.055) / (1140 * 0.02508),
  bandwidth: 1e-5,
  mosaicityRad: 0.002,
  thicknessA: 1 / 0.003,
};
const oP = cellFromParameters(6.83, 10.94, 17.42, 90, 90, 90);
const aP = cellFromParameters(5.13, 7.21, 9.34, 77.6, 83.9, 70.8);
const oA = cellFromParameters(12.16, 19.83, 13.41, 90, 90, 90);
const protein = cellFromParameters(79, 79, 38, 90, 90, 90);

const stillsOf = (cell: Cell, beam: keyof typeof beams, options: Partial<SpotSimulation>) =>
  simulateSpots({ cell, dMinA: 0.9, bFactorA2: 4, noisePx: 0.4, detectorPx: [2100, 2100], ...beams[beam], ...options });

describe.each(['native', 'wasm'] as const)('few spots on %s', (backend) => {
  let context: Context;
  openEach(backend, (opened) => {
    context = opened;
  });

  it('have the evidence of the published formula', async () => {
    const indexer = await context.indexer({ method: 'few' });
    const positions = [4.533, 19.483, 28.109, 4.611, 69.468, 75.752, -14.221, -61.96];
    const spots = spotsAt(positions, 80, 1);
    const [crystal] = (await indexer.run({ spots, cells: oP, ...xrays })).image(0).crystals() as [Crystal];
    expect(totalOf(crystal)).toBeCloseTo(18.478, 2);
    expect(crystal.ambiguous).toBe(false);
    expect(crystal.otherHand).toBeUndefined();
    expect(crystal.indexedSpots).toBe(4);
    const indices = indicesOf(crystal.cell, spots).map((index) => index.map(Math.abs));
    expect(indices).toEqual([
      [1, 1, 3],
      [0, 2, 5],
      [1, 1, 15],
      [4, 1, 5],
    ]);
  });

  it('of one zone of a flat sphere keep both hands, at equal odds', async () => {
    const indexer = await context.indexer({ method: 'few' });
    const positions = [2.08, -9.222, -8, -18.392, -16.664, 16.788, -10.126, -9.238, 24.457, -0.144];
    const spots = spotsAt(positions, 1140, 0.02508);
    const [crystal] = (await indexer.run({ spots, cells: aP, ...electrons })).image(0).crystals() as [Crystal];
    expect(totalOf(crystal)).toBeCloseTo(16.572, 2);
    expect([crystal.labelsDecided, crystal.ambiguous, crystal.rivals.length]).toEqual([true, true, 1]);
    expect([...crystal.mask]).toEqual([1, 1, 0, 1, 1]);
    expect(crystal.otherHand?.odds).toBeCloseTo(1, 3);
    const [own, other] = [crystal.cell, crystal.otherHand?.cell as Cell].map((cell) =>
      indicesOf(cell, spots).filter((_, i) => i !== 2),
    ) as [number[][], number[][]];
    expect(other).toEqual(own.map((index) => index.map((h) => 0 - h)));
    const up = own[0]?.[0] === 1 ? own : other;
    expect(up).toEqual([
      [1, 1, -2],
      [0, 1, -6],
      [-1, 0, -4],
      [4, 2, 4],
    ]);
  });

  it('are told from others by their number and the size of the cell', async () => {
    const [usual, fast] = [await context.indexer(), await context.indexer({ method: 'fast' })];
    const run = async (indexer: typeof usual, cell: Cell, spots: number) => {
      const [still] = stillsOf(cell, 'mono', { spots, images: 1, seed: 3, dMinA: spots > 100 ? 2 : 0.9 });
      return (await indexer.run({ spots: (still as { spots: Float64Array }).spots, cells: cell })).toPlain();
    };
    for (const [cell, spots, few] of [
      [oA, 25, true],
      [oA, 26, false],
      [protein, 12, false],
      [protein, 150, false],
    ] as const) {
      const [own, other] = [await run(usual, cell, spots), await run(fast, cell, spots)];
      expect([cell[0][0], spots, own.views[0]?.few]).toEqual([cell[0][0], spots, few]);
      if (!few) expect(own).toEqual(other);
    }
  });

  it('share a batch with other images', async () => {
    const still = (stillsOf(oA, 'mono', { spots: 80, spurious: 0.8, images: 1, seed: 9 })[0] as { spots: Float64Array })
      .spots;
    const clean = (stillsOf(oA, 'mono', { spots: 9, images: 1, seed: 9 })[0] as { spots: Float64Array }).spots;
    const lists = [6, 40, 2, 9, 60, 0, 4].map((spots) => (spots < 20 ? clean : still).subarray(0, 3 * spots));
    const indexer = await context.indexer({ batch: 7, threads: 2 });
    const offsets = lists.reduce<number[]>((all, list) => [...all, (all.at(-1) as number) + list.length / 3], [0]);
    const spots = lists.flatMap((list) => [...list]);
    const all = await indexer.run({ spots, offsets, cells: oA });
    for (const [i, list] of lists.entries()) {
      const view = all.image(i);
      const alone = (await indexer.run({ spots: list, cells: oA })).image(0);
      expect(view.crystals()).toEqual(alone.crystals());
      expect([...view.assignment]).toEqual([...alone.assignment]);
      expect([view.few, view.tooFewSpots]).toEqual([[6, 9, 4].includes(list.length / 3), list.length / 3 < 3]);
    }
  });

  it('of two crystals are found one after the other', async () => {
    const indexer = await context.indexer();
    let found = 0;
    for (const { spots, owner } of stillsOf(oP, 'mono', {
      spots: 14,
      crystals: 2,
      spurious: 0.14,
      images: 6,
      seed: 5,
    })) {
      const crystals = (await indexer.run({ spots, cells: oP, maxCrystals: 8 })).image(0).crystals();
      const own = [1, 2].map((k) => crystals.some(({ mask }) => owner.every((o, i) => (o === k) === (mask[i] === 1))));
      found += own.every(Boolean) ? 1 : 0;
    }
    expect(found).toBeGreaterThanOrEqual(5);
  });

  it('count where one of them is beyond all nodes that a small cell has', async () => {
    const large = cellFromParameters(18, 18, 18, 88, 87, 92);
    const [still] = stillsOf(large, 'electrons', { spots: 8, images: 1, seed: 2 });
    // A reflection of 0.3 Å: the sphere about it is full of nodes.
    const far = [2, 2.6, Math.sqrt(1 / 0.02508 ** 2 - 2 * 2 - 2.6 * 2.6) - 1 / 0.02508];
    const spots = [...(still as { spots: Float64Array }).spots, ...far];
    for (const method of [undefined, 'few'] as const) {
      const indexer = await context.indexer({ method });
      const image = (await indexer.run({ spots, cells: large })).image(0);
      expect([image.few, image.indexed]).toEqual([true, true]);
      expect([...(image.crystals()[0]?.mask ?? [])].slice(0, 8)).toEqual(Array(8).fill(1));
    }
  });

  it('have the errors of their own beam where the first image is blank', async () => {
    const [still] = stillsOf(aP, 'electrons', { spots: 8, images: 1, seed: 3 });
    const spots = (still as { spots: Float64Array }).spots;
    const indexer = await context.indexer({ method: 'few', batch: 2 });
    const own = (await indexer.run({ spots, cells: aP })).image(0).crystals()[0] as Crystal;
    for (const offsets of [
      [0, 0, spots.length / 3],
      [0, spots.length / 3, spots.length / 3],
    ]) {
      const result = await indexer.run({ spots, offsets: Uint32Array.from(offsets), cells: aP });
      expect(result.image(offsets[1] === 0 ? 1 : 0).crystals()[0]?.log10Chance).toBe(own.log10Chance);
    }
  });

  it('refuse what they cannot tell, and say what to do', async () => {
    const indexer = await context.indexer({ method: 'few' });
    const refused = (spots: number[], cells: Cell, options = {}) => indexer.run({ spots, cells, ...options });
    const flat = [0.1, 0.2, 0, 0.3, -0.1, 0, 0.2, 0.2, 0, -0.3, 0.1, 0];
    await expect(refused(flat, aP)).rejects.toThrow(/voltage, is not known.*λ = 0\.0418/);
    await expect(
      refused(
        flat.map((x, i) => x + 0.03 * (i % 2)),
        aP,
      ),
    ).rejects.toThrow(/no Ewald sphere.*wavelengthA/);
    await expect(refused(flat, cellFromParameters(790, 790, 380, 90, 90, 90), { wavelengthA: 1 })).rejects.toThrow(
      /small cells.*leave the method out/,
    );
    await expect(refused(flat, aP, { mosaicityRad: -1 })).rejects.toThrow(/mosaicityRad is -1; expected/);
    const two = (await refused([0.1, 0.2, -0.02, 0.2, 0.1, -0.02], aP)).image(0);
    expect([two.tooFewSpots, two.indexed]).toEqual([true, false]);
  });
});

it.each([
  ['mono', oP, 6],
  ['pink', oP, 6],
  ['electrons', aP, 10],
] as const)(
  'few spots of %s are indexed although half as many are spurious, and noise is not',
  async (beam, cell, spots) => {
    const backend: BackendName = 'wasm';
    const context = await createContext({ backend });
    try {
      const indexer = await context.indexer();
      const counts = { right: 0, wrong: 0, noise: 0 };
      for (const seed of [1, 2, 3]) {
        const noise = stillsOf(cell, beam, { spots: 1.5 * spots, spurious: 1, images: 10, seed });
        for (const list of noise)
          if ((await indexer.run({ spots: list.spots, cells: cell })).image(0).indexed) counts.noise++;
        const stills = stillsOf(cell, beam, { spots: 1.5 * spots, spurious: 1 / 3, images: 10, seed });
        for (const still of stills) {
          const view = (await indexer.run({ spots: still.spots, cells: cell })).image(0);
          expect(view.few).toBe(true);
          const [crystal] = view.crystals();
          if (!crystal?.labelsDecided) continue;
          // Up to the rotations of the lattice, and to an inversion.
          const labels = (of: Cell): string[] =>
            indicesOf(of, still.spots).map((index) => {
              if (cell === oP) return index.map(Math.abs).join();
              const sign = Math.sign(index.find((h) => h !== 0) ?? 1);
              return index.map((h) => sign * h).join();
            });
          const [own, truth] = [labels(crystal.cell), labels(still.lattices[0] as Cell)];
          const count = own.filter((label, i) => still.owner[i] === 1 && label === truth[i]).length;
          if (count >= 0.7 * spots) counts.right++;
          else counts.wrong++;
        }
      }
      expect(counts.right).toBeGreaterThanOrEqual(28);
      expect([counts.wrong, counts.noise]).toEqual([0, 0]);
    } finally {
      await context.dispose();
    }
  },
);
