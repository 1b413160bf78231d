/**
 * Whether the client of a run is still connected. During a run its client subscribes to a subject of the run, and the
 * server itself answers requests to a subject without subscribers. So a client that is busy computing counts as
 * present, and one that was killed does not. Because a client that reconnects is absent for a moment, a client is
 * considered dead only after it has been absent for some time.
 */
import type { Connection } from './library.js';

/** A server, and the subject to which the client of a run subscribes. */
export interface Reach {
  readonly connection: Connection;
  readonly names: { client(run: string): string };
}

/** Seconds to wait for a client's answer; without subscribers the server answers immediately. */
const answerSeconds = 2;

/** Whether the client of a run is subscribed. */
export async function isThere(cluster: Reach, run: string): Promise<boolean> {
  try {
    await cluster.connection.request(cluster.names.client(run), undefined, { timeout: 1000 * answerSeconds });
    return true;
  } catch (error) {
    return !/NoResponders|no responders/i.test(`${(error as Error)?.name} ${(error as Error)?.message}`);
  }
}

export class Presence {
  readonly #cluster: Reach;
  readonly #seconds: number;
  readonly #held: () => Iterable<string>;
  readonly #onGone: (run: string) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  /** Runs of which tasks have arrived since the last check. */
  readonly #seen = new Set<string>();
  readonly #awaySince = new Map<string, number>();
  #looking = false;

  /** `held` lists the runs of the tasks held here; `onGone` is called when a client has been absent for `seconds`. */
  constructor(cluster: Reach, seconds: number, held: () => Iterable<string>, onGone: (run: string) => void) {
    this.#cluster = cluster;
    this.#seconds = seconds;
    this.#held = held;
    this.#onGone = onGone;
    this.#timer = setInterval(() => void this.#look(), 250 * seconds);
    (this.#timer as { unref?: () => void }).unref?.();
  }

  /** Notes that a task of the run has arrived. */
  see(run: string): void {
    this.#seen.add(run);
  }

  /** Restarts all waiting times: after an outage of the server clients need time to reconnect. */
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
