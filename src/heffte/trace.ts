/** What a run did and when. */
export interface TraceEvent {
  /** Index of the stage, in the order of forward. */
  readonly stage: number;
  readonly what: 'transform' | 'pack' | 'send' | 'receive' | 'unpack' | 'own' | 'wait';
  /** The other rank of a message. */
  readonly peer: number | undefined;
  /** Milliseconds from the beginning of the run. */
  readonly beganMs: number;
  readonly endedMs: number;
  readonly bytes: number;
}

/** Most events that are kept of a run: many ranks make many messages. */
const mostEvents = 4096;

/** Notes events of one run. */
export class Trace {
  readonly events: TraceEvent[] = [];
  readonly #began = performance.now();

  note(stage: number, what: TraceEvent['what'], began: number, bytes = 0, peer?: number): void {
    if (this.events.length >= mostEvents) return;
    const endedMs = performance.now() - this.#began;
    this.events.push({ stage, what, peer, beganMs: began - this.#began, endedMs, bytes });
  }
}
