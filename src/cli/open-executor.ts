/** Executors of commands; loaded by those that use one. */
import { mpiComm } from '../entries/communicator.node.js';
import { Executor } from '../entries/executors.node.js';
import type { BackendName } from '../entries/index.node.js';
import type { ExecutorChoice } from './executor-rows.js';
import { note } from './output.js';

export const mpiRank = async (): Promise<number> => (await mpiComm()).rank;

/** Makes the executor; the caller disposes it. Throws what executors throw. */
export function openExecutor(
  chosen: ExecutorChoice,
  backend: BackendName | undefined,
  signal: AbortSignal,
): Promise<Executor> {
  const context = backend === undefined ? {} : { context: { backend } };
  switch (chosen.kind) {
    case 'inline':
      return Executor.inline(context);
    case 'workers':
      return Executor.workers({ workers: chosen.workers, ...context });
    case 'mpi':
      return Executor.mpi({ ...context, ...(chosen.shardFolder !== undefined && { shards: chosen.shardFolder }) });
    case 'nats':
      return Executor.connect(chosen.url, { ...chosen.options, onEvent: note, signal });
  }
}
