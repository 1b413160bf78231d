/**
 * `ewald/executors` on Node: tasks run on this thread, on worker threads, on ranks or on a cluster, by one interface.
 *
 *     import { Executor } from 'ewald/executors';
 *     const executor = await Executor.workers();
 *     try {
 *       const tasks = [0, 1e8].map((first) => ({ module: 'pi', function: 'count', argument: { points: 1e8, first } }));
 *       for await (const { index, value } of executor.run(tasks)) console.log(index, value);
 *     } finally {
 *       await executor.dispose();
 *     }
 *
 * @module
 */
import type { Executor as Instance } from './executor.js';
import { inline, workers } from './local.js';
import type { InlineOptions, WorkersOptions } from './options.js';
import { nodePlace } from './place-node.js';
import { spmd as runRanks, type SpmdOptions } from './spmd.js';
import type { Task } from './task.js';

/** Runs tasks somewhere; end it with `dispose` or `await using`. */
export type Executor = Instance;

/** The ways of making an executor. */
export const Executor = {
  /** Tasks on this thread, one at a time. */
  inline: (options?: InlineOptions): Promise<Executor> => inline(nodePlace, options),
  /** Tasks on workers of this process, each with a context of its own. Throws `Load` where they cannot start. */
  workers: (options?: WorkersOptions): Promise<Executor> => workers(nodePlace, options),
};

/**
 * Runs the task's function once on each of `ranks` workers with a communicator between them (`scope.comm`), and gives
 * what each rank returned, in order. When a rank throws or dies the others end with `Lost`, and its error is thrown.
 */
export const spmd = <R = unknown>(task: Task, options: SpmdOptions): Promise<R[]> =>
  runRanks(nodePlace, task, options) as Promise<R[]>;

export * from './public.js';
