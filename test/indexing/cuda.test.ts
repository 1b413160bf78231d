// Indexing on CUDA without a card, beyond the case tables: the kernels under every check of the emulator, memory,
// refusals, a lost card, a small card. Results are compared by meaning with those of the wasm core.
import {
  type Context,
  createContext,
  type IndexerOptions,
  type IndexingResult,
  type IndexingThresholds,
  isEwaldError,
} from 'ewald';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cellFromParameters, simulateSpots } from '../../dist/index.node.js';
import { imageResult, indexedCell, indexerDescriptor, indexingEnums } from '../../src/compute/layout/indexing.js';
import { pack, structBytes } from '../../src/compute/layout/struct.js';
import type { Cell } from '../../src/crystal/cell.js';
import { checkSizes, packThresholds } from '../../src/indexing/parameters.js';
import type { SimulatedImage } from '../../src/simulate/spots.js';
import { latticeDifference, perfectImage } from '../../src/validate/oracle/indexing/lattices.js';
import {
  type EmulatedCard,
  loadAddon,
  onCard,
  present,
  resetCard,
  testThatItWasBuilt,
} from '../support/emulated-card.js';

interface Emulated extends EmulatedCard {
  open(): Promise<object>;
  close(context: object): void;
  info(context: object): { freeBytes: number };
  indexerCreate(context: object, descriptor: Uint8Array, spots: number): Promise<object>;
  indexerRun(indexer: object, ...rest: (Uint8Array | Float32Array | Uint32Array | number)[]): Promise<void>;
  indexerDestroy(indexer: object): void;
  launches(): number;
}

const addon = loadAddon<Emulated>();

const mono = cellFromParameters(52.4, 61.3, 74.8, 90, 103.2, 90);
const tri = cellFromParameters(41.2, 52.7, 63.9, 78.4, 83.1, 95.6);
const ortho = cellFromParameters(30, 40, 50, 90, 90, 90);

function batchOf(images: readonly Pick<SimulatedImage, 'spots'>[]) {
  const offsets = new Uint32Array(images.length + 1);
  images.forEach(({ spots }, i) => {
    offsets[i + 1] = (offsets[i] as number) + spots.length / 3;
  });
  return { spots: Float32Array.from(images.flatMap(({ spots }) => [...spots])), offsets };
}

async function index(
  context: Context,
  images: readonly Pick<SimulatedImage, 'spots'>[],
  cells: readonly Cell[],
  options: IndexerOptions = {},
  thresholds: IndexingThresholds = {},
): Promise<IndexingResult> {
  const indexer = await context.indexer({
    batch: images.length,
    maxInputCells: cells.length,
    maxOutputCells: 8,
    ...options,
  });
  try {
    return await indexer.run({ ...batchOf(images), cells, ...thresholds });
  } finally {
    await indexer.dispose();
  }
}

const bytesOf = (result: IndexingResult) =>
  [result.found, result.results, result.assignment].map((bytes) => Buffer.from(bytes).toString('base64'));

async function failure(work: () => Promise<unknown>): Promise<{ tag: string; message: string }> {
  try {
    await work();
  } catch (error) {
    expect(isEwaldError(error), String(error)).toBe(true);
    return error as { tag: string; message: string };
  }
  throw new Error('nothing was thrown');
}

testThatItWasBuilt();

