/** The delayed executor, whose `run` yields values that are computed later. */

import { observer } from '../util/callbacks.js';
import { checkTask } from './check-task.js';
import { assumedModules, type Computed, type ComputeOptions, compute, Delayed, delay } from './delayed.js';
import { describeWorker } from './describe-worker.js';
import type { Executor } from './executor.js';
import { makeExecutor } from './make-executor.js';
import type { Place } from './place.js';
import { SharedValues } from './shared-values.js';

/** An executor that records tasks; `compute` runs their graph on another executor. */
export type DelayedExecutor = Executor & {
  /** Records a task whose argument may contain other delayed values. */
  delay: typeof delay;
  /** Computes delayed values and their dependencies on the executor `on`; see `compute`. */
  compute<T extends readonly unknown[]>(wanted: T, options: ComputeOptions): Promise<Computed<T>>;
};

/** Creates a delayed executor. */
export function delayedExecutor(place: Place): DelayedExecutor {
  const shared = new SharedValues();
  const executor = makeExecutor(
    {
      kind: 'delayed',
      async *run(tasks, options) {
        const { signal } = options;
        const report = observer('run', options, 'onProgress');
        let index = 0;
        for await (const task of tasks) {
          (signal as AbortSignal | undefined)?.throwIfAborted();
          const { id } = checkTask(task, index, assumedModules(task));
          report({ done: index + 1, total: undefined, failed: 0 });
          yield { index: index++, id, value: new Delayed(task), worker: 'delayed', attempts: 0, seconds: 0 };
        }
      },
      slots: () => 0,
      workers: async () => [await describeWorker(place, 'delayed', 0, undefined)],
      dispose: async () => shared.clear(),
    },
    shared,
  );
  return Object.assign(executor, {
    delay,
    async compute<T extends readonly unknown[]>(wanted: T, options: ComputeOptions) {
      // Values shared here have the same hash on the other executor.
      for (const value of shared.all()) await options?.on?.share(value);
      return compute(wanted, options);
    },
  });
}
