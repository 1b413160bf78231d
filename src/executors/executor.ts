/** The common interface of all executors, and the options of a run. */
import type { DeviceReport } from '../backends/open.js';
import type { PlatformSignal } from '../base/globals.js';
import type { Disposable, MaybeAsyncDisposable } from '../base/resource.js';
import type { Task } from './task.js';

export const executorKinds = ['inline', 'workers', 'delayed', 'mpi', 'nats'] as const;
/** How tasks are run; see the README of src/executors. */
export type ExecutorKind = (typeof executorKinds)[number];

/** Progress of a run. */
export interface RunProgress {
  /** Tasks that are finished, well or badly. */
  readonly done: number;
  /** Tasks of the run; undefined until the source has ended. */
  readonly total: number | undefined;
  /** Tasks that ended with an error. */
  readonly failed: number;
}

/** Options of a run. */
export interface RunOptions {
  /** Aborts the run with `Aborted`; running tasks are notified, and stopped if they do not respond. */
  readonly signal?: PlatformSignal;
  /** Told after each finished task. */
  readonly onProgress?: (progress: RunProgress) => void;
  /** Results in the order of the tasks (default), or as they come. */
  readonly ordered?: boolean;
  /** What a failed task does: `throw` ends the run with its error (default), `yield` gives a result with `error`. */
  readonly failures?: 'throw' | 'yield';
  /**
   * Tasks started and not yet read by the caller, 1 … 65536: a slow reader pauses the source. Default: chosen by the
   * executor, more than twice its capacity.
   */
  readonly window?: number;
  /** Times a task lost with its worker is tried again, 0 … 10; default 1. An error thrown by the task is its answer. */
  readonly retries?: number;
  /** Seconds a task may take before its worker is considered hung, above 0, or `Infinity`; default 600. */
  readonly taskSeconds?: number;
  /**
   * Of `mpi`: every rank gets the results, in the same order, and not rank 0 alone; default false. Others give them
   * once.
   */
  readonly everywhere?: boolean;
}

/** What became of one task. */
export interface TaskResult<R = unknown> {
  /** Place of the task in the run, from 0. */
  readonly index: number;
  /** The task's id. */
  readonly id: string;
  /** What the function gave; undefined where there is an `error`. */
  readonly value: R;
  /** Set only with `failures: 'yield'`. */
  readonly error?: Error;
  /** Where it ran. */
  readonly worker: string;
  /** Tries it took, 1 unless a worker was lost. */
  readonly attempts: number;
  /** Seconds of the function itself. */
  readonly seconds: number;
}

/** One place where tasks run, as `detect` tells it. */
export interface WorkerInfo {
  readonly name: string;
  readonly host: string;
  /** `node`, or `browser`. */
  readonly platform: string;
  readonly version: string;
  /** Content hash of the package's code: workers of another one are refused. */
  readonly build: string;
  /** Number of tasks it runs at once. */
  readonly slots: number;
  /** Backends there, and why not the others; `chosen` is the one that a context takes. */
  readonly backends: readonly Omit<DeviceReport, 'device'>[];
}

export interface ExecutorMethods extends Disposable {
  readonly kind: ExecutorKind;
  /** Number of tasks it runs at once, as far as is known now. */
  readonly slots: number;
  /**
   * Runs tasks and gives their results. The source is read no faster than results are; leaving the loop ends the run.
   * Throws `Argument` for a bad task, `Aborted`, `Lost` when a task was lost with its worker once too often,
   * `Disposed`, and what a task throws.
   */
  run<R = unknown>(
    tasks: Iterable<Task> | AsyncIterable<Task>,
    options?: RunOptions,
  ): AsyncGenerator<TaskResult<R>, void, undefined>;
  /**
   * Makes a value (typed arrays, plain objects of them) known to every worker once; tasks name it as an input by its
   * hash. It is kept until the executor is disposed.
   */
  share(value: unknown): Promise<{ readonly hash: string }>;
  /** The places where tasks run, with their devices. */
  detect(): Promise<readonly WorkerInfo[]>;
}
/** Runs tasks somewhere; end it with `dispose` or `await using`. */
export type Executor = ExecutorMethods & MaybeAsyncDisposable;
