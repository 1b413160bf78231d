/** Where the frames of a run are searched: this thread, workers, the ranks of an MPI job, or a cluster. */
import type { BackendName } from '../backends/names.js';
import { Executor } from '../entries/executors.node.js';
import { EwaldError } from '../errors.js';
import { credentialsOf } from './cluster-options.js';

/** What the flags say. */
export interface ExecutorFlags {
  readonly executor?: string;
  readonly cluster?: string;
  readonly jobs: number;
  readonly backend: BackendName | undefined;
}

/** Whether mpirun or srun started this process as one of several. */
export const underMpi = (): boolean =>
  ['OMPI_COMM_WORLD_SIZE', 'PMI_SIZE', 'MPI_LOCALNRANKS'].some((name) => Number(process.env[name] ?? 1) > 1);

/** Makes the executor; the caller disposes it. Throws `Argument` for a name nobody knows, and what executors throw. */
export async function openExecutor({ executor, cluster, jobs, backend }: ExecutorFlags): Promise<Executor> {
  const context = backend === undefined ? {} : { context: { backend } };
  const kind = executor ?? (underMpi() ? 'mpi' : jobs > 1 ? 'workers' : 'inline');
  if (kind === 'inline') return Executor.inline(context);
  if (kind === 'workers') return Executor.workers({ workers: jobs, ...context });
  if (kind === 'mpi') return Executor.mpi(context);
  if (/^(nats|tls|wss?):\/\//.test(kind)) {
    return Executor.connect(kind, { ...(cluster === undefined ? {} : { cluster }), ...credentialsOf({}) });
  }
  throw new EwaldError(
    'Argument',
    `--executor is "${kind}"; needed is inline, workers, mpi, or the address of a cluster, nats://host:4222`,
  );
}
