/**
 * `ewald/executors` on Node: tasks run on this thread, on worker threads, on ranks or on a cluster, by one interface.
 *
 *     import { Executor } from 'ewald/executors';
 *     const executor = await Executor.workers();
 *     try {
 *       const tasks = [0, 1e8].map((first) => ({ module: 'pi', function: 'count', argument: { points: 1e8, first } }));
 *       for await (const { index, value } of executor.run(tasks)) console.log(index, value);
 *     } finally {
 *       await executor.dispose();
 *     }
 *
 * @module
 */

import { type BoundExecutors, bindExecutors, type ExecutorFactory } from '../parallel/bind.js';
import { mpiComm } from '../parallel/communicator/mpi.node.js';
import type { Executor as Instance } from '../parallel/executor.js';
import { mpi } from '../parallel/mpi.js';
import { memberOf } from '../util/members.js';
import { nodePlace } from './place.node.js';

const bound = /* @__PURE__ */ bindExecutors(nodePlace, async (options) => mpi(nodePlace, await mpiComm(), options));

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
