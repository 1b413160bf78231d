/**
 * `ewald/communicator` in browsers: ranks on workers that share memory, and the group of one.
 *
 * @module
 */
export { mpiComm } from '../core/communicator/mpi.browser.js';
export * from '../core/communicator/public.js';
