/** Holds a run back while its process is near the limit of its memory. */

/** Near the limit: from this share of it on, until it is below the second one. */
const [tightFrom, looseFrom] = [0.9, 0.8];
const gigabytes = (bytes: number): string => `${(bytes / 1e9).toPrecision(3)} GB`;
/** Time between two looks at the memory, ms: each asks the system. */
const everyMs = 200;

export class MemoryBudget {
  readonly #most: number;
  readonly #used: (() => number) | undefined;
  readonly #warn: (text: string) => void;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #isTight = false;

  /** `used` is the memory of the process in bytes; undefined where it is not known, as in browsers. */
  constructor(most: number, used: (() => number) | undefined, warn: (text: string) => void) {
    this.#most = most;
    this.#used = used;
    this.#warn = warn;
  }

  /** Whether only one frame may be in progress. */
  readonly isTight = (): boolean => {
    const now = performance.now();
    if (!this.#used || now - this.#lookedMs < everyMs) return this.#isTight;
    this.#lookedMs = now;
    const used = this.#used();
    const was = this.#isTight;
    this.#isTight = used > (was ? looseFrom : tightFrom) * this.#most;
    if (this.#isTight && !was)
      this.#warn(
        `${gigabytes(used)} of memory are in use, near the limit of ${gigabytes(this.#most)} (--max-memory); frames ` +
          'are searched one at a time until there is room again',
      );
    if (was && !this.#isTight) this.#warn('there is room in memory again');
    return this.#isTight;
  };
}
