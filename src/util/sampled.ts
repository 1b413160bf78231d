/**
 * Keeps items that are evenly distributed over a run of any length: every n-th, where n is doubled whenever there are
 * too many.
 */

/** Largest number of items kept. */
const most = 20_000;

export class Sampled<T> {
  /** Number of items seen. */
  seen = 0;
  #kept: T[] = [];
  #stride = 1;

  add(item: T): void {
    if (this.seen++ % this.#stride !== 0) return;
    this.#kept.push(item);
    if (this.#kept.length < most) return;
    this.#kept = this.#kept.filter((_, i) => i % 2 === 0);
    this.#stride *= 2;
  }

  get kept(): readonly T[] {
    return this.#kept;
  }
}
