/** The delayed executor: `run` gives values that are still to be computed. */

import { checkTask } from './check-task.js';
import { type Computed, type ComputeOptions, compute, Delayed, delay, knownLater } from './delayed.js';
import type { Executor } from './executor.js';
import { assemble, describe, SharedValues } from './local.js';
import type { Place } from './place.js';

/** An executor that notes tasks; `compute` runs what they became on another one. */
export type DelayedExecutor = Executor & {
  /** Notes a task whose argument may hold other delayed values. */
  delay: typeof delay;
  /** Computes delayed values, and what they need, on `on`; see `compute`. */
  compute<T extends readonly unknown[]>(wanted: T, options: ComputeOptions): Promise<Computed<T>>;
};

/** Makes one. */
export function delayedExecutor(place: Place): DelayedExecutor {
  const shared = new SharedValues();
  const executor = assemble(
    {
      kind: 'delayed',
      async *run(tasks, { onProgress, signal }) {
        let index = 0;
        for await (const task of tasks) {
          (signal as AbortSignal | undefined)?.throwIfAborted();
          const { id } = checkTask(task, index, knownLater(task));
          onProgress?.({ done: index + 1, total: undefined, failed: 0 });
          yield { index: index++, id, value: new Delayed(task), worker: 'delayed', attempts: 0, seconds: 0 };
        }
      },
      slots: () => 0,
      detect: async () => [await describe(place, 'delayed', 0, undefined)],
      dispose: async () => shared.clear(),
    },
    shared,
  );
  return Object.assign(executor, {
    delay,
    async compute<T extends readonly unknown[]>(wanted: T, options: ComputeOptions) {
      // What was shared here is known there by the same hash.
      for (const value of shared.all()) await options?.on?.share(value);
      return compute(wanted, options);
    },
  });
}
