/**
 * `ewald/communicator` on Node: the same calls between the ranks of an MPI job, between threads, and for one alone.
 *
 *     import { mpiComm } from 'ewald/communicator';
 *     const comm = await mpiComm();                       // mpirun -n 4 node program.mjs
 *     await comm.allreduce(Float64Array.of(comm.rank), sum);
 *
 * @module
 */
export { mpiComm } from '../parallel/communicator/mpi.node.js';
export * from '../parallel/communicator/public.js';
