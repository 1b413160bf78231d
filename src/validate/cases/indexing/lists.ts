/** Batches of simulated images, whose lattices are known, and how a backend indexes them. */

import type { Context } from '../../../context/rooms.js';
import { type Cell, cellFromParameters } from '../../../crystal/cell.js';
import type { IndexerOptions, IndexingResult, IndexingThresholds } from '../../../indexing/indexer.js';
import type { TrueImage } from '../../oracle/indexing/lattices.js';

/**
 * Cells of the table: lengths in angstrom and angles in degrees, one of each kind of lattice that behaves differently.
 */
export const cells = {
  ortho: cellFromParameters(30, 40, 50, 90, 90, 90),
  tetra: cellFromParameters(79.1, 79.1, 37.9, 90, 90, 90),
  hex: cellFromParameters(80, 80, 90, 90, 90, 120),
  mono: cellFromParameters(52.4, 61.3, 74.8, 90, 103.2, 90),
  tri: cellFromParameters(41.2, 52.7, 63.9, 78.4, 83.1, 95.6),
  cubic: cellFromParameters(58, 58, 58, 90, 90, 90),
  big: cellFromParameters(128, 128, 210, 90, 90, 120),
  small: cellFromParameters(11.3, 16.9, 22.4, 90, 97.5, 90),
};
export type CellName = keyof typeof cells;

/** Electron diffraction: an Ewald sphere that is nearly flat. */
export const electrons = { wavelengthA: 0.0251, distanceMm: 2400, dMinA: 0.8, bandwidth: 1e-5, bFactorA2: 2 } as const;

/** A batch of images with their truth. */
export interface Lists {
  readonly images: readonly TrueImage[];
  readonly known: readonly Cell[];
  /** Index of the known cell of each image; default 0. */
  readonly which?: readonly number[];
  readonly options: IndexerOptions;
  readonly thresholds: IndexingThresholds;
}
export interface Answer {
  readonly result: IndexingResult;
  /** The result of the same work done another way, which must have the same bytes. */
  readonly twin?: IndexingResult;
}
/** Indexes images of a plan. */
export type Run = (images: readonly TrueImage[], into?: IndexingResult) => Promise<IndexingResult>;

const batchOf = (images: readonly TrueImage[]) => {
  const offsets = new Uint32Array(images.length + 1);
  images.forEach(({ owner }, i) => {
    offsets[i + 1] = (offsets[i] as number) + owner.length;
  });
  const spots = new Float32Array((offsets[images.length] as number) * 3);
  images.forEach((image, i) => {
    spots.set(image.spots, (offsets[i] as number) * 3);
  });
  return { spots, offsets };
};

/** An indexer for the images of some lists, whose options may be changed. */
const indexerOf = (context: Context, { images, known, options }: Lists, change: IndexerOptions = {}) =>
  context.indexer({ batch: images.length, maxInputCells: known.length, ...options, ...change });

/** Calls `use` with an indexer that differs from that of a plan. */
export async function withIndexer(
  context: Context,
  lists: Lists,
  change: IndexerOptions,
  use: (run: Run) => Promise<IndexingResult>,
): Promise<IndexingResult> {
  const indexer = await indexerOf(context, lists, change);
  try {
    return await use(runOf(indexer, lists));
  } finally {
    await indexer.dispose();
  }
}

const runOf =
  (indexer: Awaited<ReturnType<Context['indexer']>>, { known, thresholds }: Lists): Run =>
  (images, into) =>
    indexer.run({ ...batchOf(images), cells: known, ...thresholds, ...(into && { into }) });

export async function makePlan(
  context: Context,
  lists: Lists,
  twin?: (context: Context, lists: Lists, run: Run) => Promise<IndexingResult>,
) {
  const indexer = await indexerOf(context, lists);
  const run = runOf(indexer, lists);
  return {
    async run(): Promise<Answer> {
      const result = await run(lists.images);
      return twin ? { result, twin: await twin(context, lists, run) } : { result };
    },
    dispose: () => indexer.dispose(),
  };
}
