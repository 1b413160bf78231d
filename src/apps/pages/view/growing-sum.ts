/** The sum of a virtual detector over a scan that is being read: each frame is added when it is there. */
import type { ResidentScan } from '../../../entries/udf.js';

export class GrowingSum {
  /** The sums, NaN at positions that have not been read. */
  readonly image: Float64Array;
  readonly #measured: Uint8Array | undefined;
  #pixels: readonly number[] = [];
  #scan: ResidentScan | undefined;
  #read = 0;

  /** `measured` is 0 at positions without a frame; undefined if all have one. */
  constructor(positions: number, measured?: Uint8Array) {
    this.#measured = measured;
    this.image = new Float64Array(positions).fill(Number.NaN);
  }

  /** Switches to another mask; the frames that are there are summed anew. */
  set(mask: ArrayLike<number>): void {
    this.#pixels = Array.from(mask, (inside, pixel) => (inside ? pixel : -1)).filter((pixel) => pixel >= 0);
    const read = this.#read;
    this.#read = 0;
    if (this.#scan) this.add(this.#scan, read);
  }

  /** Adds the frames of a scan that have been read since the last call, of which there are `read` in all. */
  add(scan: ResidentScan, read: number): void {
    const { planes, positions } = scan;
    this.#scan = scan;
    for (let i = this.#read; i < read; i++) {
      if (this.#measured?.[i] === 0) continue;
      let sum = 0;
      for (const pixel of this.#pixels) sum += planes[pixel * positions + i] as number;
      this.image[i] = sum;
    }
    this.#read = read;
  }
}
