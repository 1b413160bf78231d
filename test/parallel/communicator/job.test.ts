/**
 * Detects the number of started ranks from the environment variables of launchers, and handles an MPI that sees only
 * one rank.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ranksOfJob } from '../../../src/parallel/communicator/job.js';
import { mpiPresent } from '../../support/mpi.js';

test.each([
  ['nothing', {}, 1],
  ['mpirun of Open MPI', { OMPI_COMM_WORLD_SIZE: '4' }, 4],
  ['mpiexec of MPICH', { PMI_SIZE: '3', PMI_RANK: '1' }, 3],
  ['srun', { SLURM_NTASKS: '2', SLURM_STEP_NUM_TASKS: '2', SLURM_STEP_ID: '0', SLURM_PROCID: '1' }, 2],
  // The shell of salloc on the login node, and a batch script: a single process each, whatever the size of the job.
  ['the shell of salloc', { SLURM_NTASKS: '8', SLURM_JOB_ID: '7' }, 1],
  ['a batch script', { SLURM_NTASKS: '8', SLURM_JOB_ID: '7', SLURM_PROCID: '0', SLURM_LOCALID: '0' }, 1],
  // LaunchParameters=use_interactive_step is set.
  ['the step of salloc', { SLURM_NTASKS: '8', SLURM_STEP_NUM_TASKS: '1', SLURM_PROCID: '0' }, 1],
  ['mpirun of one in a step of two', { OMPI_COMM_WORLD_SIZE: '1', SLURM_STEP_NUM_TASKS: '2', SLURM_PROCID: '0' }, 1],
  ['mpirun in a batch script', { OMPI_COMM_WORLD_SIZE: '4', SLURM_NTASKS: '4', SLURM_PROCID: '0' }, 4],
  ['something that is no number', { PMI_SIZE: 'many' }, 1],
])('%s', (_, env, ranks) => expect(ranksOfJob(env)).toBe(ranks));

/** Runs a line of a module in a separate process, as one of two tasks. */
const asOneOfTwo = async (line: string): Promise<string> => {
  const env = { ...process.env, SLURM_STEP_NUM_TASKS: '2', SLURM_PROCID: '0' };
  const script = `${line}.then(() => console.log('went on'), (error) => console.log(error.tag + ': ' + error.message))`;
  return (await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env })).stdout;
};

test.each(["(await import('ewald/communicator')).mpiComm()", "(await import('ewald/executors')).Executor.mpi()"])(
  'a process started as one of two, but alone according to MPI, is refused: %s',
  { concurrent: true },
  async (line) => {
    const said = await asOneOfTwo(line);
    expect(said).toMatch(/^Unsupported: this process was started as one of 2, and /);
    expect(said).toContain(
      mpiPresent ? 'sees itself alone; start the ranks with the mpirun' : 'install Open MPI or MPICH',
    );
  },
);
