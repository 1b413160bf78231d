/**
 * Selects where the work of a command is done: on this thread, on workers, on the ranks of an MPI job, or on a cluster.
 */
import { availableParallelism } from 'node:os';
import { flagOf, namesOf, ranksOfJob, submitRows } from '../../entries/command.node.js';
import { mpiComm } from '../../entries/communicator.node.js';
import { type ConnectOptions, Executor } from '../../entries/executors.node.js';
import { type BackendName, EwaldError } from '../../entries/index.node.js';
import { connectionOf } from './cluster-options.js';
import { clusterRows, type ExecutorFlags } from './executor-rows.js';
import { note } from './output.js';
import { picked } from './parameter-flags.js';

/** The selected place of the work. */
export type Chosen =
  | { readonly kind: 'inline' }
  | { readonly kind: 'mpi'; readonly shards?: string | undefined }
  /** `isAsked`: the user has asked for workers, or for this number of them. */
  | { readonly kind: 'workers'; readonly workers: number; readonly isAsked: boolean }
  | { readonly kind: 'nats'; readonly url: string; readonly options: ConnectOptions };

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
  const kind = kinds.find((one) => one === name);
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
export const rankOf = async ({ kind }: Chosen): Promise<number> => (kind === 'mpi' ? (await mpiComm()).rank : 0);

/** Makes the executor; the caller disposes it. Throws what executors throw. */
export function openExecutor(chosen: Chosen, backend: BackendName | undefined, signal: AbortSignal): Promise<Executor> {
  const context = backend === undefined ? {} : { context: { backend } };
  switch (chosen.kind) {
    case 'inline':
      return Executor.inline(context);
    case 'workers':
      return Executor.workers({ workers: chosen.workers, ...context });
    case 'mpi':
      return Executor.mpi({ ...context, ...(chosen.shards !== undefined && { shards: chosen.shards }) });
    case 'nats':
      return Executor.connect(chosen.url, { ...chosen.options, onEvent: note, signal });
  }
}
