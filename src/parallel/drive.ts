/**
 * What all executors have in common: tasks are drawn from their source no faster than results are read, results are
 * delivered in order or as they become ready, progress is reported, and ending the run from either side stops running
 * tasks.
 */

import { checkedOptions, row } from '../options/call-options.js';
import { abortError, iteratorOf } from '../util/aborted.js';
import { observer } from '../util/callbacks.js';
import { EwaldError } from '../util/errors.js';
import { checkTask } from './check-task.js';
import type { RunOptions, TaskResult } from './executor.js';
import type { Task, TaskSpec } from './task.js';

/** How one task is run. */
export interface TaskCall {
  readonly index: number;
  /** Fires if the run ends before its tasks; a lane with many tasks in progress uses `onAbort` instead. */
  readonly signal: AbortSignal;
  /** Calls `listener` if the run ends before the task; returns a function that removes the listener. */
  onAbort(listener: () => void): () => void;
  readonly retries: number;
  readonly seconds: number;
}

/** The outcome of a task. */
export interface Outcome {
  readonly value: unknown;
  readonly worker: string;
  readonly attempts: number;
  readonly seconds: number;
}

/** The failure of a task, reported by a lane that knows where it happened. */
export class Failed {
  constructor(
    readonly error: Error,
    readonly worker: string,
    readonly attempts: number,
  ) {}
}

/** A way of running tasks; one is made for each run. */
export interface Lane {
  /** Number of tasks that should be in progress, unless the caller sets `window`. */
  readonly window: number;
  /** Module names that its workers know besides the package's own. */
  readonly names: readonly string[];
  /** Called before the first task; `fail` ends the run at once, also while it waits for its source. */
  begin?(fail: (error: unknown) => void): void;
  /** Runs a task; rejects with `Lost` if its worker was lost too often, or with the task's own error. */
  execute(task: TaskSpec, call: TaskCall): Promise<Outcome>;
  /** Called when the run is over; `whole` if every task has finished. */
  end?(whole: boolean): Promise<void> | void;
}

/** Seconds that a task may take, unless its run states otherwise. */
const taskTimeoutRow = row.number(1e-3, Number.POSITIVE_INFINITY, 600);
const rows = {
  signal: row.signal,
  onProgress: row.any,
  ordered: row.on,
  failures: row.choice(['throw', 'yield'], 'throw'),
  window: row.integer(1, 65536),
  retries: row.integer(0, 10, 1),
  taskTimeoutS: taskTimeoutRow,
  everywhere: row.flag,
} as const;

/** Checks the options of a run and fills in the defaults. */
export function checkRun(options: RunOptions) {
  const { signal, ...checked } = checkedOptions('run', options, rows);
  return { ...checked, signal: signal as AbortSignal | undefined, onProgress: observer('run', options, 'onProgress') };
}

const asFailed = (error: unknown): Failed =>
  error instanceof Failed ? error : new Failed(error instanceof Error ? error : new Error(String(error)), '', 1);

