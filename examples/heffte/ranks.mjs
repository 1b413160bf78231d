// Helpers of the examples: the ranks of this job, and the box of this rank.
import { mpiComm, selfComm } from 'ewald/communicator';
import * as heffte from 'ewald/heffte';

/** The ranks of mpirun or srun, or a single rank without MPI. */
export const ranks = () => mpiComm().catch(() => selfComm());

/** This rank's part of the world, divided so that the boxes have the smallest surface. */
export function partOf(world, comm) {
  return heffte.split_world(world, heffte.proc_setup(world, comm.size))[comm.rank];
}

/** Prints on one rank only. */
export const say = (comm, text) => {
  if (comm.rank === 0) console.log(text);
};
