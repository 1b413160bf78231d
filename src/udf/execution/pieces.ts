/**
 * Partitions are read and processed in pieces of a few frames: while functions see a piece, the next one is read.
 * Pieces stay in the outer caches, and two of them are all the memory that frames need, which matters since the system
 * clears fresh memory page by page. Pieces consist of whole tiles, so that results do not depend on them.
 */

import type { Dataset } from '../../frames/dataset.js';
import type { DataType, FrameArray } from '../../frames/dtype.js';
import { framesInMemory } from '../../frames/formats/memory.js';
import { joinSparse, type SparseFrames } from '../../frames/sparse.js';
import type { PlatformSignal } from '../../util/globals.js';
import { Pace } from '../../util/pace.js';
import { numbersPerElement } from '../functions/dtypes.js';
import type { AnyUdf } from '../functions/udf.js';
import { readRuns } from './frames-of.js';
import type { FrameRun, Partition } from './partitions.js';

/** Consecutive frames of a partition, as stored in the file. */
export interface Piece {
  /** Indices of its frames among the existing ones of the partition: [first, end). */
  readonly first: number;
  readonly end: number;
  readonly frames: FrameArray;
  /** The same frames if the run sees sparse ones; `frames` are then the values of their entries. */
  readonly sparse?: SparseFrames | undefined;
  /** Whether others reuse their memory after the partition. */
  readonly borrowed?: boolean | undefined;
}

/** The pieces of a partition whose frames are in memory, which remains the caller's. */
export function* piecesIn(frames: FrameArray, { positions }: Partition, size: number): Generator<Piece, void> {
  const numbers = frames.length / positions.length;
  for (let first = 0; first < positions.length; first += size) {
    const end = Math.min(positions.length, first + size);
    yield { first, end, frames: frames.subarray(first * numbers, end * numbers), borrowed: true };
  }
}

/**
 * The frames of a partition without a copy, if they are adjacent in memory and all functions are of the package, since
 * users' functions may write to their frames. Undefined otherwise, or if the memory was detached.
 */
function framesInPlace(dataset: Dataset, udfs: readonly AnyUdf[], { runs }: Partition): FrameArray | undefined {
  const [run, another] = runs;
  if (!run || another || udfs.some(({ definition }) => definition.module !== 'ewald/udf')) return undefined;
  const numbers = dataset.frameLength * numbersPerElement(dataset.dtype);
  const frames = framesInMemory(dataset)?.subarray(run.file * numbers, (run.file + run.count) * numbers);
  return frames?.length === run.count * numbers ? frames : undefined;
}

/** The frames [first, end) of consecutive runs. */
function runsWithin(runs: readonly FrameRun[], first: number, end: number): FrameRun[] {
  let at = 0;
  return runs.flatMap(({ file, count }) => {
    const [from, to] = [Math.max(first, at) - at, Math.min(end, at + count) - at];
    at += count;
    return to > from ? [{ file: file + from, count: to - from }] : [];
  });
}

/** The partitions of a dataset for some UDFs, in pieces of `size` frames. */
interface PiecesToRead {
  readonly dataset: Dataset;
  readonly partitions: readonly Partition[];
  readonly udfs: readonly AnyUdf[];
  readonly size: number;
  /** Whether frames are read without being made dense. */
  readonly sparse?: boolean | undefined;
}

/** Reads partitions in sequence, one piece ahead. */
export class PieceReader {
  readonly #dataset: Dataset;
  readonly #take: (dtype: DataType, length: number) => FrameArray;
  readonly #signal: PlatformSignal | undefined;
  readonly #udfs: readonly AnyUdf[];
  readonly #pace = new Pace();
  readonly #places: Iterator<{ readonly partition: Partition; readonly first: number; readonly end: number }>;
  readonly #isSparse: boolean;
  #next: { readonly partition: Partition; readonly read: Promise<Piece> } | undefined;

  /** Begins with the first piece for these UDFs; `take` returns memory for frames. */
  constructor(
    { dataset, partitions, udfs, size, sparse = false }: PiecesToRead,
    take: (dtype: DataType, length: number) => FrameArray,
    signal: PlatformSignal | undefined,
  ) {
    this.#dataset = dataset;
    this.#udfs = udfs;
    this.#isSparse = sparse;
    this.#take = take;
    this.#signal = signal;
    this.#places = (function* () {
      for (const partition of partitions)
        for (let first = 0; first < partition.positions.length; first += size)
          yield { partition, first, end: Math.min(partition.positions.length, first + size) };
    })();
    this.#advance();
  }

  /** The pieces of a partition, each of which belongs to the caller. Partitions are requested in their order. */
  async *of(partition: Partition): AsyncGenerator<Piece, void> {
    while (this.#next?.partition === partition) {
      const piece = await this.#next.read;
      // Frames in memory are not waited for, so without this, all other events would wait for the whole run.
      if (piece.borrowed && this.#pace.due) await this.#pace.rest(this.#signal);
      this.#advance();
      yield piece;
    }
  }

  /** Waits until nothing is read any more. */
  async dispose(): Promise<void> {
    await this.#next?.read.catch(() => undefined);
    this.#next = undefined;
  }

  #advance(): void {
    const { value: place } = this.#places.next();
    this.#next = undefined;
    if (!place) return;
    const { partition, first, end } = place;
    const read = this.#piece(partition, first, end);
    read.catch(() => undefined);
    this.#next = { partition, read };
  }

  async #piece(partition: Partition, first: number, end: number): Promise<Piece> {
    const dataset = this.#dataset;
    const runs = runsWithin(partition.runs, first, end);
    if (this.#isSparse) {
      const options = { signal: this.#signal as never };
      const parts = runs.map((run) => dataset.readSparse?.(run.file, run.count, options) as Promise<SparseFrames>);
      const sparse = joinSparse(await Promise.all(parts));
      return { first, end, frames: sparse.values, sparse, borrowed: true };
    }
    const whole = framesInPlace(dataset, this.#udfs, partition);
    if (whole) {
      const numbers = whole.length / partition.positions.length;
      return { first, end, frames: whole.subarray(first * numbers, end * numbers), borrowed: true };
    }
    return { first, end, frames: await readRuns(dataset, runs, this.#signal, this.#take) };
  }
}
