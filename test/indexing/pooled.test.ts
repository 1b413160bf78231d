/** The unknown cell of many images of few spots: what is found, how well, and why nothing is. */
import {
  type Cell,
  type Context,
  cellFromParameters,
  createContext,
  type DeterminedCell,
  simulateSpots,
  volume,
} from 'ewald';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { beams } from '../../benchmarks/lib/small-cells.mjs';
import { primitiveOf } from '../../src/crystal/centring.js';
import { product, stretch } from '../../src/crystal/strain.js';
import { fewModel } from '../../src/indexing/few/choice.js';
import { batchOf, Frames } from '../../src/indexing/pooled/frames.js';
import { latticesOf } from '../../src/indexing/pooled/lattice.js';
import { poolOf } from '../../src/indexing/pooled/lengths.js';
import {
  cellOfMetric,
  determinantOf,
  listNodes,
  reduce,
  reduced,
  roomForNodes,
  sameVectors,
} from '../../src/indexing/pooled/metric.js';
import { pooledCell } from '../../src/indexing/pooled/search.js';

type Six = readonly [number, number, number, number, number, number];
const cells: Record<'oP' | 'aP' | 'hP' | 'cF', Six> = {
  cF: [25.83, 25.83, 25.83, 90, 90, 90],
  oP: [6.83, 10.94, 17.42, 90, 90, 90],
  aP: [5.13, 7.21, 9.34, 77.6, 83.9, 70.8],
  hP: [18.41, 18.41, 7.52, 90, 90, 120],
};

/** Stills of five to eight spots, as many of each. */
function stillsOf(name: keyof typeof cells, beam: keyof typeof beams, images: number, spurious = 0): Float64Array[] {
  const cell = cellFromParameters(...cells[name]);
  return [5, 6, 7, 8].flatMap((spots) =>
    simulateSpots({
      cell,
      centring: name === 'cF' ? 'F' : 'P',
      dMinA: name === 'cF' ? 1.25 : 0.95,
      bFactorA2: 4,
      noisePx: 0.4,
      detectorPx: [2100, 2100],
      ...beams[beam],
      spots,
      spurious,
      images: images / 4,
      seed: 7 * spots + images,
    }).map((still) => still.spots),
  );
}

let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'native' });
});
afterAll(() => context?.dispose());

async function determined(stills: readonly Float64Array[]): Promise<{ found: DeterminedCell[]; said: string[] }> {
  const said: string[] = [];
  const indexer = await context.indexer();
  const found = await indexer.determineCell(stills, { onEvent: ({ text }) => said.push(text) });
  return { found, said };
}

