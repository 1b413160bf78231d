/** Detects an MPI job without calling MPI, from the environment that the launcher sets. */

/**
 * Environment variables in which launchers state the number of ranks: Open MPI, MVAPICH, MPICH and Intel MPI (and
 * Slurm's PMI), jsrun, Flux. The innermost launcher comes first, since mpirun in a Slurm job states more than Slurm
 * does.
 */
const sizes = ['OMPI_COMM_WORLD_SIZE', 'MV2_COMM_WORLD_SIZE', 'PMI_SIZE', 'JSM_NAMESPACE_SIZE', 'FLUX_JOB_SIZE'];

/**
 * Number of ranks of the job started by mpirun or srun; 1 outside a job.
 *
 * For Slurm only the size of the *step* counts, together with this process's place in it. SLURM_NTASKS is the
 * allocation of the job: it is also set in the shell of salloc and in batch scripts, where a command without srun is a
 * single process. If salloc opens its shell as a separate step, that step has one task.
 */
export function ranksOfJob(env: Readonly<Record<string, string | undefined>> = process.env): number {
  const inStep = env.SLURM_STEP_NUM_TASKS !== undefined && env.SLURM_PROCID !== undefined;
  const named = sizes.map((name) => env[name]).find((value) => value !== undefined);
  const ranks = Number(named ?? (inStep ? env.SLURM_STEP_NUM_TASKS : undefined));
  return Number.isInteger(ranks) && ranks >= 1 ? ranks : 1;
}
