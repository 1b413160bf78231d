/** Memory of frames that have been processed, for partitions that follow. */
import { allocateFrames, type DataType, elementBytes, type FrameArray, viewAs } from '../data/dtype.js';

/** One that is worked on, its twin in another dtype, and one that is read meanwhile. */
const most = 3;

/**
 * Memory for the frames of partitions, used again. Fresh memory is cleared by the system page by page when it is first
 * written, which takes longer than the sums of a pass, and workers of one process wait for each other there.
 */
export class SpareFrames {
  #free: ArrayBufferLike[] = [];

  /** Frames of `length` elements; what they hold is undefined. Throws `OutOfMemory`. */
  take(dtype: DataType, length: number): FrameArray {
    const bytes = length * elementBytes(dtype);
    const at = this.#free.findIndex(({ byteLength }) => byteLength >= bytes);
    const [known] = at < 0 ? [] : this.#free.splice(at, 1);
    return known ? viewAs(new Uint8Array(known, 0, bytes), dtype) : allocateFrames(dtype, length);
  }

  /** Frames that are to be used again. */
  give(frames: FrameArray): void {
    if (this.#free.length < most && frames.byteLength > 0) this.#free.push(frames.buffer);
  }

  /** Lets all go. */
  clear(): void {
    this.#free = [];
  }
}
