/** Memory of sums of pixels that partitions reuse: new memory is cleared page by page, and then collected. */
import type { Arrays } from '../functions/dtypes.js';

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
