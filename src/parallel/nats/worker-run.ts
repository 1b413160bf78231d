/** A run as one of its workers knows it: tasks that wait, run and have finished, and the reports of their results. */
import { encode } from '../codec.js';
import type { Link } from './link.js';
import type { Values } from './values.js';
import type { Beacon, Parcel } from './wire.js';

/** Milliseconds for which results are collected while other tasks wait here, and otherwise. */
const collectMs = 25;
const lastMs = 1;
/** Milliseconds after which a report is repeated without any sign that it was lost: slow disks delay clients. */
const repeatMs = 30_000;

/** A task that can be started. */
interface Ready {
  readonly index: number;
  start(): void;
}

interface Sent {
  readonly message: Uint8Array;
  readonly results: readonly Parcel[];
  readonly size: number;
  at: number;
}

interface WorkerRunParts {
  readonly name: string;
  readonly worker: string;
  readonly link: Link;
  readonly values: Values;
  /** The subject of the run. */
  readonly subject: string;
  /** Number of tasks that the worker wants to hold. */
  readonly target: (beacon: Beacon) => number;
}

export class WorkerRun {
  readonly name: string;
  beacon: Beacon;
  /** When the client was last heard of (ms since 1970). */
  heard = Date.now();
  probing = false;
  /** The target of the last beat. */
  stated = -1;
  over = false;
  /** Tasks whose arguments and modules are being fetched. */
  readonly preparing = new Set<number>();
  readonly backlog: Ready[] = [];
  /** Running tasks, and what aborts each. */
  readonly running = new Map<number, () => void>();
  /** Bytes of results that were not acknowledged. */
  unacknowledged = 0;
  readonly #parts: WorkerRunParts;
  #finished: (Parcel & { readonly size: number })[] = [];
  readonly #sent = new Map<number, Sent>();
  #number = 0;
  #flushing: ReturnType<typeof setTimeout> | undefined;
  #flushAt = Number.POSITIVE_INFINITY;

  constructor(parts: WorkerRunParts, beacon: Beacon) {
    this.#parts = parts;
    this.name = parts.name;
    this.beacon = beacon;
  }

  /** Whether every result has arrived. */
  get reported(): boolean {
    return this.#finished.length === 0 && this.#sent.size === 0;
  }

  /** Every task that is held. */
  held(): number[] {
    const sent = [...this.#sent.values()].flatMap(({ results }) => results);
    return [
      ...this.preparing,
      ...[...this.backlog, ...this.#finished, ...sent].map(({ index }) => index),
      ...this.running.keys(),
    ];
  }

  /** A task was cancelled: it is not started, or is aborted. */
  cancel(index: number): void {
    this.preparing.delete(index);
    const at = this.backlog.findIndex((ready) => ready.index === index);
    if (at >= 0) this.backlog.splice(at, 1);
    this.running.get(index)?.();
  }

  /** Gives back the tasks that have not started. */
  hand(): void {
    this.preparing.clear();
    this.backlog.length = 0;
  }

  /** A task has a result, which is reported soon. */
  async finish(index: number, bytes: Uint8Array): Promise<void> {
    const content = await this.#parts.values.pack(bytes);
    this.unacknowledged += bytes.byteLength;
    this.running.delete(index);
    if (this.over) this.#drop({ index, content });
    else this.#finished.push({ index, content, size: bytes.byteLength });
    const wait = this.backlog.length > 0 ? collectMs : lastMs;
    if (Date.now() + wait >= this.#flushAt) return;
    clearTimeout(this.#flushing);
    this.#flushAt = Date.now() + wait;
    this.#flushing = setTimeout(() => this.#flush(), wait);
  }

  acknowledge(numbers: readonly number[]): void {
    for (const number of numbers) {
      const sent = this.#sent.get(number);
      if (!sent) continue;
      this.#sent.delete(number);
      this.unacknowledged -= sent.size;
      for (const parcel of sent.results) this.#drop(parcel);
    }
  }

  /** Sends reports again: all of them if the client may have missed some. */
  repeat(all: boolean): void {
    const now = Date.now();
    for (const sent of this.#sent.values()) {
      if (!all && now - sent.at < repeatMs) continue;
      sent.at = now;
      this.#parts.link.publish(this.#parts.subject, sent.message);
    }
  }

  /** Ends the run here: its tasks are aborted and its results dropped. */
  end(): void {
    this.over = true;
    clearTimeout(this.#flushing);
    this.hand();
    for (const abort of [...this.running.values()]) abort();
    for (const parcel of this.#finished) this.#drop(parcel);
    this.acknowledge([...this.#sent.keys()]);
    this.#finished = [];
  }

  #flush(): void {
    this.#flushAt = Number.POSITIVE_INFINITY;
    const { values } = this.#parts;
    while (this.#finished.length > 0) {
      let count = 0;
      for (let size = 0; count < this.#finished.length; count++) {
        size += this.#finished[count]?.content.length ?? 0;
        if (count > 0 && size > values.largestParcel) break;
      }
      const finished = this.#finished.splice(0, count);
      const results = finished.map(({ index, content }): Parcel => ({ index, content }));
      const number = this.#number++;
      this.stated = this.#parts.target(this.beacon);
      const message = encode({ worker: this.#parts.worker, number, target: this.stated, results });
      const size = finished.reduce((sum, one) => sum + one.size, 0);
      this.#sent.set(number, { message, results, size, at: Date.now() });
      this.#parts.link.publish(this.#parts.subject, message);
    }
  }

  #drop({ content }: Parcel): void {
    if (typeof content === 'string') this.#parts.values.drop(content);
  }
}