/** Runs tasks on a lane. */
export async function* runTasks(
  tasks: Iterable<Task> | AsyncIterable<Task>,
  lane: Lane,
  options: RunOptions,
): AsyncGenerator<TaskResult, void, undefined> {
  const run = checkRun(options);
  const { signal } = run;
  const source = iteratorOf(tasks);
  if (!source)
    throw new EwaldError('Argument', `run: tasks is ${String(tasks)}; expected an array or an iterable of tasks`);
  const total = Array.isArray(tasks) ? tasks.length : undefined;
  const work = new Work(source, total, lane, run);
  const stop = (): void => work.fail(signal && abortError(signal, 'the run'));
  if (signal?.aborted) throw abortError(signal, 'the run');
  signal?.addEventListener('abort', stop, { once: true });
  let whole = false;
  try {
    lane.begin?.((error) => work.fail(error));
    while (true) {
      work.draw();
      const result = work.take();
      if (result) yield result;
      else if (work.isOver) {
        whole = true;
        return;
      } else await work.change();
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    work.end();
    await lane.end?.(whole);
  }
}

type TaskSource = Iterator<Task> | AsyncIterator<Task>;

/** The tasks of a run: drawn, in progress, finished and read. */
class Work {
  readonly #source: TaskSource;
  readonly #total: number | undefined;
  readonly #lane: Lane;
  readonly #run: ReturnType<typeof checkRun>;
  readonly #controller = new AbortController();
  /** These are not listeners of the signal, since engines warn about more than a few. */
  readonly #aborts = new Set<() => void>();
  readonly #finished = new Map<number, TaskResult>();
  #drawn = 0;
  #read = 0;
  #done = 0;
  #failed = 0;
  #drawing = false;
  #exhausted = false;
  /** What ends the run. */
  #broken: unknown;
  #wake = (): void => {};

  constructor(source: TaskSource, total: number | undefined, lane: Lane, run: ReturnType<typeof checkRun>) {
    this.#source = source;
    this.#total = total;
    this.#lane = lane;
    this.#run = run;
  }

  get isOver(): boolean {
    return this.#exhausted && this.#read === this.#drawn;
  }

  /** Resolves when `take` may find something else. */
  change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  fail(error: unknown): void {
    this.#broken ??= error;
    this.#wake();
  }

  /** Begins tasks until the window is full. */
  draw(): void {
    const window = this.#run.window ?? this.#lane.window;
    while (!this.#drawing && !this.#exhausted && !this.#broken && this.#drawn - this.#read < window) {
      const next = this.#source.next();
      this.#drawing = true;
      if (!('then' in next)) {
        this.#accept(next);
        continue;
      }
      Promise.resolve(next)
        .then((drawn) => this.#accept(drawn))
        .catch((error) => {
          this.#broken ??= error;
        })
        .then(() => this.#wake());
    }
  }

  /** The next result to deliver, if it is ready; throws what ends the run. */
  take(): TaskResult | undefined {
    if (this.#broken) throw this.#broken;
    const index = this.#run.ordered ? this.#read : this.#finished.keys().next().value;
    const result = index === undefined ? undefined : this.#finished.get(index);
    if (!result) return undefined;
    this.#finished.delete(result.index);
    this.#read++;
    return result;
  }

  /** Stops what is in progress. */
  end(): void {
    this.#broken ??= 'left';
    this.#controller.abort();
    for (const listener of [...this.#aborts]) listener();
    if (!this.#exhausted) {
      // A source that waits forever must not delay the end.
      Promise.resolve(this.#source.return?.()).catch(() => {});
    }
  }

  #accept(next: IteratorResult<Task>): void {
    this.#drawing = false;
    if (this.#broken) return;
    if (next.done) this.#exhausted = true;
    else this.#begin(next.value);
  }

  #begin(task: Task): void {
    const index = this.#drawn++;
    const spec = checkTask(task, index, this.#lane.names);
    const { id } = spec;
    const { retries, taskTimeoutS: seconds, failures } = this.#run;
    const onAbort = (listener: () => void): (() => void) => {
      this.#aborts.add(listener);
      return () => this.#aborts.delete(listener);
    };
    this.#lane
      .execute(spec, { index, signal: this.#controller.signal, onAbort, retries, seconds })
      .then((outcome) => this.#finish({ index, id, ...outcome }))
      .catch((thrown) => {
        const { error, worker, attempts } = asFailed(thrown);
        if (failures === 'throw') this.#broken ??= error;
        this.#finish({ index, id, value: undefined, error, worker, attempts, seconds: 0 });
      })
      // An error thrown by onProgress ends the run.
      .catch((error) => this.fail(error));
  }

  #finish(result: TaskResult): void {
    this.#finished.set(result.index, result);
    this.#done++;
    if (result.error) this.#failed++;
    this.#run.onProgress({
      done: this.#done,
      total: this.#exhausted ? this.#drawn : this.#total,
      failed: this.#failed,
    });
    this.#wake();
  }
}
