/** Ends a request of which nothing is heard: however large the answer is, it may take as long as bytes keep coming. */
import type { PlatformSignal } from '../../base/globals.js';

/** The silence of one request. */
export class Silence {
  /** Fires when nothing was heard for too long, or with the signal it was made with. */
  readonly signal: PlatformSignal;
  readonly #end = new AbortController();
  readonly #ms: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ms: number, signal: PlatformSignal | undefined) {
    this.#ms = ms;
    this.signal = signal ? AbortSignal.any([signal, this.#end.signal]) : this.#end.signal;
    this.heard();
  }

  /** Something came: the silence begins anew. */
  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end.abort(new Error(`no byte came for ${this.#ms} ms`)), this.#ms);
  }

  /** The request is over. */
  over(): void {
    clearTimeout(this.#timer);
  }
}
