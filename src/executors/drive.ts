/**
 * What all executors have in common: tasks are drawn from their source no faster than results are read, results are
 * delivered in order or as they become ready, progress is reported, and ending the run from either side stops running
 * tasks.
 */
import { abortError, iteratorOf } from '../base/aborted.js';
import { checkedOptions, row } from '../base/call-options.js';
import { observer } from '../base/callbacks.js';
import { EwaldError } from '../base/errors.js';
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
  /** Runs a task; rejects with `Lost` if its worker was lost too often, or with the task's own error. */
  execute(task: TaskSpec, call: TaskCall): Promise<Outcome>;
  /** Called when the run is over; `whole` if every task has finished. */
  end?(whole: boolean): Promise<void> | void;
}

/** Seconds that a task may take, unless its run states otherwise. */
export const taskSecondsRow = row.number(1e-3, Number.POSITIVE_INFINITY, 600);
const rows = {
  signal: row.signal,
  onProgress: row.any,
  ordered: row.on,
  failures: row.choice(['throw', 'yield'], 'throw'),
  window: row.integer(1, 65536),
  retries: row.integer(0, 10, 1),
  taskSeconds: taskSecondsRow,
  everywhere: row.flag,
} as const;

/** Checks the options of a run and fills in the defaults. */
export function checkRun(given: RunOptions) {
  const { signal, ...checked } = checkedOptions('run', given, rows);
  return { ...checked, signal: signal as AbortSignal | undefined, onProgress: observer('run', given, 'onProgress') };
}

const asFailed = (error: unknown): Failed =>
  error instanceof Failed ? error : new Failed(error instanceof Error ? error : new Error(String(error)), '', 1);

/** Runs tasks on a lane. */
export async function* drive(
  tasks: Iterable<Task> | AsyncIterable<Task>,
  lane: Lane,
  given: RunOptions,
): AsyncGenerator<TaskResult, void, undefined> {
  const run = checkRun(given);
  const { signal, ordered, retries, taskSeconds: seconds } = run;
  const window = run.window ?? lane.window;
  const source = iteratorOf(tasks);
  if (!source)
    throw new EwaldError('Argument', `run: tasks is ${String(tasks)}; expected an array or an iterable of tasks`);
  const controller = new AbortController();
  // These are not listeners of the signal, since engines warn about more than a few.
  const aborts = new Set<() => void>();
  const onAbort = (listener: () => void): (() => void) => {
    aborts.add(listener);
    return () => aborts.delete(listener);
  };
  const finished = new Map<number, TaskResult>();
  let drawn = 0;
  let read = 0;
  let done = 0;
  let failed = 0;
  let drawing = false;
  let exhausted = false;
  let broken: unknown;
  let wake = (): void => {};

  const stop = (): void => {
    broken ??= signal && abortError(signal, 'the run');
    wake();
  };
  const finish = (result: TaskResult): void => {
    finished.set(result.index, result);
    done++;
    if (result.error) failed++;
    run.onProgress({ done, total: exhausted ? drawn : totalOf(tasks), failed });
    wake();
  };
  const begin = (task: Task): void => {
    const index = drawn++;
    const spec = checkTask(task, index, lane.names);
    lane
      .execute(spec, { index, signal: controller.signal, onAbort, retries, seconds })
      .then((outcome) => finish({ index, id: spec.id, ...outcome }))
      .catch((thrown) => {
        const { error, worker, attempts } = asFailed(thrown);
        if (run.failures === 'throw') broken ??= error;
        finish({ index, id: spec.id, value: undefined, error, worker, attempts, seconds: 0 });
      })
      // An error thrown by onProgress ends the run.
      .catch((error) => {
        broken ??= error;
        wake();
      });
  };
  const take = (next: IteratorResult<Task>): void => {
    drawing = false;
    if (broken) return;
    if (next.done) exhausted = true;
    else begin(next.value);
  };
  const draw = (): void => {
    while (!drawing && !exhausted && !broken && drawn - read < window) {
      const next = source.next();
      drawing = true;
      if (!('then' in next)) {
        take(next);
        continue;
      }
      Promise.resolve(next)
        .then(take)
        .catch((error) => {
          broken ??= error;
        })
        .then(() => wake());
    }
  };

  if (signal?.aborted) throw abortError(signal, 'the run');
  signal?.addEventListener('abort', stop, { once: true });
  let whole = false;
  try {
    while (true) {
      draw();
      if (broken) throw broken;
      const index = ordered ? read : finished.keys().next().value;
      const result = index === undefined ? undefined : finished.get(index);
      if (result) {
        finished.delete(result.index);
        read++;
        yield result;
      } else if (exhausted && read === drawn) {
        whole = true;
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    broken ??= 'left';
    controller.abort();
    for (const listener of [...aborts]) listener();
    if (!exhausted) {
      // A source that waits forever must not delay the end.
      Promise.resolve(source.return?.()).catch(() => {});
    }
    await lane.end?.(whole);
  }
}

const totalOf = (tasks: unknown): number | undefined => (Array.isArray(tasks) ? tasks.length : undefined);
