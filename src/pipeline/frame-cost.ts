/** What a frame costs that this process searches, by which a run tells whether workers pay. */
import type { SpentMs } from './inputs/place.js';
import type { RecordedFrame } from './shards/stored.js';

/** Frames in a row that are timed together, and how often: those of a process that begins take longer than others. */
const [timedTogether, minTimes] = [4, 2];

/**
 * The time of a frame that is searched here: of the processor, or of waiting for its file where that takes longer. The
 * clock would count what other processes of the machine take, which workers do not shorten.
 */
export class FrameCost {
  readonly #now: () => SpentMs;
  #begun: SpentMs = { processor: 0, waiting: 0 };
  #frames = 0;
  #times = 0;
  #beforehand: number | undefined;
  /** Later frames are as fast as the fastest so far, which code searched that was still slow. */
  fastestMs = Number.POSITIVE_INFINITY;

  constructor(now: () => SpentMs) {
    this.#now = now;
  }

  /**
   * Counts a frame; returns whether the cost is known anew. `beforehand` is the number of frames that are left of those
   * that were searched beforehand: while it changes, frames are only integrated.
   */
  isKnownAfter({ record }: RecordedFrame, beforehand: number): boolean {
    const isWhole = 'ms' in record && beforehand === this.#beforehand;
    this.#beforehand = beforehand;
    if (isWhole && ++this.#frames < timedTogether) return false;
    const now = this.#now();
    const { processor, waiting } = this.#begun;
    const spent = Math.max(now.processor - processor, now.waiting - waiting);
    if (isWhole) this.fastestMs = Math.min(this.fastestMs, spent / timedTogether);
    this.#begun = now;
    this.#frames = 0;
    return isWhole && ++this.#times >= minTimes;
  }
}
