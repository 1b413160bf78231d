/**
 * Partitions are read and processed in pieces of a few frames: while functions see a piece, the next one is read.
 * Pieces stay in the outer caches, and two of them are all the memory that frames need, which matters since the system
 * clears fresh memory page by page. Pieces consist of whole tiles, so that results do not depend on them.
 */

import { allocateFrames, type DataType, elements, type FrameArray } from '../../bytes/dtype.js';
import type { Corrections } from '../../frames/corrections.js';
import { type Dataset, readPacked } from '../../frames/dataset.js';
import { framesInMemory } from '../../frames/formats/memory.js';
import { readOrAborted } from '../../frames/read-or-aborted.js';
import { joinSparse, type SparseFrames } from '../../frames/sparse.js';
import type { PlatformSignal } from '../../util/globals.js';
import { halfToNumber } from '../../util/number-bytes.js';
import { Pace } from '../../util/pace.js';
import { numbersPerElement } from '../functions/dtypes.js';
import type { AnyUdf } from '../functions/udf.js';
import type { FrameRun, Partition } from './partitions.js';

/** Consecutive frames of a partition, as stored in the file. */
export interface FrameStretch {
  /** Indices of its frames among the existing ones of the partition: [first, end). */
  readonly first: number;
  readonly end: number;
  readonly frames: FrameArray;
  /** The same frames if the run sees sparse ones; `frames` are then the values of their entries. */
  readonly sparse?: SparseFrames | undefined;
  /** The frames as the file has packed them, one chunk each; `frames` is then empty, and `read` reads them. */
  readonly chunks?: readonly Uint8Array[] | undefined;
  readonly read?: (() => Promise<FrameArray>) | undefined;
  /** Whether others reuse their memory after the partition. */
  readonly borrowed?: boolean | undefined;
}

/** The pieces of a partition whose frames are in memory, which remains the caller's. */
export function* piecesIn(frames: FrameArray, { positions }: Partition, size: number): Generator<FrameStretch, void> {
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
  /** Whether frames are read as the file has packed them, where it has. */
  readonly packed?: boolean | undefined;
}

/** Frames whose chunks are read together. */
const chunksAtOnce = 8;

/** Reads partitions in sequence, one piece ahead. */
export class PieceReader {
  readonly #dataset: Dataset;
  readonly #take: (dtype: DataType, length: number) => FrameArray;
  readonly #signal: PlatformSignal | undefined;
  readonly #udfs: readonly AnyUdf[];
  readonly #pace = new Pace();
  readonly #places: Iterator<{ readonly partition: Partition; readonly first: number; readonly end: number }>;
  readonly #isSparse: boolean;
  readonly #isPacked: boolean;
  #next: { readonly partition: Partition; readonly read: Promise<FrameStretch> } | undefined;

