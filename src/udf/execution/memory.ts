/**
 * Memory that this thread shares with the workers of its process, for results as large as frames. A message would copy
 * them twice, each time into fresh memory, which the system clears page by page.
 */

import { allocateFrames, type DataType, elementBytes, type FrameArray, viewAs } from '../../bytes/dtype.js';
import { sharesMemory } from '../../parallel/content.js';
import { type Arrays, allocate, type BufferArray, type BufferDtype, numbersPerElement } from '../functions/dtypes.js';

/** Bytes before the results, of which the first four are 1 once a worker has begun to write. */
const headBytes = 64;
/** Results of fewer bytes are copied, which takes less than a millisecond. */
const minBytes = 2 ** 20;
const alignment = 64;

/** The memory of the tasks of a run, on the side that merges. */
export class LentMemory {
  readonly #bytes: number;
  readonly #free: SharedArrayBuffer[] = [];

  /** For results of these lengths in bytes. */
  constructor(lengths: readonly number[]) {
    const bytes = lengths.reduce((sum, length) => sum + Math.ceil(length / alignment) * alignment, 0);
    this.#bytes = bytes >= minBytes && sharesMemory() ? headBytes + bytes : 0;
  }

  /** Memory for the results of a task; undefined if they are small, or threads share none. */
  lend(): SharedArrayBuffer | undefined {
    if (this.#bytes === 0) return undefined;
    const memory = this.#free.pop() ?? new SharedArrayBuffer(this.#bytes);
    Atomics.store(new Int32Array(memory, 0, 1), 0, 0);
    return memory;
  }

  /** Takes the memory of results back, once they are merged. */
  give(found: readonly Arrays[]): void {
    const memory = found.flatMap((arrays) => Object.values(arrays).map(({ buffer }) => buffer)).find(isShared);
    if (memory?.byteLength === this.#bytes) this.#free.push(memory);
  }
}

/** Whether memory is shared between threads, so that what is lent may be written by a later task. */
export const isShared = (buffer: ArrayBufferLike): buffer is SharedArrayBuffer =>
  typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer;

/** Whether a value is memory that a run may lend. */
export const isLentMemory = (value: unknown): boolean =>
  typeof SharedArrayBuffer !== 'undefined' && value instanceof SharedArrayBuffer && value.byteLength > headBytes;

/** Places for results in the memory that was lent to a task. */
export class ResultPlaces {
  readonly #memory: SharedArrayBuffer;
  #at = headBytes;

  private constructor(memory: SharedArrayBuffer) {
    this.#memory = memory;
  }

  /**
   * Undefined if another worker had the task before: one that was ended may go on writing for a moment, so that its
   * memory is not used again.
   */
  static in(memory: SharedArrayBuffer | undefined): ResultPlaces | undefined {
    if (!memory || Atomics.compareExchange(new Int32Array(memory, 0, 1), 0, 0, 1) !== 0) return undefined;
    return new ResultPlaces(memory);
  }

  /** An array whose contents are undefined; undefined if there is no room for it. */
  take<D extends BufferDtype>(dtype: D, length: number): BufferArray | undefined {
    const empty = allocate(dtype, 0);
    const numbers = length * numbersPerElement(dtype);
    const bytes = numbers * empty.BYTES_PER_ELEMENT;
    if (this.#at + bytes > this.#memory.byteLength) return undefined;
    const made = new (empty.constructor as Float64ArrayConstructor)(this.#memory, this.#at, numbers);
    this.#at += Math.ceil(bytes / alignment) * alignment;
    return made as unknown as BufferArray;
  }
}

// Reuses the memory of processed frames for later partitions.

/** Enough for one partition being processed, its copy in another dtype, and one being read. */
const most = 3;

/**
 * Reusable memory for the frames of partitions. The system clears fresh memory page by page on first write, which takes
 * longer than the sums of a pass, and workers of one process wait for each other there.
 */
export class SpareFrames {
  #free: ArrayBufferLike[] = [];

  /** Frames of `length` elements with undefined contents. Throws `OutOfMemory`. */
  take(dtype: DataType, length: number): FrameArray {
    const bytes = length * elementBytes(dtype);
    const at = this.#free.findIndex(({ byteLength }) => byteLength >= bytes);
    const [known] = at < 0 ? [] : this.#free.splice(at, 1);
    return known ? viewAs(new Uint8Array(known, 0, bytes), dtype) : allocateFrames(dtype, length);
  }

  /** Returns frames for reuse. */
  give(frames: FrameArray): void {
    if (this.#free.length < most && frames.byteLength > 0) this.#free.push(frames.buffer);
  }

  /** Releases all memory. */
  clear(): void {
    this.#free = [];
  }
}

// Memory of sums of pixels that partitions reuse: new memory is cleared page by page, and then collected.

/** The planes of merged partitions. */
export class SparePlanes {
  /** Planes that partitions have as results, by their memory. Those of a worker that are sent are not given back. */
  #taken = new WeakMap<ArrayBufferLike, Float64Array>();
  #spare: Float64Array | undefined;

  /** Memory for `length` numbers, whose contents are undefined. */
  take(length: number): Float64Array {
    const planes = this.#spare?.length === length ? this.#spare : new Float64Array(length);
    this.#spare = undefined;
    this.#taken.set(planes.buffer, planes);
    return planes;
  }

  /** Takes the memory of results back, unless some of it is `kept`. */
  give(merged: readonly Arrays[], kept: readonly Arrays[]): void {
    const held = new Set(kept.flatMap((arrays) => Object.values(arrays).map(({ buffer }) => buffer)));
    for (const { buffer } of merged.flatMap((arrays) => Object.values(arrays))) {
      if (held.has(buffer)) continue;
      this.#spare = this.#taken.get(buffer) ?? this.#spare;
      this.#taken.delete(buffer);
    }
  }

  clear(): void {
    this.#taken = new WeakMap();
    this.#spare = undefined;
  }
}
