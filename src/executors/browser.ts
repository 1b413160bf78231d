/**
 * `ewald/executors` in browsers: tasks run on this thread, on Web Workers or on a cluster, by one interface; see Node's build.
 *
 *     import { Executor } from 'ewald/executors';
 *
 * @module
 */

import type { Executor as Instance } from './executor.js';
import { inline, workers } from './local.js';
import type { InlineOptions, WorkersOptions } from './options.js';
import { browserPlace } from './place-browser.js';

/** Runs tasks somewhere; end it with `dispose` or `await using`. */
export type Executor = Instance;

/** The ways of making an executor. */
export const Executor = {
  /** Tasks on this thread, one at a time. */
  inline: (options?: InlineOptions): Promise<Executor> => inline(browserPlace, options),
  /** Tasks on workers of this process, each with a context of its own. Throws `Load` where they cannot start. */
  workers: (options?: WorkersOptions): Promise<Executor> => workers(browserPlace, options),
};

export * from './public.js';
