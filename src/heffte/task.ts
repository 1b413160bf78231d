/** A rank of a timed distributed transform, as a task of `spmd`: `{ module: 'heffte', function: 'bench' }`. */

import type { TaskScope } from '../executors/task.js';
import { planFft3d } from './fft3d.js';
import type { BenchTimes, BenchWish } from './measure.js';
import { benchFft3d } from './measure.js';
import type { FftContextLike } from './options.js';

/** Verifies and times; every rank gives the same times. */
export async function bench(wish: BenchWish, scope: TaskScope): Promise<BenchTimes> {
  const { comm, threads } = scope;
  if (!comm) throw new Error('the task heffte runs on ranks: give it to spmd');
  // Contexts of a worker are the executor's; the name of the backend is its `context` option.
  const context = (await scope.context()) as unknown as FftContextLike;
  return benchFft3d(
    (backend, inbox, outbox, group, options) =>
      planFft3d(async () => context, {
        backend,
        inbox,
        outbox,
        comm: group,
        options: { ...options, threads, context },
        reduced: undefined,
      }),
    comm,
    wish,
  );
}
