/** The lifetime that all executors share. */
import { EwaldError } from '../util/errors.js';
import { oneShot } from '../util/one-shot.js';
import { asyncDispose } from '../util/resource.js';
import type { Executor, ExecutorKind, ExecutorMethods, RunOptions, TaskResult, WorkerInfo } from './executor.js';
import type { SharedValues } from './shared-values.js';
import type { Task } from './task.js';

/** Adds the disposal symbol to an executor. */
export function addDisposal(executor: ExecutorMethods): Executor {
  Object.defineProperty(executor, asyncDispose, { value: () => executor.dispose() });
  return executor as Executor;
}

/** The parts of an executor. */
interface ExecutorParts {
  readonly kind: ExecutorKind;
  run(tasks: Iterable<Task> | AsyncIterable<Task>, options: RunOptions): AsyncGenerator<TaskResult, void, undefined>;
  readonly slots: () => number;
  workers(): Promise<readonly WorkerInfo[]>;
  dispose(): Promise<void>;
}

/** Makes an executor with its lifetime: disposal ends the current runs, then their workers. */
export function makeExecutor(
  { kind, run, slots, workers, dispose }: ExecutorParts,
  shared: Pick<SharedValues, 'add'>,
): Executor {
  const ending = new AbortController();
  let disposal: Promise<void> | undefined;
  const assertAlive = (): void => {
    if (disposal) throw new EwaldError('Disposed', `this ${kind} executor was disposed; create a new one`);
  };
  return addDisposal({
    kind,
    get slots() {
      return slots();
    },
    run<R>(tasks: Iterable<Task> | AsyncIterable<Task>, options: RunOptions = {}) {
      const results = async function* () {
        assertAlive();
        const abortSignal = options.signal as AbortSignal | undefined;
        const signal = abortSignal ? AbortSignal.any([abortSignal, ending.signal]) : ending.signal;
        yield* run(tasks, { ...options, signal: signal as never }) as AsyncGenerator<TaskResult<R>, void, undefined>;
      };
      return oneShot(results, 'this run of tasks', 'call run again');
    },
    async share(value) {
      assertAlive();
      return shared.add(value);
    },
    async workers() {
      assertAlive();
      return workers();
    },
    dispose: () => {
      disposal ??= (async () => {
        ending.abort(new EwaldError('Disposed', `the ${kind} executor was disposed`));
        await dispose();
      })();
      return disposal;
    },
  });
}
