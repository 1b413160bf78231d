/** A rank of a timed distributed transform, as a task of `spmd`: `{ module: 'heffte', function: 'bench' }`. */

import type { TaskScope } from '../parallel/task.js';
import { EwaldError } from '../util/errors.js';
import { type Fft3dPlatform, planFft3d } from './fft3d.js';
import type { BenchTimes, BenchWish } from './measure.js';
import { benchFft3d } from './measure.js';
import type { FftContextLike } from './options.js';

/** The task of a platform. */
export const benchTask =
  (platform: Omit<Fft3dPlatform, 'createContext'>) =>
  /** Verifies and times; every rank returns the same times. */
  async (wish: BenchWish, scope: TaskScope): Promise<BenchTimes> => {
    const { comm, threads } = scope;
    if (!comm) throw new EwaldError('Argument', 'the task heffte runs on ranks: start it with spmd');
    // Contexts of a worker are the executor's; the name of the backend is its `context` option.
    const context = (await scope.context()) as unknown as FftContextLike;
    return benchFft3d(
      (backend, inbox, outbox, group, options) =>
        planFft3d(
          { ...platform, createContext: async () => context },
          { backend, inbox, outbox, comm: group, options: { ...options, threads, context }, reduced: undefined },
        ),
      comm,
      wish,
    );
  };

export const bench = benchTask({ copyNumbers: () => undefined, preferHugePages: () => {} });
