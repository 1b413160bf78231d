/**
 * Axes get the names that their spots support where the known cell is nearly more symmetric than it is, on every
 * backend and by every method; where the spots do not tell, the crystal is ambiguous.
 */
import {
  type Cell,
  type Centring,
  type Crystal,
  cellFromParameters,
  createContext,
  devices,
  sameLattice,
  simulateSpots,
} from 'ewald';
import { describe, expect, it } from 'vitest';
import { lengthsOf } from '../../src/crystal/cell.js';
import { primitiveOf } from '../../src/crystal/centring.js';
import { hasRightLabel, labelsOf } from '../../src/crystal/symmetry/labels.js';
import { settledAxes } from '../../src/pipeline/first-frames/known-axes.js';
import { batchOf, plainCells, pseudoCells, verdictOf } from '../support/labels.mjs';

type Six = [number, number, number, number, number, number];
type Known = readonly [parameters: Six, centring: Centring];
const pseudo = Object.entries(pseudoCells) as unknown as [string, Known][];
const plain = Object.entries(plainCells) as unknown as [string, Known][];

/** Stills of a cell, a few of each length. */
const stillsOf = ([parameters, centring]: Known, lengths: readonly number[], images: number, more = {}) =>
  lengths.flatMap((spots) =>
    simulateSpots({
      ...{ cell: cellFromParameters(...parameters), centring, images, spots, seed: 77_000 + spots },
      ...{ noisePx: 0.5, spurious: 0.2, ...more },
    }),
  );
type Still = ReturnType<typeof stillsOf>[number];
const sets = new Map(pseudo.map(([name, known]) => [name, stillsOf(known, [20, 50, 120, 300], 4)]));

const counted = (verdicts: readonly string[]): Record<string, number> => {
  const seen: Record<string, number> = { lattice: 0, label: 0, undecided: 0, right: 0 };
  for (const verdict of verdicts) seen[verdict] = (seen[verdict] ?? 0) + 1;
  return seen;
};

it('the labels of a cell are the cosets of its own rotations in those of its near symmetry', () => {
  const counts = (cells: readonly [string, Known][]) =>
    cells.map(
      ([, [parameters, centring]]) => labelsOf(primitiveOf(cellFromParameters(...parameters), centring)).labels.length,
    );
  expect(counts(pseudo)).toEqual([2, 2, 4, 3, 3, 4, 6, 2, 3, 3]);
  expect(counts(plain)).toEqual([1, 1, 1, 1, 1]);
});

describe('the mean cell of crystals', () => {
  const found = async (truth: Six, given: Six, images: number) => {
    const context = await createContext({ backend: 'native', strict: true });
    const indexer = await context.indexer({ batch: images });
    const stills = stillsOf([truth, 'P'], [100], images, { noisePx: 1 });
    const result = await indexer.run({ ...batchOf(stills.map(({ spots }) => spots)), cells: [{ parameters: given }] });
    const crystals = stills.flatMap(({ spots }, i) =>
      result
        .image(i)
        .crystals()
        .map(({ cell, ambiguous }) => ({ cell, spots, ambiguous })),
    );
    await context.dispose();
    return settledAxes({ cell: cellFromParameters(...given), centring: 'P' }, crystals);
  };

  it('is used where the known cell is wrong by as much as its axes differ', async () => {
    const settled = await found([90.63, 91.26, 49.04, 90, 90, 90], [90.9, 91.0, 49.04, 90, 90, 90], 24);
    const [a = 0, b = 0, c = 0] = lengthsOf(settled?.cell?.cell as Cell);
    expect([a, b, c].map((x, i) => Math.abs(x - ([90.63, 91.26, 49.04][i] as number)) < 0.06)).toEqual([
      true,
      true,
      true,
    ]);
    expect(settled?.text).toMatch(/mean cell, 90\.6.*, decides 2\d and is used instead.*nearly as near to 91\.2/);
  });

  it('says nothing about a cell that is right', async () => {
    expect(await found([90.63, 91.26, 49.04, 90, 90, 90], [90.63, 91.26, 49.04, 90, 90, 90], 24)).toBeUndefined();
  });

  it('leaves equal axes undecided', async () => {
    const settled = await found([90.9, 90.9, 49.04, 90, 90, 90], [90.63, 91.26, 49.04, 90, 90, 90], 24);
    expect(settled?.cell).toBeUndefined();
    expect(settled?.text).toMatch(/too nearly equal/);
  });
});

it('the score tells a wrong label from a wrong lattice', () => {
  const [a, b, c] = cellFromParameters(90.63, 91.26, 49.04, 90, 90, 90);
  const back = (v: Cell[number]): Cell[number] => [-v[0], -v[1], -v[2]];
  const of = (cell: Cell, ambiguous = false) => verdictOf({ cell, ambiguous } as Crystal, [[a, b, c]]);
  expect(of([a, b, c])).toBe('right');
  expect(of([back(a), back(b), c])).toBe('right');
  expect(of([b, back(a), c])).toBe('label');
  expect(of([b, back(a), c], true)).toBe('undecided');
  expect(of([a, b, [2 * c[0], 2 * c[1], 2 * c[2]]])).toBe('lattice');
  expect(hasRightLabel([b, back(a), c], [a, b, c])).toBe(false);
});

