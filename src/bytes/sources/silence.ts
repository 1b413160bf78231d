/** Aborts a silent request. A response of any size may take as long as it needs while bytes keep arriving. */
import type { PlatformSignal } from '../../util/globals.js';

/** The silence timer of one request. */
export class Silence {
  /** Fires after too long a silence, or together with the signal passed in. */
  readonly signal: PlatformSignal;
  readonly #end = new AbortController();
  readonly #ms: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ms: number, signal: PlatformSignal | undefined) {
    this.#ms = ms;
    this.signal = signal ? AbortSignal.any([signal, this.#end.signal]) : this.#end.signal;
    this.heard();
  }

  /** Restarts the timer when something arrives. */
  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end.abort(new Error(`no bytes arrived for ${this.#ms} ms`)), this.#ms);
  }

  /** Stops the timer at the end of the request. */
  over(): void {
    clearTimeout(this.#timer);
  }
}
