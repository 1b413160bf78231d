/**
 * Selects where the work of a command is done: on this thread, on workers, on the ranks of an MPI job, or on a cluster.
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import {
  type connectionRows,
  type FlagValues,
  flagOf,
  namesOf,
  parseAddress,
  ranksOfJob,
  submitRows,
} from '../entries/command.node.js';
import type { Executor, NatsOptions } from '../entries/executors.node.js';
import { EwaldError } from '../entries/index.node.js';
import { clusterRows, type ExecutorChoice, type ExecutorFlags } from './executor-rows.js';
import { pickFlags } from './parameter-flags.js';
import type { serverRows } from './server-rows.js';

const kinds = ['inline', 'workers', 'mpi'] as const;

/** The number of ranks that share the work. With `--shard`, the tasks of a Slurm step are separate runs. */
const rankCount = (isSharded: boolean): number => {
  const { SLURM_STEP_NUM_TASKS: _, ...env } = process.env;
  return ranksOfJob(isSharded ? env : process.env);
};

/**
 * Selects the executor by the flags and the environment; `jobs` is the default for `-j`. Throws `Argument` for an unknown
 * name, and for flags that belong to another executor.
 */
export function selectExecutor(
  flags: ExecutorFlags,
  { jobs, isSharded = false }: { jobs: number; isSharded?: boolean },
): ExecutorChoice {
  const { jobs: workers = jobs } = flags;
  const name = flags.executor ?? (rankCount(isSharded) > 1 ? 'mpi' : workers > 1 ? 'workers' : 'inline');
  if (flags.jobs !== undefined && name !== 'workers' && workers > 1) {
    const reason =
      flags.executor === undefined ? 'under mpirun the ranks share the work' : `the executor is ${flags.executor}`;
    throw new EwaldError('Argument', `-j is the number of workers, but ${reason}; omit it, or pass --executor workers`);
  }
  if (flags.shards !== undefined && name !== 'mpi')
    throw new EwaldError(
      'Argument',
      `--shards is the folder in which MPI ranks store results, but the executor is ${name}. Omit it; for a cluster, ` +
        'start the workers with ewald worker --shards',
    );
  if (/^(nats|tls|wss?):\/\//.test(name))
    return {
      kind: 'nats',
      url: name,
      options: { ...connectionOf(flags), ...pickFlags(submitRows, flags) },
    };
  const kind = kinds.find((known) => known === name);
  if (!kind)
    throw new EwaldError(
      'Argument',
      `--executor is "${name}"; expected inline, workers, mpi, or the address of a cluster, nats://host:4222`,
    );
  const clusterFlag = namesOf(clusterRows).find((row) => flags[row] !== undefined);
  if (clusterFlag)
    throw new EwaldError(
      'Argument',
      `${flagOf(clusterFlag, clusterRows[clusterFlag])} requires a cluster, but the executor is ${kind}. ` +
        'Pass --executor nats://host:4222 as well',
    );
  if (kind === 'mpi') return { kind, shardFolder: flags.shards };
  if (kind !== 'workers') return { kind };
  // The caller's default of one worker means inline; who asks for workers without -j gets one for each core.
  const isExplicit = flags.jobs !== undefined || flags.executor !== undefined;
  return { kind, isExplicit, workers: flags.jobs === undefined && jobs === 1 ? availableParallelism() : workers };
}

/** The rank of this process. Rank 0 writes and prints; outside MPI it is the only one. */
export const rankOf = async ({ kind }: ExecutorChoice): Promise<number> =>
  kind === 'mpi' ? (await import('./open-executor.js')).mpiRank() : 0;

/** Opens the executor, whose code is only loaded then; the caller disposes it. */
export const openExecutor = async (
  ...args: Parameters<typeof import('./open-executor.js').openExecutor>
): Promise<Executor> => (await import('./open-executor.js')).openExecutor(...args);

type ClusterFlags = FlagValues<typeof serverRows>;

/** Credentials from the flags, otherwise from the environment; the two are never mixed. */
function credentialsOf({ token, creds }: Pick<ClusterFlags, 'token' | 'creds'>): Pick<NatsOptions, 'token' | 'creds'> {
  if (token !== undefined || creds !== undefined)
    return { ...(token !== undefined && { token }), ...(creds !== undefined && { creds }) };
  const { EWALD_NATS_TOKEN, EWALD_NATS_CREDS } = process.env;
  return { ...(EWALD_NATS_TOKEN && { token: EWALD_NATS_TOKEN }), ...(EWALD_NATS_CREDS && { creds: EWALD_NATS_CREDS }) };
}

/** The address and options from the flags and the environment. */
export function clusterOf(flags: ClusterFlags): {
  readonly url: string;
  /** The address without credentials, for printing. */
  readonly address: string;
  readonly options: NatsOptions;
} {
  const url = flags.connect ?? process.env.EWALD_NATS;
  if (!url) throw new EwaldError('Argument', 'no server given: pass --connect nats://host:4222 or set EWALD_NATS');
  return {
    url,
    // An invalid address is reported when the connection is made.
    address: parseAddress(url)?.address ?? url,
    options: connectionOf(flags),
  };
}

/** Connection options from the flags and the environment. */
export function connectionOf(flags: FlagValues<typeof connectionRows>): NatsOptions {
  const files = { ca: flags.tlsCa, cert: flags.tlsCert, key: flags.tlsKey };
  for (const [what, file] of Object.entries(files))
    if (file !== undefined && !existsSync(file))
      throw new EwaldError('Argument', `--tls-${what} is "${file}": the file does not exist`);
  const named = Object.fromEntries(Object.entries(files).filter(([, file]) => file !== undefined));
  const tls = Object.keys(named).length > 0 ? named : flags.tls ? (true as const) : undefined;
  return {
    ...(flags.cluster !== undefined && { cluster: flags.cluster }),
    ...credentialsOf(flags),
    ...(tls !== undefined && { tls }),
  };
}
