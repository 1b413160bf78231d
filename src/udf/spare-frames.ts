/** Memory of frames that nobody sees any more, for partitions that follow. */
import { allocateFrames, type DataType, type FrameArray } from '../data/dtype.js';

/** One that is worked on and one that is read meanwhile. */
const most = 2;

/**
 * Memory for the frames of partitions, used again. Fresh memory is cleared by the system page by page when it is first
 * written, which takes longer than the sums of a pass, and workers of one process wait for each other there.
 */
export class SpareFrames {
  #free: FrameArray[] = [];

  /** Frames of `length` elements; what they hold is undefined. Throws `OutOfMemory`. */
  take(dtype: DataType, length: number): FrameArray {
    const bytes = allocateFrames(dtype, 0).BYTES_PER_ELEMENT;
    const wanted = allocateFrames(dtype, 1).length * length;
    const at = this.#free.findIndex((frames) => frames.buffer.byteLength >= wanted * bytes);
    const [known] = at < 0 ? [] : this.#free.splice(at, 1);
    if (!known) return allocateFrames(dtype, length);
    const array = known.constructor as new (buffer: ArrayBufferLike, from: number, length: number) => FrameArray;
    return new array(known.buffer, 0, wanted);
  }

  /** Frames that are to be used again: of one run, all of one dtype. */
  give(frames: FrameArray): void {
    if (this.#free.length < most && frames.byteLength > 0) this.#free.push(frames);
  }

  /** Lets all go. */
  clear(): void {
    this.#free = [];
  }
}
