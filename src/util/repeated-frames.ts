/** Frames that occur more than once, by their names. */
import { hash53 } from './hash53.js';

export class RepeatedFrames {
  readonly #seen = new Set<number>();
  readonly #repeated = new Set<number>();
  /** The name of the first repeated frame; empty without any. */
  first = '';

  add(filename: string, event = ''): void {
    const frame = hash53([filename, '\n', event]);
    if (this.#seen.has(frame)) {
      if (this.count === 0) this.first = `${filename} ${event}`.trim();
      this.#repeated.add(frame);
    }
    this.#seen.add(frame);
  }

  /** The number of repeated frames. */
  get count(): number {
    return this.#repeated.size;
  }
}
