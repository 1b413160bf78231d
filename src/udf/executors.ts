/** The executors of `Context.makeWith`, checked. */
import { EwaldError } from '../errors.js';
import { type Executor, executorKinds } from '../executors/executor.js';
import type { WorkersOptions } from '../executors/options.js';
import { choice } from '../options.js';
import type { MakeWithOptions } from './context-options.js';

/** Ways of making executors, of a platform. */
export interface ExecutorMakers {
  inline(options: object): Promise<Executor>;
  workers(options: WorkersOptions): Promise<Executor>;
  delayed(): Promise<Executor>;
  mpi?(options: object): Promise<Executor>;
}

const countOf = (what: string, given: number | readonly number[]): number => {
  const count = typeof given === 'number' ? given : given.length;
  if (!Number.isInteger(count) || count < 0)
    throw new EwaldError(
      'Argument',
      `Context.makeWith: ${what} is ${String(given)}; needed is a number, or a list of them`,
    );
  return count;
};

/** The executor for a kind; undefined for this thread itself. */
export async function makeExecutor(
  kind: string,
  { cpus, gpus, context }: MakeWithOptions,
  makers: ExecutorMakers,
): Promise<Executor | undefined> {
  const options = context ? { context } : {};
  // What computes a delayed run without another executor.
  if (kind === 'inline-tasks') return makers.inline(options);
  const named = choice(
    'Context.makeWith: the executor',
    kind as 'inline',
    'inline',
    executorKinds as readonly 'inline'[],
  ) as string;
  if (cpus !== undefined && named !== 'workers')
    throw new EwaldError('Argument', `Context.makeWith: the executor ${named} has no cpus; workers has`);
  if (gpus !== undefined && countOf('gpus', gpus) > 0 && named !== 'workers')
    throw new EwaldError('Argument', `Context.makeWith: the executor ${named} has no gpus; workers has`);
  if (named === 'inline') return undefined;
  if (named === 'nats')
    throw new EwaldError('Argument', "a cluster has an address: Context.connect('nats://host:4222')");
  if (named === 'delayed') return makers.delayed();
  if (named === 'mpi') {
    if (!makers.mpi) throw new EwaldError('Unsupported', 'Context.makeWith: browsers have no MPI');
    return makers.mpi(options);
  }
  const workers = cpus === undefined ? undefined : countOf('cpus', cpus);
  return makers.workers({
    ...options,
    ...(workers !== undefined && { workers }),
    ...(gpus !== undefined && countOf('gpus', gpus) > 0 && { context: { ...context, backend: 'webgpu' as const } }),
  });
}
