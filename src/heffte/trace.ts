/** An event of a run and its time. */
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

/** Maximum number of recorded events of a run: many ranks send many messages. */
const maxEvents = 4096;

/**
 * Milliseconds of packing, unpacking and copying while messages were under way, of the events of one stage: from the
 * first one that was sent on, for before it receiving is only waiting.
 */
export function overlapMs(events: readonly TraceEvent[]): number {
  const firstSent = Math.min(...events.filter(({ what }) => what === 'send').map(({ beganMs }) => beganMs));
  const messages = events
    .filter(({ what }) => what === 'send' || what === 'receive')
    .map(({ beganMs, endedMs }) => [Math.max(firstSent, beganMs), endedMs] as const)
    .sort(([a], [b]) => a - b);
  // Their union, one stretch after the other.
  const stretches: [number, number][] = [];
  for (const [began, ended] of messages) {
    const last = stretches.at(-1);
    if (last && began <= last[1]) last[1] = Math.max(last[1], ended);
    else stretches.push([began, ended]);
  }
  let sum = 0;
  for (const { what, beganMs, endedMs } of events)
    if (what === 'pack' || what === 'unpack' || what === 'own')
      for (const [began, ended] of stretches) sum += Math.max(0, Math.min(ended, endedMs) - Math.max(began, beganMs));
  return sum;
}

/** Notes events of one run. */
export class Trace {
  readonly events: TraceEvent[] = [];
  readonly #began = performance.now();

  note(stage: number, what: TraceEvent['what'], began: number, bytes = 0, peer?: number): void {
    if (this.events.length >= maxEvents) return;
    const endedMs = performance.now() - this.#began;
    this.events.push({ stage, what, peer, beganMs: began - this.#began, endedMs, bytes });
  }
}