/** A seeded source of numbers from −1 to 1. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 31 - 1;
  };
}

describe('reciprocal metrics', () => {
  const metricOf = (m: Cell): Float64Array => {
    const at = (i: 0 | 1 | 2, j: 0 | 1 | 2): number => m[i].reduce((sum, x, k) => sum + x * (m[j][k] as number), 0);
    return Float64Array.of(at(0, 0), at(1, 1), at(2, 2), at(1, 2), at(0, 2), at(0, 1));
  };

  test('keep their volume and their nodes when they are reduced', () => {
    const next = seeded(5);
    const room = roomForNodes(4096);
    const nodes = (g: Float64Array): number[] =>
      [...room.lengths.subarray(0, listNodes(g, 0.5, room))].sort((p, q) => p - q);
    for (let round = 0; round < 15; round++) {
      const row = (): [number, number, number] => [0.1 * next(), 0.1 * next(), 0.1 * next()];
      const metric = metricOf([row(), row(), row()]);
      // Too flat to be a cell.
      if (determinantOf(metric) < 1e-7) continue;
      const given = Float64Array.from(metric);
      const before = nodes(metric);
      reduce(metric);
      expect(determinantOf(metric) / determinantOf(given)).toBeCloseTo(1, 6);
      const after = nodes(metric);
      expect(after.length).toBe(before.length);
      for (const [i, length] of after.entries()) expect(length).toBeCloseTo(before[i] as number, 9);
      // All of a sphere, by their number.
      const cell = cellOfMetric(metric) as Cell;
      expect(Math.abs(volume(cell)) ** -2 / determinantOf(given)).toBeCloseTo(1, 6);
    }
  });
});

test('lattices that differ along a long axis are two', () => {
  const [one, other] = [90, 90.5].map((beta) => reduced(cellFromParameters(5, 6, 40, 90, beta, 90)) as Cell);
  expect(sameVectors(one as Cell, other as Cell, 5e-4)).toBe(false);
  expect(sameVectors(one as Cell, one as Cell, 1e-9)).toBe(true);
});

describe('the lattice of a strained cell', () => {
  test('is the symmetric one within errors, and a lower one beyond them', () => {
    const next = seeded(9);
    for (let round = 0; round < 2; round++) {
      const error = 1e-3;
      const covariance = Float64Array.from({ length: 36 }, (_, i) => (i % 7 === 0 ? error ** 2 : 0));
      const [a, b, c] = [7, 11 + next(), 17 + next()];
      const bent = (degrees: number): string | undefined =>
        latticesOf(cellFromParameters(a, b, c, 90, 90 + degrees, 90), covariance, 0.02)[0]?.type;
      // One radian of an angle is one of the strain times √2.
      expect(bent((error * 180) / Math.PI)).toBe('oP');
      expect(bent((12 * error * 180) / Math.PI)).toBe('mP');
      const [first] = latticesOf(cellFromParameters(a, b, c, 90, 90, 90), covariance, 0.02);
      for (const i of [0, 1, 2]) expect((first?.errors[i] ?? 0) / ([a, b, c][i] as number) / error).toBeCloseTo(1.1, 1);
    }
  });
});

describe.each(['mono', 'electrons'] as const)('few spots of %s', (beam) => {
  test('bring a cell that is .3 % off to the true one, within its errors', async () => {
    const indexer = await context.indexer({ method: 'few', batch: 60, maxOutputCells: 16 });
    const { wavelengthA } = beams[beam];
    // The same class, as it is built and as it is written.
    const run = indexer.run as unknown as ConstructorParameters<typeof Frames>[0];
    const frames = new Frames(run, { wavelengthA }, fewModel({}, wavelengthA));
    const stills = batchOf(stillsOf('aP', beam, 60));
    const [a, b, c, ...angles] = cells.aP;
    const start = cellFromParameters(a * 1.003, b * 0.998, c * 1.001, ...angles);
    const { cell, covariance, used } = await frames.fitted(start, stills, { rounds: 3 });
    expect(used).toBeGreaterThan(30);
    const [found] = latticesOf(cell, covariance as Float64Array, 0.02);
    expect(found?.type).toBe('aP');
    const truth = latticesOf(cellFromParameters(...cells.aP), covariance as Float64Array, 0.02)[0];
    for (const i of [0, 1, 2, 3, 4, 5]) {
      const error = found?.errors[i] as number;
      expect(Math.abs((found?.parameters[i] as number) - (truth?.parameters[i] as number)) / error).toBeLessThan(4.5);
      expect(error).toBeLessThan(i < 3 ? 0.01 : 0.15);
    }
    await indexer.dispose();
  });

  test('explain images of another crystal no better than chance', async () => {
    const indexer = await context.indexer({ method: 'few', batch: 60, maxOutputCells: 16 });
    const { wavelengthA } = beams[beam];
    const run = indexer.run as unknown as ConstructorParameters<typeof Frames>[0];
    const frames = new Frames(run, { wavelengthA }, fewModel({}, wavelengthA));
    const cell = cellFromParameters(...cells.oP);
    const own = await frames.verdict(cell, batchOf(stillsOf('oP', beam, 24, 0.25)));
    const others = await frames.verdict(cell, batchOf(stillsOf('hP', beam, 24, 0.25)));
    expect(own.unexplained).toBeLessThan(0.15 * 24);
    expect(others.unexplained).toBeGreaterThan(0.5 * 24);
    await indexer.dispose();
  });

  test.each(['oP', 'hP'] as const)(
    'of an unknown cell %s determine it, with its lattice',
    { tags: 'nightly', timeout: 600_000 },
    async (name) => {
      const { found, said } = await determined(stillsOf(name, beam, 60));
      const [best] = found;
      expect(best?.bravais[0]?.type).toBe(name);
      expect([found.length, said]).toEqual([1, []]);
      expect(best?.few?.share).toBeGreaterThan(0.6);
      expect(best?.few?.next?.log10Odds).toBeGreaterThan(3);
      for (const [i, wanted] of cells[name].entries())
        expect(Math.abs((best?.bravais[0]?.parameters[i] ?? 0) - wanted)).toBeLessThan(
          4.5 * (best?.errors?.[i] ?? 0) + 1e-6,
        );
    },
  );
});

/** Whether each image takes the setting that it fits best decides how symmetric a lattice seems. */
test('a bent start ends as the symmetric cell, within its errors', { tags: 'nightly', timeout: 600_000 }, async () => {
  const indexer = await context.indexer({ method: 'few', batch: 60, maxOutputCells: 16 });
  const { wavelengthA } = beams.electrons;
  const model = fewModel({}, wavelengthA);
  const run = indexer.run as unknown as ConstructorParameters<typeof Frames>[0];
  const images = stillsOf('cF', 'electrons', 60, 0.25);
  const truth = reduced(primitiveOf(cellFromParameters(...cells.cF), 'F')) as Cell;
  const bent = reduced(product(truth, stretch([0.002, -0.003, 0.001, -0.002, 0.003, 0.001]))) as Cell;
  const found = await pooledCell(
    {
      frames: new Frames(run, { wavelengthA }, model),
      pool: poolOf([], wavelengthA, model),
      images,
      given: [bent],
    },
    { signal: undefined, tell: () => {} },
  );
  const [best] = latticesOf(found?.cell as Cell, found?.covariance as Float64Array, 0.02);
  expect(best?.type).toBe('cF');
  const [length, error] = [best?.parameters[0] as number, best?.errors[0] as number];
  expect(Math.abs(length - cells.cF[0]) / error).toBeLessThan(3.5);
  expect(error / length).toBeLessThan(5e-4);
  await indexer.dispose();
});