describe.runIf(present)('indexing on CUDA, emulated', () => {
  let context: Context;
  beforeEach(async () => {
    resetCard(addon);
    addon.takeReports();
    context = await onCard();
  });
  // Tests that lose the card replace the context.
  afterEach(async () => {
    resetCard(addon);
    await context.dispose();
  });

  // One list for each path through the kernels.
  const kinds: {
    name: string;
    images: () => Pick<SimulatedImage, 'spots'>[];
    cells: Cell[];
    options?: IndexerOptions;
    thresholds?: IndexingThresholds;
  }[] = [
    { name: 'a perfect list', images: () => [perfectImage(ortho, 14)], cells: [ortho] },
    {
      name: 'few spots, every effort',
      images: () => simulateSpots({ cell: mono, seed: 3, spots: 12, spurious: 0.3 }),
      cells: [mono],
    },
    {
      name: 'noise',
      images: () => simulateSpots({ cell: mono, seed: 5, spots: 30, spurious: 1, crystals: 0 }),
      cells: [mono],
    },
    {
      name: 'two lattices and two cells',
      images: () => simulateSpots({ cell: tri, seed: 7, spots: 160, crystals: 2 }),
      cells: [mono, tri],
      thresholds: { maxCrystals: 3 },
    },
    {
      name: 'more spots than take part',
      images: () => simulateSpots({ cell: tri, seed: 9, spots: 150, spurious: 0.3 }),
      cells: [tri],
      options: { maxSpots: 40 },
    },
    {
      name: 'no spots, then too few',
      images: () => [{ spots: new Float64Array(0) }, { spots: new Float64Array(9).fill(0.1) }],
      cells: [tri],
    },
    ...(['ifss', 'ifse', 'ifssr', 'raw'] as const).map((refinement) => ({
      name: refinement,
      images: () => simulateSpots({ cell: tri, seed: 11, spots: 40 }),
      cells: [tri],
      thresholds: { refinement },
    })),
  ];
  const small: IndexingThresholds = { samplePoints: 2048, anglePoints: 256 };
  const rows = kinds.flatMap((kind) => [
    { ...kind, method: 'fast' as const },
    // A small grid for the exhaustive method: every line of it still runs.
    { ...kind, method: 'exhaustive' as const, thresholds: { ...small, ...kind.thresholds } },
  ]);

  test.each(rows)(
    '$method, $name: no error found under three thread orders, and the same bytes',
    { tags: 'all' },
    async ({ method, images, cells, options, thresholds }) => {
      const made = images();
      const plain = await index(context, made, cells, { ...options, method }, thresholds);
      addon.setMode({ checked: true, orders: 3, seed: 2 });
      const checked = await index(context, made, cells, { ...options, method }, thresholds);
      expect(addon.takeReports()).toEqual([]);
      expect(bytesOf(checked)).toEqual(bytesOf(plain));
    },
  );

  test.each(['fast', 'turbo', 'exhaustive'] as const)(
    '%s: the lattices are those of the wasm core',
    { tags: 'all' },
    async (method) => {
      const images = [20, 60, 200].flatMap((spots, i) =>
        simulateSpots({ cell: tri, images: 3, seed: 40 + i, spots, spurious: 0.3, crystals: 1 + (i % 2) }),
      );
      // Spots too far out change only the flag.
      const [last] = images.slice(-1);
      if (last) last.spots.set([1e6, 0, 0, 0, -2e18, 5.5], 0);
      const wasm = await createContext({ backend: 'wasm', strict: true });
      try {
        const [found, expected] = await Promise.all(
          [context, wasm].map((where) => index(where, images, [mono, tri], { method }, { maxCrystals: 2 })),
        );
        images.forEach((_, i) => {
          const [mine, theirs] = [found, expected].map((result) => result?.image(i).crystals() ?? []);
          expect(mine?.length, `image ${i}`).toBe(theirs?.length);
          expect(found?.image(i).tooFar).toBe(i === images.length - 1);
          expect(found?.image(i).usedSpots).toBe(expected?.image(i).usedSpots);
          for (const { cell, inputCell } of theirs ?? []) {
            const same = mine?.find((crystal) => latticeDifference(crystal.cell, cell));
            expect(same?.inputCell, `image ${i}`).toBe(inputCell);
            expect(latticeDifference(same?.cell as Cell, cell)?.misorientationDeg).toBeLessThan(0.02);
          }
        });
      } finally {
        await wasm.dispose();
      }
    },
  );

  test('spots that are not finite are skipped and reported, one level below the facade', async () => {
    const [image] = simulateSpots({ cell: tri, seed: 21, spots: 80 }) as [SimulatedImage];
    const handle = await addon.open();
    const sizes = checkSizes({ maxOutputCells: 4 });
    const indexer = await addon.indexerCreate(handle, pack(indexerDescriptor, sizes.fields), 100);
    const run = async (list: ArrayLike<number>) => {
      const spots = Float32Array.from(list);
      const [found, results, assignment] = [
        new Uint8Array(4 * structBytes(indexedCell)),
        new Uint8Array(structBytes(imageResult)),
        new Uint8Array(spots.length / 3),
      ];
      const cells = Float32Array.from(tri.flat());
      await addon.indexerRun(
        indexer,
        packThresholds(sizes, {}),
        spots,
        Uint32Array.of(0, spots.length / 3),
        1,
        cells,
        1,
        found,
        results,
        assignment,
      );
      return { found: [...found], results: [...new Uint32Array(results.buffer)], assignment: [...assignment] };
    };
    const plain = await run(image.spots);
    const odd = await run([Number.NaN, 0, 0, ...image.spots, 0, Number.POSITIVE_INFINITY, 0, 3e38, 3e38, 0]);
    expect(plain.results).toEqual([plain.results[0], 1, 80, 0]);
    expect(odd.results).toEqual([plain.results[0], 1, 80, indexingEnums.ImageFlag.nonFinite]);
    expect(odd.found).toEqual(plain.found);
    expect(odd.assignment).toEqual([0, ...plain.assignment, 0, 0]);
    await expect(Promise.all([1, 2, 3].map(() => run(image.spots)))).rejects.toThrow('runs at a time: 2');
    // The two runs in flight keep the indexer until they finish.
    addon.indexerDestroy(indexer);
    addon.indexerDestroy(indexer);
    await expect(run(image.spots)).rejects.toThrow('destroyed');
    addon.close(handle);
  });

  test('the shared memory of one indexer is not reduced by a smaller one', { tags: 'all' }, async () => {
    const images = simulateSpots({ cell: tri, images: 2, seed: 23, spots: 60 });
    for (const method of ['fast', 'exhaustive'] as const) {
      const thresholds = method === 'fast' ? {} : small;
      const input = { ...batchOf(images), cells: [tri], ...thresholds };
      const large = await context.indexer({ batch: 2, maxSpots: 2048, method });
      const expected = bytesOf(await large.run(input));
      const few = await context.indexer({ batch: 2, maxSpots: 64, method });
      await few.run(input);
      expect(bytesOf(await large.run(input)), method).toEqual(expected);
      await Promise.all([large.dispose(), few.dispose()]);
    }
  });

  test('on a card with a watchdog, a batch is divided into launches', { tags: 'all' }, async () => {
    const images = simulateSpots({ cell: tri, images: 9, seed: 25, spots: 30 });
    const options = { batch: 9, maxOutputCells: 8 };
    const input = { ...batchOf(images), cells: [tri] };
    const indexer = await context.indexer(options);
    const before = addon.launches();
    const expected = bytesOf(await indexer.run(input));
    expect(addon.launches() - before).toBe(1);
    await indexer.dispose();
    await context.dispose();
    addon.setCard({ watchdog: true, multiprocessors: 1 });
    context = await onCard();
    const cut = await context.indexer(options);
    const made = addon.launches();
    // Two blocks of unknown speed: two images per launch. The emulator then takes so long for an image that the number
    // stays at two.
    for (const launches of [5, 10]) {
      expect(bytesOf(await cut.run(input))).toEqual(expected);
      expect(addon.launches() - made).toBe(launches);
    }
  });

  test('two runs of one indexer overlap, further ones wait, and the results keep their order', {
    tags: 'nightly',
  }, async () => {
    const lists = [31, 32, 33, 34, 35].map((seed) => simulateSpots({ cell: tri, images: 2, seed, spots: 40 }));
    const expected: string[][] = [];
    for (const images of lists) expected.push(bytesOf(await index(context, images, [tri])));
    const indexer = await context.indexer({ batch: 2, maxOutputCells: 8 });
    const runs = lists.map((images) => indexer.run({ ...batchOf(images), cells: [tri] }));
    const results = await Promise.all(runs);
    expect(results.map(bytesOf)).toEqual(expected);
    // Two runs into one result, one after the other: the last one remains.
    const [into] = results as [IndexingResult];
    await Promise.all(lists.map((images) => indexer.run({ ...batchOf(images), cells: [tri], into })));
    expect(bytesOf(into)).toEqual(expected.at(-1));
    await indexer.dispose();
  });

  test('numbers that are not finite are reported without a separate check beforehand', { tags: 'all' }, async () => {
    const images = simulateSpots({ cell: tri, images: 3, seed: 27, spots: 30 });
    const batch = batchOf(images);
    batch.spots[3 * 31 + 1] = Number.NaN;
    const indexer = await context.indexer({ batch: 3 });
    const error = await failure(() => indexer.run({ ...batch, cells: [tri] }));
    expect([error.tag, error.message]).toEqual(['Argument', expect.stringContaining('spot 31 (image 1) holds NaN')]);
    // A finite number whose square overflows is skipped, like a spot far away.
    batch.spots[3 * 31 + 1] = 3e38;
    expect((await indexer.run({ ...batch, cells: [tri] })).image(1).usedSpots).toBe(29);
    const items = images.map(({ spots }) => ({ spots: Float32Array.from(spots) }));
    (items[1] as { spots: Float32Array }).spots[5] = Number.POSITIVE_INFINITY;
    const seen: unknown[] = [];
    const told = await failure(async () => {
      for await (const { item } of indexer.stream(items, { cells: [tri] })) seen.push(item);
    });
    expect([told.tag, told.message]).toEqual(['Argument', expect.stringContaining('Infinity in spot 1')]);
    expect(seen).toEqual([items[0]]);
    await indexer.dispose();
  });

  test('accepts as many spots as shared memory holds, and not one more', async () => {
    const image = perfectImage(ortho, 4.6);
    expect(image.spots.length / 3).toBeGreaterThan(2048);
    const view = (await index(context, [image], [ortho], { maxSpots: 2048 })).image(0);
    expect([view.usedSpots, view.truncated, view.crystals().length]).toEqual([2048, true, 1]);
    const error = await failure(() => context.indexer({ maxSpots: 2049 }));
    expect([error.tag, error.message]).toEqual([
      'Unsupported',
      expect.stringMatching(/2049.*at most 2048.*shared memory/),
    ]);
  });

  test('memory is allocated once at creation, counted, and released', async () => {
    const before = context.liveBytes;
    const handle = await addon.open();
    const free = () => addon.info(handle).freeBytes;
    const freeBefore = free();
    const indexer = await context.indexer({ batch: 4, maxOutputCells: 4 });
    expect(context.liveBytes - before).toBe(indexer.bytes);
    expect(freeBefore - free()).toBeGreaterThan(0);
    const held = [context.liveBytes, free()];
    const images = simulateSpots({ cell: tri, images: 4, seed: 30, spots: 50 });
    for (let i = 0; i < 3; i++) {
      await indexer.run({ ...batchOf(images), cells: [tri] });
      expect([context.liveBytes, free()]).toEqual(held);
    }
    await indexer.dispose();
    expect([context.liveBytes, free()]).toEqual([before, freeBefore]);
    addon.close(handle);
  });

  test('a card with little memory uses fewer blocks; one with too little reports it and holds nothing', async () => {
    const images = simulateSpots({ cell: tri, images: 6, seed: 33, spots: 60, spurious: 0.3 });
    const options = { maxBatchSpots: 1024 };
    const expected = bytesOf(await index(context, images, [tri], options));
    await context.dispose();
    addon.setCard({ memoryBytes: 3 << 20, multiprocessors: 1 });
    context = await onCard();
    expect(bytesOf(await index(context, images, [tri], options))).toEqual(expected);
    await context.dispose();
    addon.setCard({ memoryBytes: 1 << 19 });
    context = await onCard();
    const before = context.liveBytes;
    const error = await failure(() => context.indexer({ batch: 6 }));
    expect([error.tag, error.message]).toEqual([
      'OutOfMemory',
      expect.stringMatching(/requested \d+ bytes, \d+ of 524288 are free/),
    ]);
    expect(context.liveBytes).toBe(before);
  });

  test('a lost card rejects the run, and a new context works', async () => {
    const images = simulateSpots({ cell: tri, images: 2, seed: 35, spots: 60 });
    const expected = bytesOf(await index(context, images, [tri]));
    const indexer = await context.indexer({ batch: 2 });
    addon.setCard({ loseAfterLaunches: 0 });
    expect((await failure(() => indexer.run({ ...batchOf(images), cells: [tri] }))).tag).toBe('DeviceLost');
    expect((await failure(() => indexer.run({ ...batchOf(images), cells: [tri] }))).tag).toBe('DeviceLost');
    await indexer.dispose();
    await context.dispose();
    expect(context.liveBytes).toBe(0);
    context = await onCard();
    expect(bytesOf(await index(context, images, [tri]))).toEqual(expected);
  });

  test('several indexers at once, disposed while they run', async () => {
    const images = simulateSpots({ cell: tri, images: 2, seed: 37, spots: 60 });
    const expected = bytesOf(await index(context, images, [tri]));
    const indexers = await Promise.all(
      Array.from({ length: 4 }, () => context.indexer({ batch: 2, maxOutputCells: 8 })),
    );
    const runs = indexers.flatMap((indexer) => [1, 2].map(() => indexer.run({ ...batchOf(images), cells: [tri] })));
    const gone = indexers.map((indexer) => indexer.dispose());
    for (const result of await Promise.all(runs)) expect(bytesOf(result)).toEqual(expected);
    await Promise.all(gone);
  });

  test('the addon itself refuses arguments that the facade never passes', async () => {
    const handle = await addon.open();
    const sizes = checkSizes({});
    const changed = (fields: Record<string, number>) => pack(indexerDescriptor, { ...sizes.fields, ...fields });
    const refusals = [
      [changed({ batch: 0 }), 'batch is 0; expected 1 to 65536'],
      [changed({ maxSpots: 2049 }), 'max_spots is 2049; expected at most 2048'],
      [changed({ maxInputCells: 0 }), 'max_input_cells is 0'],
      [changed({ method: 7 }), 'method is 7'],
    ] as const;
    for (const [descriptor, text] of refusals)
      await expect(addon.indexerCreate(handle, descriptor, 100)).rejects.toThrow(text);
    addon.close(handle);
  });
});
