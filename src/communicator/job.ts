/** Whether this process is of an MPI job, told without MPI itself: what starts the ranks leaves their number. */

/**
 * Where starters of ranks write how many there are: Open MPI, MVAPICH, MPICH and Intel MPI (and Slurm's PMI), jsrun,
 * Flux. What runs inside of another starter is looked for first: mpirun in a job of Slurm says more than Slurm does.
 */
const sizes = ['OMPI_COMM_WORLD_SIZE', 'MV2_COMM_WORLD_SIZE', 'PMI_SIZE', 'JSM_NAMESPACE_SIZE', 'FLUX_JOB_SIZE'];

/**
 * Ranks of the job that mpirun or srun started; 1 outside of one.
 *
 * Of Slurm only the size of the *step* counts, with this process's place in it. SLURM_NTASKS is what the job was given:
 * it is set in the shell of salloc and in a batch script as well, where a command without srun is one process by
 * itself. Where salloc opens its shell as a step of its own, that step has one task.
 */
export function ranksOfJob(env: Readonly<Record<string, string | undefined>> = process.env): number {
  const inStep = env.SLURM_STEP_NUM_TASKS !== undefined && env.SLURM_PROCID !== undefined;
  const named = sizes.map((name) => env[name]).find((value) => value !== undefined);
  const ranks = Number(named ?? (inStep ? env.SLURM_STEP_NUM_TASKS : undefined));
  return Number.isInteger(ranks) && ranks >= 1 ? ranks : 1;
}
