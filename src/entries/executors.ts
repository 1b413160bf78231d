/**
 * `ewald/executors` in browsers: tasks run on this thread, on Web Workers or on a cluster, by one interface; see Node's build.
 *
 *     import { Executor } from 'ewald/executors';
 *
 * @module
 */

import { EwaldError } from '../base/errors.js';
import { type DelayedExecutor, delayedExecutor } from '../executors/delayed-executor.js';
import type { Executor as Instance, WorkerInfo } from '../executors/executor.js';
import { inline, workers } from '../executors/local.js';
import { connect, listWorkers } from '../executors/nats/connect.js';
import { join } from '../executors/nats/join.js';
import type { ConnectOptions, JoinedWorker, JoinOptions, NatsOptions } from '../executors/nats/options.js';
import type { InlineOptions, WorkersOptions } from '../executors/options.js';
import { spmd as runRanks, type SpmdOptions } from '../executors/spmd.js';
import type { Task } from '../executors/task.js';
import { browserPlace } from './place.browser.js';

/** Runs tasks somewhere; end it with `dispose` or `await using`. */
export type Executor = Instance;

/** The ways of making an executor. */
export const Executor = {
  /** Tasks on this thread, one at a time. */
  inline: (options?: InlineOptions): Promise<Executor> => inline(browserPlace, options),
  /** Tasks on workers of this process, each with a context of its own. Throws `Load` where they cannot start. */
  workers: (options?: WorkersOptions): Promise<Executor> => workers(browserPlace, options),
  /** Tasks are only noted, and computed later on another executor. */
  delayed: async (): Promise<DelayedExecutor> => delayedExecutor(browserPlace),
  /**
   * Tasks on the ranks of an MPI job (Node under mpirun or srun). Every rank runs the same program and makes the same calls:
   * rank 0 hands tasks out and gets the results, `run` of the others works for it and gives none. Throws `Unsupported`
   * without the MPI addon.
   */
  mpi: async (_options?: InlineOptions): Promise<Executor> => {
    throw new EwaldError('Unsupported', 'MPI needs Node under mpirun; browsers have workers and connect');
  },
  /**
   * Tasks on whatever workers have joined a cluster; the server is NATS with JetStream, nats:// or tls:// on Node, ws:// or
   * wss:// in browsers. Throws `Load` without the clients of NATS, `Lost` without a server, `Argument` for wrong
   * credentials, `Unsupported` where workers of another build are there.
   */
  connect: (url: string, options?: ConnectOptions): Promise<Executor> => connect(browserPlace, url, options),
};

/**
 * Runs the task's function once on each of `ranks` workers with a communicator between them (`scope.comm`), and gives
 * what each rank returned, in order. When a rank throws or dies the others end with `Lost`, and its error is thrown.
 */
export const spmd = <R = unknown>(task: Task, options: SpmdOptions): Promise<R[]> =>
  runRanks(browserPlace, task, options) as Promise<R[]>;

/**
 * Joins a cluster and works for it until `leave`, with a pool of workers. What throws is as in `Executor.connect`.
 */
export const joinCluster = (url: string, options?: JoinOptions): Promise<JoinedWorker> =>
  join(browserPlace, url, options);

/** Who has joined a cluster, asked for a second. */
export const listCluster = (url: string, options?: NatsOptions): Promise<WorkerInfo[]> =>
  listWorkers(browserPlace, url, options);

export * from '../executors/public.js';
