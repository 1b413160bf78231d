/** Reuses the memory of processed frames for later partitions. */
import { allocateFrames, type DataType, elementBytes, type FrameArray, viewAs } from '../../frames/dtype.js';

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
