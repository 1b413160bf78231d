/** The hits of a run of which both ways are compared. */
import type { FrameRecord } from '../record.js';
import type { ProvenCrystal } from './pairs.js';

/** Bytes that a file of hits reserves for its proof. */
export const proofBytes = 2 ** 14;

/** A hit of which both ways are compared. */
export interface Sampled {
  /** Its number in the file of hits. */
  readonly index: number;
  readonly crystals: readonly ProvenCrystal[];
}

/** Hits that are spread over a run of any length. */
export class SampledHits {
  readonly #most: number;
  #stride = 1;
  #seen = 0;
  #sample: Sampled[] = [];

  /** `most`: how many are compared. */
  constructor(most: number) {
    this.#most = most;
  }

  /** A hit that is at `index` in the file. */
  add(index: number, { crystals }: FrameRecord): void {
    if (this.#seen++ % this.#stride === 0)
      this.#sample.push({ index, crystals: crystals.map(({ table }) => ({ table })) });
    if (this.#sample.length < 2 * this.#most) return;
    this.#sample = this.#sample.filter((_, i) => i % 2 === 0);
    this.#stride *= 2;
  }

  /** At most as many as are compared, evenly among those that were sampled. */
  chosen(): readonly Sampled[] {
    const each = this.#sample.length / this.#most;
    return each <= 1
      ? this.#sample
      : this.#sample.filter((_, i) => Math.floor(i / each) !== Math.floor((i - 1) / each));
  }
}
