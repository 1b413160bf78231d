/**
 * `ewald/executors` in browsers: tasks run on this thread, on Web Workers or on a cluster, by one interface; see Node's
 * build.
 *
 *     import { Executor } from 'ewald/executors';
 *
 * @module
 */

import { type BoundExecutors, bindExecutors, type ExecutorFactory } from '../parallel/bind.js';
import type { Executor as Instance } from '../parallel/executor.js';
import { EwaldError } from '../util/errors.js';
import { memberOf } from '../util/members.js';
import { browserPlace } from './place.browser.js';

const bound = /* @__PURE__ */ bindExecutors(browserPlace, async () => {
  throw new EwaldError('Unsupported', 'MPI needs Node under mpirun; browsers have workers and connect');
});

/** Runs tasks somewhere; end it with `dispose` or `await using`. */
export type Executor = Instance;
/** The ways of making an executor; see {@link ExecutorFactory}. */
export const Executor: ExecutorFactory = /* @__PURE__ */ memberOf(bound, 'Executor');
/** See {@link BoundExecutors}. */
export const spmd: BoundExecutors['spmd'] = /* @__PURE__ */ memberOf(bound, 'spmd');
/** See {@link BoundExecutors}. */
export const joinCluster: BoundExecutors['joinCluster'] = /* @__PURE__ */ memberOf(bound, 'joinCluster');
/** See {@link BoundExecutors}. */
export const listCluster: BoundExecutors['listCluster'] = /* @__PURE__ */ memberOf(bound, 'listCluster');
/** See {@link BoundExecutors}. */
export const listRuns: BoundExecutors['listRuns'] = /* @__PURE__ */ memberOf(bound, 'listRuns');
/** See {@link BoundExecutors}. */
export const cancelRun: BoundExecutors['cancelRun'] = /* @__PURE__ */ memberOf(bound, 'cancelRun');

export * from '../context/public.executors.js';
export * from '../parallel/public.js';
