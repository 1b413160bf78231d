/**
 * Loops whose length depends on a file yield to the event loop every few milliseconds, so that timers, input and abort
 * signals work while they run.
 */
import type { PlatformSignal } from './globals.js';
import { breathe, checkSignal } from './options.js';

/** Longest stretch of work without yielding, in ms: a page that is being scrolled draws a frame every 16 ms. */
const mostMs = 12;

/** The pace of some work; nested loops share one. */
export class Pace {
  /** Aborts the work with `Aborted` where `rest` is called without its own signal. */
  signal: PlatformSignal | undefined;
  #since = performance.now();

  constructor(signal?: PlatformSignal) {
    this.signal = signal;
  }

  /** Whether it is time to yield to the event loop: `if (pace.due) await pace.rest()`. */
  get due(): boolean {
    return performance.now() - this.#since >= mostMs;
  }

  /** Yields to the event loop. Throws `Aborted` if the signal has fired. */
  async rest(signal: PlatformSignal | undefined = this.signal): Promise<void> {
    checkSignal(signal);
    await breathe();
    this.#since = performance.now();
    checkSignal(signal);
  }
}

/** Waits some milliseconds, or until the signal fires. */
export function pause(ms: number, signal: PlatformSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}
