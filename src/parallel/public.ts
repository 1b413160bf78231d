/** The names that both builds of `ewald/executors` export. */

export type { BoundExecutors, ExecutorFactory } from './bind.js';
export { type Computed, type ComputeOptions, compute, Delayed, delay } from './delayed.js';
export type { DelayedExecutor } from './delayed-executor.js';
export type {
  ExecutorKind,
  ExecutorMethods,
  RunOptions,
  RunProgress,
  TaskResult,
  WorkerInfo,
  WorkerState,
} from './executor.js';
export type { ClusterRun, ConnectOptions, JoinedWorker, JoinOptions, LoadNats, NatsOptions } from './nats/options.js';
export type { InlineOptions, MpiOptions, WorkersOptions } from './options.js';
export type { SpmdOptions } from './spmd.js';
export type { InputReference, Task } from './task.js';
