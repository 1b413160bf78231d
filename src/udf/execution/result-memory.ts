/**
 * Memory that this thread shares with the workers of its process, for results as large as frames. A message would copy
 * them twice, each time into fresh memory, which the system clears page by page.
 */
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
