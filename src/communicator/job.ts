/** Whether this process is of an MPI job, told without MPI itself: what starts the ranks leaves their number. */

/** Ranks of the job that mpirun or srun started; 1 outside of one. */
export function ranksOfJob(env: Readonly<Record<string, string | undefined>> = process.env): number {
  // Open MPI; MPICH and Slurm's PMI; a step of Slurm, but not the batch script around it.
  const inStep = env.SLURM_STEP_NUM_TASKS !== undefined && env.SLURM_PROCID !== undefined;
  const told = env.OMPI_COMM_WORLD_SIZE ?? env.PMI_SIZE ?? (inStep ? env.SLURM_STEP_NUM_TASKS : undefined);
  const ranks = Number(told);
  return Number.isInteger(ranks) && ranks >= 1 ? ranks : 1;
}
