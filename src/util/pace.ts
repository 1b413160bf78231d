/**
 * Loops whose length depends on a file yield to the event loop every few milliseconds, so that timers, input and abort
 * signals work while they run.
 */
import type { PlatformSignal } from './globals.js';
import { checkSignal, yieldToEventLoop } from './options.js';

/** Longest stretch of work without yielding, in ms: a page that is being scrolled draws a frame every 16 ms. */
const maxMs = 12;

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
    return performance.now() - this.#since >= maxMs;
  }

  /** Yields to the event loop. Throws `Aborted` if the signal has fired. */
  async rest(signal: PlatformSignal | undefined = this.signal): Promise<void> {
    checkSignal(signal);
    await yieldToEventLoop();
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

/**
 * The time for which something is awaited and looked for. From one look to the next, at most `maxMs` count: a process
 * that was stopped, or whose file system did not answer, looks again before it gives up.
 */
export class LookedTime {
  /** At the last look, ms. */
  ms = 0;
  readonly #maxMs: number;
  #at = performance.now();

  constructor(maxMs: number) {
    this.#maxMs = maxMs;
  }

  /** The time at this look, ms. */
  look(): number {
    const now = performance.now();
    this.ms += Math.min(now - this.#at, this.#maxMs);
    this.#at = now;
    return this.ms;
  }
}

/** Longest stretch of short calls, awaited one after the other, without yielding to the event loop, ms. */
const longestTurnMs = 25;
/** The turn of the event loop in which calls are made: when its first one began, and what resolves in the next turn. */
let turn: { readonly since: number; readonly over: Promise<void> } | undefined;

/**
 * What a call that may complete within its turn of the event loop awaits before it begins: nothing, or the next turn if
 * calls have filled this one. Promises that are awaited do not yield to timers, input and abort signals.
 */
export function nextTurn(): Promise<void> | undefined {
  const now = performance.now();
  if (turn) return now - turn.since < longestTurnMs ? undefined : turn.over;
  const over = yieldToEventLoop().then(() => {
    turn = undefined;
  });
  turn = { since: now, over };
  return undefined;
}
