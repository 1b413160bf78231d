/**
 * `ewald/executors` in browsers: tasks run on this thread, on Web Workers or on a cluster, by one interface; see Node's build.
 *
 *     import { Executor } from 'ewald/executors';
 *
 * @module
 */

import type { Executor as Instance } from './executor.js';
import { inline, workers } from './local.js';
import type { InlineOptions, WorkersOptions } from './options.js';
import { browserPlace } from './place-browser.js';
import { spmd as runRanks, type SpmdOptions } from './spmd.js';
import type { Task } from './task.js';

/** Runs tasks somewhere; end it with `dispose` or `await using`. */
export type Executor = Instance;

/** The ways of making an executor. */
export const Executor = {
  /** Tasks on this thread, one at a time. */
  inline: (options?: InlineOptions): Promise<Executor> => inline(browserPlace, options),
  /** Tasks on workers of this process, each with a context of its own. Throws `Load` where they cannot start. */
  workers: (options?: WorkersOptions): Promise<Executor> => workers(browserPlace, options),
};

/**
 * Runs the task's function once on each of `ranks` workers with a communicator between them (`scope.comm`), and gives
 * what each rank returned, in order. When a rank throws or dies the others end with `Lost`, and its error is thrown.
 */
export const spmd = <R = unknown>(task: Task, options: SpmdOptions): Promise<R[]> =>
  runRanks(browserPlace, task, options) as Promise<R[]>;

export * from './public.js';
