/** The interface shared by all executors, and the options of a run. */

import type { DeviceReport } from '../compute/backends/open.js';
import type { PlatformSignal } from '../util/globals.js';
import type { Disposable, MaybeAsyncDisposable } from '../util/resource.js';
import type { Task } from './task.js';

/** The kinds of executors. */
export const executorKinds = ['inline', 'workers', 'delayed', 'mpi', 'nats'] as const;
/** How tasks are run; see the README of src/parallel. */
export type ExecutorKind = (typeof executorKinds)[number];

/** Progress of a run. */
export interface RunProgress {
  /** Tasks that have finished, successfully or not. */
  readonly done: number;
  /** Number of tasks in the run; undefined until the source has ended. */
  readonly total: number | undefined;
  /** Tasks that ended with an error. */
  readonly failed: number;
}

/** Options of a run. */
export interface RunOptions {
  /** Aborts the run with `Aborted`; running tasks are notified, and stopped if they do not respond. */
  readonly signal?: PlatformSignal | undefined;
  /** Called after each finished task. */
  readonly onProgress?: ((progress: RunProgress) => void) | undefined;
  /** Results in the order of the tasks (default), or as they arrive. */
  readonly ordered?: boolean | undefined;
  /** Effect of a failed task: `throw` ends the run with its error (default), `yield` gives a result with `error`. */
  readonly failures?: 'throw' | 'yield' | undefined;
  /**
   * Tasks started but not yet read by the caller, 1 … 65536; a slow reader pauses the source. Default: chosen by the
   * executor, more than twice what it can keep busy.
   */
  readonly window?: number | undefined;
  /** Number of retries for a task lost with its worker, 0 … 10; default 1. A task that throws is not retried. */
  readonly retries?: number | undefined;
  /** Seconds after which the worker of a task counts as hung, above 0, `Infinity` for no limit; default 600. */
  readonly taskTimeoutS?: number | undefined;
  /**
   * For `mpi`: every rank, not only rank 0, gets the results, in the same order; default false. Other executors return
   * them once.
   */
  readonly everywhere?: boolean | undefined;
}

/** The result of one task. */
export interface TaskResult<R = unknown> {
  /** Index of the task in the run, from 0. */
  readonly index: number;
  /** The task's id. */
  readonly id: string;
  /** The return value of the function; undefined if there is an `error`. */
  readonly value: R;
  /** Set only with `failures: 'yield'`. */
  readonly error?: Error | undefined;
  /** Name of the worker that ran it. */
  readonly worker: string;
  /** Number of attempts, 1 unless a worker was lost. */
  readonly attempts: number;
  /** Execution time of the function in seconds. */
  readonly seconds: number;
}

/** A worker, as `workers` of an executor reports it. */
export interface WorkerInfo {
  readonly name: string;
  readonly host: string;
  /** `node` or `browser`. */
  readonly platform: string;
  readonly version: string;
  /** Hash of the package's code: workers with another one are rejected. */
  readonly build: string;
  /** Number of concurrent tasks. */
  readonly slots: number;
  /** The available backends, and the reasons why others are unavailable; `chosen` is the default of a context. */
  readonly backends: readonly Omit<DeviceReport, 'device'>[];
  /** Of a worker on a cluster: the names of modules that it runs besides the package's, and whether it runs source. */
  readonly modules?: readonly string[] | undefined;
  readonly allowModules?: boolean | undefined;
  /** Of a worker on a cluster: what it does when it is asked. */
  readonly now?: WorkerState | undefined;
}

/** What a worker of a cluster does. */
export interface WorkerState {
  /** Runs that it works for, and their tasks that run and wait there. */
  readonly runs: number;
  readonly running: number;
  readonly waiting: number;
  /** Tasks that have ended since it joined, and tasks that have failed. */
  readonly done: number;
  readonly failed: number;
  /** Mean duration of its latest tasks in seconds. */
  readonly taskSeconds: number;
  /** Whether it takes no further tasks. */
  readonly leaving: boolean;
  /** Bytes of memory that its process uses; absent in browsers. */
  readonly memory?: number | undefined;
}

export interface ExecutorMethods extends Disposable {
  readonly kind: ExecutorKind;
  /** Number of concurrent tasks, as far as currently known. */
  readonly slots: number;
  /**
   * Runs tasks and yields their results. The source is read no faster than the results; leaving the loop ends the run.
   * Throws `Argument` for an invalid task, `Aborted`, `Lost` if a task was lost with its worker too often, `Disposed`,
   * and the errors of tasks.
   */
  run<R = unknown>(
    tasks: Iterable<Task> | AsyncIterable<Task>,
    options?: RunOptions,
  ): AsyncGenerator<TaskResult<R>, void, undefined>;
  /**
   * Sends a value (typed arrays, plain objects of them) to every worker once; tasks refer to it as an input by its
   * hash. It is kept until the executor is disposed.
   */
  share(value: unknown): Promise<{ readonly hash: string }>;
  /** The workers, with their devices. */
  workers(): Promise<readonly WorkerInfo[]>;
}
/** Runs tasks on workers; release it with `dispose` or `await using`. */
export type Executor = ExecutorMethods & MaybeAsyncDisposable;