describe.each(['native', 'wasm', 'cuda-emulated'] as const)('names of axes on %s', (backend) => {
  const runs = async (
    skip: (why: string) => void,
    one: (run: (known: Known, stills: readonly Still[], options?: object) => Promise<Crystal[][]>) => Promise<void>,
    sizes: object = {},
  ) => {
    if (!(await devices({ backend })).find((row) => row.backend === backend)?.available) skip(`absent: ${backend}`);
    // A GPU returns lattices, and the CPU names their axes: its context is not strict.
    const context = await createContext({ backend, log: { level: 'error' } });
    const indexer = await context.indexer({ batch: 64, maxBatchSpots: 2 ** 15, threads: 1, ...sizes });
    await one(async ([parameters, centring], stills, options = {}) => {
      const input = { ...batchOf(stills.map(({ spots }) => spots)), cells: [{ parameters, centring }], ...options };
      const result = await indexer.run(input);
      return stills.map((_, i) => result.image(i).crystals());
    });
    await context.dispose();
  };
  const isSlow = backend === 'cuda-emulated';

  it('are right or undecided', async ({ skip }) => {
    const verdicts: string[] = [];
    await runs(skip, async (run) => {
      for (const [name, known] of isSlow ? pseudo.slice(0, 1) : pseudo) {
        const all = sets.get(name) as Still[];
        const stills = isSlow ? all.slice(4, 8) : all;
        const found = await run(known, stills);
        for (const [i, { lattices }] of stills.entries()) {
          const [crystal] = found[i] as Crystal[];
          verdicts.push(verdictOf(crystal, lattices as Cell[], known[1]));
          for (const rival of crystal?.rivals ?? [])
            expect([
              sameLattice(rival, crystal?.cell as Cell, 0.2),
              hasRightLabel(rival, crystal?.cell as Cell),
            ]).not.toEqual([true, true]);
        }
      }
    });
    expect(counted(verdicts)).toMatchObject({ lattice: 0, label: 0 });
    expect(counted(verdicts).undecided).toBeLessThanOrEqual(1 + 0.05 * verdicts.length);
  });

  it('are decided for each of two crystals', async ({ skip }) => {
    const [, known] = pseudo[0] as [string, Known];
    const stills = stillsOf(known, [120], isSlow ? 2 : 8, { crystals: 2 });
    await runs(skip, async (run) => {
      const found = await run(known, stills, { maxCrystals: 2 });
      const verdicts = stills.flatMap(({ lattices }, i) =>
        (found[i] as Crystal[]).map((crystal) => verdictOf(crystal, lattices as Cell[], known[1])),
      );
      expect(verdicts.length).toBeGreaterThan(1.5 * stills.length);
      expect(counted(verdicts)).toMatchObject({ label: 0 });
    });
  });
});

describe('names of axes', () => {
  it('are undecided where no CPU may decide them', async ({ skip }) => {
    if (!(await devices({ backend: 'cuda-emulated' })).find((row) => row.backend === 'cuda-emulated')?.available)
      skip('absent: cuda-emulated');
    const [, [parameters]] = pseudo[0] as [string, Known];
    const context = await createContext({ backend: 'cuda-emulated', strict: true, log: { level: 'error' } });
    const indexer = await context.indexer();
    const [still] = sets.get('oP 0.7 %') as Still[];
    const [crystal] = (await indexer.run({ spots: still?.spots as unknown as Float32Array, cells: { parameters } }))
      .image(0)
      .crystals();
    await context.dispose();
    expect(crystal).toMatchObject({ ambiguous: true, rivals: [] });
  });

  it('are decided by the exhaustive method', { tags: 'all' }, async () => {
    const context = await createContext({ backend: 'native', strict: true });
    const indexer = await context.indexer({ batch: 16, method: 'exhaustive' });
    const verdicts: string[] = [];
    for (const [name, [parameters, centring]] of pseudo.slice(0, 3)) {
      const stills = sets.get(name) as Still[];
      const result = await indexer.run({
        ...batchOf(stills.map(({ spots }) => spots)),
        cells: [{ parameters, centring }],
      });
      for (const [i, { lattices }] of stills.entries())
        verdicts.push(verdictOf(result.image(i).crystals()[0], lattices as Cell[], centring));
    }
    await context.dispose();
    expect(counted(verdicts)).toMatchObject({ label: 0 });
  });

  it('are undecided, with the other names as rivals, where the spots cannot tell', async () => {
    const known: Known = [[90.9, 91.0, 49.04, 90, 90, 90], 'P'];
    const stills = stillsOf(known, [40], 8, { noisePx: 1 });
    const context = await createContext({ backend: 'native', strict: true });
    for (const maxOutputCells of [1, 16]) {
      const indexer = await context.indexer({ batch: 8, maxOutputCells });
      const result = await indexer.run({
        ...batchOf(stills.map(({ spots }) => spots)),
        cells: [{ parameters: known[0] }],
      });
      for (const i of stills.keys()) {
        const [crystal] = result.image(i).crystals();
        expect(crystal?.ambiguous).toBe(true);
        expect(crystal?.rivals).toHaveLength(maxOutputCells > 1 ? 1 : 0);
        for (const rival of crystal?.rivals ?? []) {
          expect(sameLattice(rival, crystal?.cell as Cell)).toBe(true);
          expect(hasRightLabel(rival, crystal?.cell as Cell)).toBe(false);
        }
      }
      await indexer.dispose();
    }
    await context.dispose();
  });

  it('leave cells without a near symmetry as they are', async () => {
    const context = await createContext({ backend: 'native', strict: true });
    const indexer = await context.indexer({ batch: 8 });
    for (const [, known] of plain) {
      const stills = stillsOf(known, [50, 300], 4);
      const result = await indexer.run({
        ...batchOf(stills.map(({ spots }) => spots)),
        cells: [{ parameters: known[0], centring: known[1] }],
      });
      const verdicts = stills.map(({ lattices }, i) =>
        verdictOf(result.image(i).crystals()[0], lattices as Cell[], known[1]),
      );
      expect(counted(verdicts)).toMatchObject({ right: stills.length });
    }
    await context.dispose();
  });
});
