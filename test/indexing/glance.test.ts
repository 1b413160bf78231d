/**
 * A search that its best candidates settle ends at once, with the lattice that the whole search finds; all other
 * searches are unaffected. An indexer with `debug` always makes the whole search.
 */
import {
  type Cell,
  type Context,
  cellFromParameters,
  createContext,
  devices,
  type IndexingResult,
  type SpotSimulation,
  sameLattice,
  simulateSpots,
} from 'ewald';
import { afterAll, describe, expect, it } from 'vitest';

const tri = cellFromParameters(50, 62, 73, 82, 77, 71);
const tetra = cellFromParameters(79, 79, 38, 90, 90, 90);
const small = cellFromParameters(12, 17, 21, 90, 98, 90);
const electrons = {
  ...{ wavelengthA: 0.0251, bandwidth: 0, mosaicityRad: 0.0017, distanceMm: 1500, pixelMm: 0.055, dMinA: 0.75 },
  detectorPx: [1024, 1024],
} satisfies Partial<SpotSimulation>;

const imageBytes = (bytes: Uint8Array, i: number, images: number): Uint8Array =>
  bytes.subarray((i * bytes.length) / images, ((i + 1) * bytes.length) / images);

describe.each(['wasm', 'native', 'cuda-emulated'] as const)('a glance on %s', (backend) => {
  let context: Context | undefined;
  afterAll(() => context?.dispose());
  const opened = async (skip: (why: string) => void): Promise<Context> => {
    if (!(await devices({ backend })).find((row) => row.backend === backend)?.available) skip(`absent: ${backend}`);
    context ??= await createContext({ backend, strict: true, log: { level: 'error' } });
    return context;
  };
  /** The results of a usual indexer and of one that makes the whole search. */
  const both = async (
    ctx: Context,
    cells: Cell[],
    lists: readonly ArrayLike<number>[],
    options: { method?: 'fast' | 'turbo'; maxCrystals?: number } = {},
  ): Promise<[IndexingResult, IndexingResult]> => {
    const { maxCrystals = 1, method = 'fast' } = options;
    const offsets = Uint32Array.from({ length: lists.length + 1 }, (_, i) =>
      lists.slice(0, i).reduce((sum, list) => sum + list.length / 3, 0),
    );
    const spots = Float32Array.from(lists.flatMap((list) => Array.from(list)));
    const results: IndexingResult[] = [];
    for (const debug of [false, true]) {
      const sizes = { batch: lists.length, maxInputCells: cells.length, maxOutputCells: 8, threads: 1 };
      const indexer = await ctx.indexer({ ...sizes, method, debug });
      results.push(await indexer.run({ spots, offsets, cells, maxCrystals }));
      await indexer.dispose();
    }
    return results as [IndexingResult, IndexingResult];
  };
  const few = backend === 'cuda-emulated';
  const cells = few ? [tri] : [tri, tetra];

  it('finds the lattices of the whole search, and leaves unsettled images as they are', { tags: 'all' }, async ({
    skip,
  }) => {
    const ctx = await opened(skip);
    let [settled, unsettled] = [0, 0];
    for (const method of few ? (['fast'] as const) : (['fast', 'turbo'] as const))
      for (const maxCrystals of [1, 2])
        for (const cell of cells) {
          const lists = [0, 0.6].flatMap((spurious, seed) =>
            (few ? [200] : [45, 300]).flatMap((spots) =>
              simulateSpots({ cell, spots, seed, spurious, crystals: maxCrystals, images: few ? 1 : 2 }),
            ),
          );
          const [glanced, whole] = await both(
            ctx,
            [cell],
            lists.map(({ spots }) => spots),
            { method, maxCrystals },
          );
          for (let i = 0; i < lists.length; i++) {
            const found = glanced.image(i);
            const expected = whole.image(i).crystals();
            expect(found.crystals()).toHaveLength(expected.length);
            for (const crystal of found.crystals())
              expect(expected.some((other) => sameLattice(crystal.cell, other.cell))).toBe(true);
            const bytes = [glanced, whole].map(({ found: all }) => imageBytes(all, i, lists.length));
            if (found.cells().length < whole.image(i).cells().length) settled++;
            else if (Buffer.compare(bytes[0] as Uint8Array, bytes[1] as Uint8Array) === 0) unsettled++;
          }
        }
    expect(settled).toBeGreaterThan(0);
    if (!few) expect(unsettled).toBeGreaterThan(0);
  });

  it('changes no byte of noise, of electron stills, or with several known cells', { tags: 'all' }, async ({ skip }) => {
    const ctx = await opened(skip);
    const images = few ? 1 : 3;
    const [noise, flat, mixed] = [
      simulateSpots({ cell: tri, spots: 120, spurious: 1, images, seed: 5 }),
      simulateSpots({ cell: small, spots: 120, images, seed: 6, ...electrons }),
      simulateSpots({ cell: tri, spots: 120, images, seed: 7 }),
    ].map((all) => all.map(({ spots }) => spots)) as [Float64Array[], Float64Array[], Float64Array[]];
    for (const [known, lists] of [
      [[tri], noise],
      [[small], flat],
      [[tri, tetra], mixed],
    ] as const) {
      const [glanced, whole] = await both(ctx, [...known], lists);
      expect(glanced.results).toEqual(whole.results);
      expect(Buffer.compare(glanced.found, whole.found)).toBe(0);
    }
  });
});
