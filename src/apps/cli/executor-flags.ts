/**
 * Selects where the work of a command is done: on this thread, on workers, on the ranks of an MPI job, or on a cluster.
 */
import { availableParallelism } from 'node:os';
import { flagOf, namesOf, ranksOfJob, submitRows } from '../../entries/command.node.js';
import type { Executor } from '../../entries/executors.node.js';
import { EwaldError } from '../../entries/index.node.js';
import { connectionOf } from './cluster-options.js';
import { type Chosen, clusterRows, type ExecutorFlags } from './executor-rows.js';
import { picked } from './parameter-flags.js';

const kinds = ['inline', 'workers', 'mpi'] as const;

/** The number of ranks that share the work. With `--shard`, the tasks of a Slurm step are separate runs. */
const ranksOf = (shard: boolean): number => {
  const { SLURM_STEP_NUM_TASKS: _, ...env } = process.env;
  return ranksOfJob(shard ? env : process.env);
};

/**
 * The executor selected by the flags and the environment; `jobs` is the number of workers without `-j`. Throws
 * `Argument` for an unknown name, and for flags that belong to another executor.
 */
export function chosenExecutor(
  flags: ExecutorFlags,
  { jobs, shard = false }: { jobs: number; shard?: boolean },
): Chosen {
  const { jobs: workers = jobs } = flags;
  const name = flags.executor ?? (ranksOf(shard) > 1 ? 'mpi' : workers > 1 ? 'workers' : 'inline');
  if (flags.jobs !== undefined && name !== 'workers' && workers > 1) {
    const found =
      flags.executor === undefined ? 'under mpirun the ranks share the work' : `the executor is ${flags.executor}`;
    throw new EwaldError('Argument', `-j is the number of workers, but ${found}; omit it, or pass --executor workers`);
  }
  if (flags.shards !== undefined && name !== 'mpi')
    throw new EwaldError(
      'Argument',
      `--shards is the folder in which ranks of MPI store results, but the executor is ${name}. Omit it; workers of ` +
        'a cluster are started with it: ewald worker --shards',
    );
  if (/^(nats|tls|wss?):\/\//.test(name))
    return {
      kind: 'nats',
      url: name,
      options: { ...connectionOf(flags), ...picked(submitRows, flags) },
    };
  const kind = kinds.find((kind) => kind === name);
  if (!kind)
    throw new EwaldError(
      'Argument',
      `--executor is "${name}"; expected inline, workers, mpi, or the address of a cluster, nats://host:4222`,
    );
  const given = namesOf(clusterRows).find((name) => flags[name] !== undefined);
  if (given)
    throw new EwaldError(
      'Argument',
      `${flagOf(given, clusterRows[given])} requires a cluster, but the executor is ${kind}. ` +
        'Pass --executor nats://host:4222 as well',
    );
  if (kind === 'mpi') return { kind, shards: flags.shards };
  if (kind !== 'workers') return { kind };
  const isAsked = flags.jobs !== undefined || flags.executor !== undefined;
  return { kind, isAsked, workers: flags.jobs === undefined && jobs === 1 ? availableParallelism() : workers };
}

/** The rank of this process. Rank 0 writes and prints; outside MPI it is the only one. */
export const rankOf = async ({ kind }: Chosen): Promise<number> =>
  kind === 'mpi' ? (await import('./open-executor.js')).mpiRank() : 0;

/** Makes the executor; the caller disposes it. Throws what executors throw. */
export const openExecutor = async (
  ...how: Parameters<typeof import('./open-executor.js').openExecutor>
): Promise<Executor> => (await import('./open-executor.js')).openExecutor(...how);
