/** Workers of a run that start while this process works already. */
import type { Executor } from '../parallel/executor.js';
import type { RunExecutor } from './run-options.js';

/** Seconds of processor time that pay for a worker, which needs about that much to start. */
const secondsOfWorker = 0.5;
/** Those below which this process has finished before workers would be of use. */
const minSeconds = 2;

/** Number of workers, at most `most`, that finish work sooner than this process alone; 0 if none do. */
export function workersFor(seconds: number, most: number): number {
  const workers = Math.min(most, Math.floor(seconds / secondsOfWorker));
  return seconds < minSeconds || workers < 2 ? 0 : workers;
}

/** Workers that a run uses, of which it need not wait for the start; the caller disposes them. */
export class SpareWorkers implements RunExecutor {
  readonly kind = 'workers';
  readonly start: RunExecutor['start'];
  readonly #most: number;
  readonly #open: (workers: number) => Promise<Executor>;
  #opening: Promise<Executor> | undefined;
  #executor: Executor | undefined;

  /** `asked`: the user has asked for all of them, which start at once, and search every frame. */
  constructor(most: number, isAsked: boolean, open: (workers: number) => Promise<Executor>) {
    this.#most = most;
    this.#open = open;
    this.start = isAsked ? undefined : (seconds) => this.#startFor(seconds);
    // The run is told why they could not start when it needs them.
    if (isAsked) this.#opened(most).catch(() => {});
  }

  get slots(): number {
    return this.#executor?.slots ?? this.#most;
  }

  async share(value: unknown): Promise<{ readonly hash: string }> {
    return (await this.#opened()).share(value);
  }

  async *run<R>(
    ...[tasks, options]: Parameters<RunExecutor['run']>
  ): AsyncGenerator<{ readonly value: R }, void, undefined> {
    yield* (await this.#opened()).run<R>(tasks, options);
  }

  async dispose(): Promise<void> {
    const executor = await this.#opening?.catch(() => undefined);
    await executor?.dispose();
  }

  #startFor(seconds: number): Promise<RunExecutor> | undefined {
    const workers = workersFor(seconds, this.#most);
    return workers === 0 ? undefined : this.#opened(workers);
  }

  async #opened(workers = this.#most): Promise<Executor> {
    this.#opening ??= this.#open(workers);
    this.#executor = await this.#opening;
    return this.#executor;
  }
}
