// What the examples share: the ranks of this job, and a box of the world for this rank.
import { mpiComm, selfComm } from 'ewald/communicator';
import * as heffte from 'ewald/heffte';

/** The ranks of mpirun or srun; one rank where there is no MPI. */
export const ranks = () => mpiComm().catch(() => selfComm());

/** This rank's part of a world, the boxes having as little surface as can be. */
export function partOf(world, comm) {
  return heffte.split_world(world, heffte.proc_setup(world, comm.size))[comm.rank];
}

/** Prints on one rank. */
export const say = (comm, text) => {
  if (comm.rank === 0) console.log(text);
};
