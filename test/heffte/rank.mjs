// The code that a rank of the tests runs, as a task of spmd; mpi-rank.mjs does the same under mpirun.
import { createContext } from 'ewald/fft';
import * as heffte from 'ewald/heffte';
import { runCases } from './program.mjs';

export const cases = (list, { comm }) => runCases(heffte, comm, list, createContext);