  /** Begins with the first piece for these UDFs; `take` returns memory for frames. */
  constructor(
    { dataset, partitions, udfs, size, sparse = false, packed = false }: PiecesToRead,
    take: (dtype: DataType, length: number) => FrameArray,
    signal: PlatformSignal | undefined,
  ) {
    this.#dataset = dataset;
    this.#udfs = udfs;
    this.#isSparse = sparse;
    this.#isPacked = packed;
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
  async *of(partition: Partition): AsyncGenerator<FrameStretch, void> {
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

  async #piece(partition: Partition, first: number, end: number): Promise<FrameStretch> {
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
    const read = (): Promise<FrameArray> => readRuns(dataset, runs, this.#signal, this.#take);
    const chunks = this.#isPacked ? await this.#chunks(runs) : undefined;
    if (chunks) return { first, end, frames: allocateFrames(dataset.dtype, 0), chunks, read };
    return { first, end, frames: await read() };
  }

  /** The chunks of frames; undefined if one of them is stored otherwise. */
  async #chunks(runs: readonly FrameRun[]): Promise<Uint8Array[] | undefined> {
    const dataset = this.#dataset;
    const frames = runs.flatMap(({ file, count }) => Array.from({ length: count }, (_, i) => file + i));
    const chunks: Uint8Array[] = [];
    const memory = (bytes: number): Uint8Array => new Uint8Array(bytes);
    for (let first = 0; first < frames.length; first += chunksAtOnce) {
      const some = frames.slice(first, first + chunksAtOnce);
      const reads = some.map((frame) => dataset[readPacked]?.(frame, memory, this.#signal as never));
      // Nothing may be read after this has settled.
      await Promise.allSettled(reads);
      for (const chunk of await Promise.all(reads)) {
        if (!chunk) return undefined;
        chunks.push(chunk);
      }
    }
    return chunks;
  }
}

// Converts stored frames to those that a UDF sees: they are read, corrected, and converted to a dtype with which
// JavaScript can compute.

/** Allocates memory for frames. */
type Take = (dtype: DataType, length: number) => FrameArray;

/** The frames of consecutive runs as they are stored, in memory that `take` returns. */
export async function readRuns(
  dataset: Dataset,
  runs: readonly FrameRun[],
  signal: AbortSignal | undefined,
  take: Take = allocateFrames,
): Promise<FrameArray> {
  const { dtype, frameLength } = dataset;
  const frames = take(dtype, runs.reduce((sum, { count }) => sum + count, 0) * frameLength);
  const length = frameLength * numbersPerElement(dtype);
  let at = 0;
  for (const { file, count } of runs) {
    await readOrAborted(dataset, file, count, frames.subarray(at * length, (at + count) * length), signal);
    at += count;
  }
  return frames;
}

/** The dtype that UDFs see for frames of `dtype`; `wanted` are the dtypes they request. */
export function inputDtypeOf(
  dtype: DataType,
  corrected: boolean,
  wanted: readonly ('native' | 'f32' | 'f64')[],
): DataType {
  if (numbersPerElement(dtype) === 2) return wanted.includes('f64') ? 'c128' : dtype;
  if (wanted.includes('f64') || dtype === 'f64' || dtype === 'u64' || dtype === 'i64') return 'f64';
  // Float32 cannot hold every 32-bit integer, so the type is NumPy's result_type.
  if (corrected || wanted.includes('f32') || dtype === 'f16') return dtype === 'u32' || dtype === 'i32' ? 'f64' : 'f32';
  return dtype;
}

/**
 * Converts the first `numbers` numbers of frames to another dtype: integers to floats, half floats, single to double.
 */
export function convertFrames(
  frames: FrameArray,
  from: DataType,
  to: DataType,
  numbers: number,
  take: Take = allocateFrames,
): FrameArray {
  if (from === to) return frames;
  const out = take(to, numbers / elements[to].numbers) as Float64Array;
  if (from === 'f16') for (let i = 0; i < numbers; i++) out[i] = halfToNumber(frames[i] as number);
  else if (from === 'u64' || from === 'i64') for (let i = 0; i < numbers; i++) out[i] = Number(frames[i]);
  else out.set((frames as Float64Array).subarray(0, numbers));
  return out;
}

/** Frames corrected for dark, gain and bad pixels, computed in float64 and returned as `to`. */
export function correctFrames(
  given: FrameArray,
  stored: DataType,
  count: number,
  corrections: Corrections,
  to: DataType,
  take: Take = allocateFrames,
): FrameArray {
  const { length } = corrections;
  const half = stored === 'f16';
  const dtype = half ? 'f32' : stored;
  const frames = half ? convertFrames(given, stored, dtype, count * length) : given;
  const out = take(to, count * length) as Float32Array | Float64Array;
  const marks = new Uint8Array(length);
  for (let i = 0; i < count; i++)
    corrections.apply(
      frames.subarray(i * length, (i + 1) * length) as FrameArray,
      dtype,
      out.subarray(i * length, (i + 1) * length),
      marks,
    );
  return out;
}
