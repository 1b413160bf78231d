/** Browsers have no MPI. */
import { EwaldError } from '../../util/errors.js';
import type { Communicator } from './communicator.js';

/** The ranks of an MPI job; browsers have none: throws `Unsupported`. */
export async function mpiComm(): Promise<Communicator> {
  throw new EwaldError(
    'Unsupported',
    'MPI needs Node under mpirun; in a browser ranks are workers, see spmd of ewald/executors',
  );
}
