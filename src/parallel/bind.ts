/** The names of `ewald/executors` that depend on the platform. */
import type { DelayedExecutor } from './delayed-executor.js';
import { delayedExecutor } from './delayed-executor.js';
import type { Executor, WorkerInfo } from './executor.js';
import { inlineExecutor, workersExecutor } from './local-executors.js';
import { cancelRun, connect, listRuns, listWorkers } from './nats/connect.js';
import { join } from './nats/join.js';
import type { ClusterRun, ConnectOptions, JoinedWorker, JoinOptions, NatsOptions } from './nats/options.js';
import type { InlineOptions, MpiOptions, WorkersOptions } from './options.js';
import type { Place } from './place.js';
import { type SpmdOptions, spmd } from './spmd.js';
import type { Task } from './task.js';

/** The ways of making an executor. */
export interface ExecutorFactory {
  /** Runs tasks on this thread, one at a time. */
  inline(options?: InlineOptions): Promise<Executor>;
  /** Runs tasks on workers of this process, each with its own context. Throws `Load` if they cannot start. */
  workers(options?: WorkersOptions): Promise<Executor>;
  /** Records tasks, which are computed later on another executor. */
  delayed(): Promise<DelayedExecutor>;
  /**
   * Runs tasks on the ranks of an MPI job (Node under mpirun or srun). Every rank runs the same program and makes the
   * same calls: rank 0 distributes tasks and receives the results; `run` of the other ranks works for it and yields
   * nothing. Throws `Unsupported` without the MPI addon, `Argument` if `shards` is no folder.
   */
  mpi(options?: MpiOptions): Promise<Executor>;
  /**
   * Runs tasks on the workers of this build that have joined a cluster; the server is NATS, nats:// or tls:// on Node,
   * ws:// or wss:// in browsers. Throws `Load` without the NATS client, `Lost` if no server answers within
   * `serverTimeoutS`, `Argument` for wrong credentials.
   */
  connect(url: string, options?: ConnectOptions): Promise<Executor>;
}

/** The platform's exports in addition to the names of public.ts. */
export interface BoundExecutors {
  readonly Executor: ExecutorFactory;
  /**
   * Runs the task's function once on each of `ranks` workers with a communicator between them (`scope.comm`), and
   * returns what each rank returned, in order. When a rank throws or dies, the others end with `Lost` and its error is
   * thrown.
   */
  readonly spmd: <R = unknown>(task: Task, options: SpmdOptions) => Promise<R[]>;
  /** Joins a cluster and works for it until `leave`, with a pool of workers. Throws as `Executor.connect` does. */
  readonly joinCluster: (url: string, options?: JoinOptions) => Promise<JoinedWorker>;
  /** The workers that have joined a cluster, after listening for a second. */
  readonly listCluster: (url: string, options?: NatsOptions) => Promise<WorkerInfo[]>;
  /** The runs on a cluster, after listening for 2.5 s. */
  readonly listRuns: (url: string, options?: NatsOptions) => Promise<ClusterRun[]>;
  /**
   * Ends a run on a cluster by the name that `listRuns` gives: its client throws `Aborted`. Throws `Argument` if there
   * is no such run.
   */
  readonly cancelRun: (url: string, run: string, options?: NatsOptions) => Promise<void>;
}

/** Binds the names to a platform. */
export const bindExecutors = (place: Place, mpi: ExecutorFactory['mpi']): BoundExecutors => ({
  Executor: {
    inline: (options) => inlineExecutor(place, options),
    workers: (options) => workersExecutor(place, options),
    delayed: async () => delayedExecutor(place),
    mpi,
    connect: (url, options) => connect(place, url, options),
  },
  spmd: <R>(task: Task, options: SpmdOptions) => spmd(place, task, options) as Promise<R[]>,
  joinCluster: (url, options) => join(place, url, options),
  listCluster: (url, options) => listWorkers(place, url, options),
  listRuns: (url, options) => listRuns(place, url, options),
  cancelRun: (url, run, options) => cancelRun(place, url, run, options),
});
