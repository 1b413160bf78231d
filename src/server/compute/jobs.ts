/**
 * Jobs that pages wait for: what several pages ask for is computed once, a page that asks for something else gives up what it
 * asked for before, and a job that no page waits for any more is ended.
 */

/** What a job has found so far. */
export interface JobState<T> {
  /** Counts what was found, from 1; 0: nothing yet. */
  readonly version: number;
  /** The share that is done, 0 … 1. */
  readonly done: number;
  readonly isWhole: boolean;
  readonly value: T | undefined;
  /** Why there is nothing. */
  readonly failure?: unknown;
}

/** The work of a job; `tell` reports parts of its result. */
export type Work<T> = (signal: AbortSignal, tell: (done: number, value?: T) => void) => Promise<T>;

class Job<T> {
  found: JobState<T> = { version: 0, done: 0, isWhole: false, value: undefined };
  readonly holders = new Set<string>();
  readonly #aborting = new AbortController();
  readonly #waiting = new Set<() => void>();

  constructor(work: Work<T>) {
    work(this.#aborting.signal, (done, value) => this.#put({ done, value: value ?? this.found.value })).then(
      (value) => this.#put({ done: 1, value, isWhole: true }),
      (failure: unknown) => this.#put({ done: this.found.done, value: undefined, isWhole: true, failure }),
    );
  }

  end(): void {
    this.#aborting.abort();
  }

  #put(found: Partial<JobState<T>>): void {
    if (this.found.isWhole) return;
    this.found = { ...this.found, ...found, version: this.found.version + 1 };
    for (const wake of [...this.#waiting]) wake();
  }

  /** Waits for something newer than a version, or until the signal is aborted. */
  async newer(than: number, signal: AbortSignal): Promise<void> {
    while (this.found.version <= than && !this.found.isWhole && !signal.aborted)
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          signal.removeEventListener('abort', wake);
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener('abort', wake);
      });
  }
}

/** Results that are kept for pages that ask for them again. */
const maxKept = 8;
/** Time for which a page that has been answered may take to ask for the rest, ms. */
const usualLeaseMs = 20_000;

export class Jobs<T> {
  readonly #jobs = new Map<string, Job<T>>();
  /** What each place of a page waits for. */
  readonly #asked = new Map<string, { readonly key: string; timer?: ReturnType<typeof setTimeout> }>();
  readonly #leaseMs: number;

  constructor(leaseMs = usualLeaseMs) {
    this.#leaseMs = leaseMs;
  }

  /** Number of jobs that are not finished. */
  get running(): number {
    return [...this.#jobs.values()].filter(({ found }) => !found.isWhole).length;
  }

  /**
   * What a job has found since `after`, waiting for it; undefined if `holder`, one place of one page, has asked for another
   * one meanwhile. `gone` is aborted when the page has left, or has waited long enough.
   */
  async ask(
    [holder, key, after]: readonly [holder: string, key: string, after: number],
    work: Work<T>,
    gone: { readonly left: AbortSignal; readonly late: AbortSignal },
  ): Promise<JobState<T> | undefined> {
    const job = this.#jobs.get(key) ?? this.#begin(key, work);
    this.#hold(holder, key);
    job.holders.add(holder);
    const own = new AbortController();
    this.#turns.get(holder)?.abort();
    this.#turns.set(holder, own);
    gone.left.addEventListener('abort', () => own.signal.aborted || this.#leave(holder), { once: true });
    await job.newer(after, AbortSignal.any([gone.left, gone.late, own.signal]));
    if (own.signal.aborted || gone.left.aborted) return undefined;
    this.#turns.delete(holder);
    // A page that does not ask again has left.
    const asked = this.#asked.get(holder);
    if (asked && !job.found.isWhole) {
      asked.timer = setTimeout(() => this.#leave(holder), this.#leaseMs);
      asked.timer.unref?.();
    }
    if (job.found.isWhole) this.#leave(holder);
    return job.found;
  }

  readonly #turns = new Map<string, AbortController>();

  /** Ends all jobs. */
  close(): void {
    for (const holder of [...this.#asked.keys()]) this.#leave(holder);
    for (const job of this.#jobs.values()) job.end();
    this.#jobs.clear();
  }

  #begin(key: string, work: Work<T>): Job<T> {
    const job = new Job(work);
    this.#jobs.set(key, job);
    for (const [other, { found, holders }] of this.#jobs) {
      if (this.#jobs.size <= maxKept) break;
      if (found.isWhole && holders.size === 0 && other !== key) this.#jobs.delete(other);
    }
    return job;
  }

  #hold(holder: string, key: string): void {
    const before = this.#asked.get(holder);
    clearTimeout(before?.timer);
    if (before && before.key !== key) this.#leave(holder);
    this.#asked.set(holder, { key });
  }

  #leave(holder: string): void {
    const asked = this.#asked.get(holder);
    if (!asked) return;
    clearTimeout(asked.timer);
    this.#asked.delete(holder);
    const job = this.#jobs.get(asked.key);
    job?.holders.delete(holder);
    if (!job || job.holders.size > 0) return;
    const { isWhole, failure } = job.found;
    if (!isWhole) job.end();
    // What failed or was given up is computed anew.
    if (!isWhole || failure !== undefined) this.#jobs.delete(asked.key);
  }
}
