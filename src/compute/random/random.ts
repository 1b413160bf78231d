/** Seeded random numbers from a Philox counter stream: image 7 of seed 3 is the same whatever was drawn before. */
import { philox } from './philox.js';

/** A stream of random numbers. */
export class Random {
  readonly #key: [number, number];
  readonly #stream: number;
  #block = 0;
  #words: number[] = [];
  #spare: number | undefined;

  /** `seed` 0 … 2⁵³, `stream` 0 … 2³² − 1: different streams are independent. */
  constructor(seed: number, stream: number) {
    this.#key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
    this.#stream = stream >>> 0;
  }

  /** Uniform in (0, 1), 32 bits. */
  uniform(): number {
    if (this.#words.length === 0) this.#words = philox([this.#block++, 0, this.#stream, 1], this.#key);
    return ((this.#words.pop() ?? 0) + 0.5) / 2 ** 32;
  }

  /** Normally distributed with mean 0 and standard deviation 1 (Box and Muller). */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Integer in 0 … n − 1. */
  below(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** Shuffles an array in place (Fisher and Yates) and returns it. */
  shuffle<T>(array: T[]): T[] {
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [array[i], array[j]] = [array[j] as T, array[i] as T];
    }
    return array;
  }
}