test('ten images of few spots say how many are needed', { tags: 'all' }, async () => {
  const { found, said } = await determined(stillsOf('oP', 'electrons', 12).slice(0, 10));
  expect(found).toEqual([]);
  expect(said).toEqual([
    '10 images of few spots do not determine a small cell: 15 clean ones may, and 60 or more do (120 if a third of the ' +
      'spots is spurious)',
  ]);
});

test('two phases in one list are both found', { tags: 'nightly', timeout: 600_000 }, async () => {
  const { found, said } = await determined([...stillsOf('aP', 'mono', 60), ...stillsOf('hP', 'mono', 60)]);
  expect(said).toEqual([]);
  expect(found.map(({ few }) => few?.phase)).toEqual([1, 2]);
  expect(found.map(({ bravais }) => bravais[0]?.type).sort()).toEqual(['aP', 'hP']);
});

test('points that are no lattice are refused in words', { tags: 'nightly', timeout: 600_000 }, async () => {
  const next = seeded(3);
  const noise = Array.from({ length: 60 }, () =>
    Float64Array.from(
      Array.from({ length: 7 }, () => {
        const [x, y] = [0.7 * next(), 0.7 * next()];
        return [x, y, Math.sqrt(1 - x * x - y * y) - 1];
      }).flat(),
    ),
  );
  const { found, said } = await determined(noise);
  expect(found).toEqual([]);
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/^no cell is accepted for 60 images of 7 spots \(median\)/);
});
