/**
 * Whether the client of a run is there. While a run lasts its client listens to a subject of the run, and the server
 * answers for a subject that nobody listens to; so a client that is busy computing is there, and one that was killed is
 * not. A client that reconnects is away for a moment, and so one is gone only after some time.
 */
import type { Cluster } from './cluster.js';

/** Seconds a client has to say that it is there; the server says at once that nobody listens. */
const answerSeconds = 2;

/** Whether anybody listens for a run. */
export async function isThere(cluster: Pick<Cluster, 'connection' | 'names'>, run: string): Promise<boolean> {
  try {
    await cluster.connection.request(cluster.names.client(run), undefined, { timeout: 1000 * answerSeconds });
    return true;
  } catch (error) {
    return !/NoResponders|no responders/i.test(`${(error as Error)?.name} ${(error as Error)?.message}`);
  }
}

export class Presence {
  readonly #cluster: Cluster;
  readonly #seconds: number;
  readonly #held: () => Iterable<string>;
  readonly #onGone: (run: string) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  /** Runs of which tasks came since the last look. */
  readonly #seen = new Set<string>();
  readonly #awaySince = new Map<string, number>();
  #looking = false;

  /** `held` gives the runs of tasks that are here; `onGone` is called when the client of one has been away for `seconds`. */
  constructor(cluster: Cluster, seconds: number, held: () => Iterable<string>, onGone: (run: string) => void) {
    this.#cluster = cluster;
    this.#seconds = seconds;
    this.#held = held;
    this.#onGone = onGone;
    this.#timer = setInterval(() => void this.#look(), 250 * seconds);
    (this.#timer as { unref?: () => void }).unref?.();
  }

  /** A task of the run has come. */
  see(run: string): void {
    this.#seen.add(run);
  }

  /** The server was away: who is not there again yet has its time from now. */
  restart(): void {
    this.#awaySince.clear();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#looking || this.#cluster.connection.isClosed()) return;
    this.#looking = true;
    try {
      const runs = new Set([...this.#seen, ...this.#held()]);
      this.#seen.clear();
      for (const run of this.#awaySince.keys()) if (!runs.has(run)) this.#awaySince.delete(run);
      for (const run of runs) {
        if (await isThere(this.#cluster, run)) {
          this.#awaySince.delete(run);
          continue;
        }
        const since = this.#awaySince.get(run) ?? Date.now();
        this.#awaySince.set(run, since);
        if (Date.now() - since < 1000 * this.#seconds) continue;
        this.#awaySince.delete(run);
        this.#onGone(run);
      }
    } finally {
      this.#looking = false;
    }
  }
}
