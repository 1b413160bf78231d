/**
 * Loops whose length a file decides serve the event loop every few milliseconds: timers, input and signals act while
 * they run, and whoever waits can end them.
 */
import type { PlatformSignal } from './globals.js';
import { breathe, checkSignal } from './options.js';

/** Longest stretch of work without a breath, in ms: a page that is being scrolled draws a frame every 16 ms. */
const mostMs = 12;

/** The pace of some work; loops inside each other share one. */
export class Pace {
  /** Ends the work with `Aborted` where it rests without a signal of its own. */
  signal: PlatformSignal | undefined;
  #since = performance.now();

  constructor(signal?: PlatformSignal) {
    this.signal = signal;
  }

  /** Whether the event loop should be served now: `if (pace.due) await pace.rest()`. */
  get due(): boolean {
    return performance.now() - this.#since >= mostMs;
  }

  /** Serves the event loop. Throws `Aborted` where the signal has fired. */
  async rest(signal: PlatformSignal | undefined = this.signal): Promise<void> {
    checkSignal(signal);
    await breathe();
    this.#since = performance.now();
    checkSignal(signal);
  }
}
