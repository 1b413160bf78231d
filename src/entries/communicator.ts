/**
 * `ewald/communicator` in browsers: ranks on workers that share memory, and the group of one.
 *
 * @module
 */
export { mpiComm } from '../parallel/communicator/mpi.browser.js';
export * from '../parallel/communicator/public.js';
