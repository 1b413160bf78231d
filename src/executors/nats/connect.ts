/** An executor whose workers have joined a cluster; each run has its own lane. */
import { integer, real } from '../../base/options.js';
import { encode } from '../codec.js';
import { drive } from '../drive.js';
import type { Executor, RunOptions, WorkerInfo } from '../executor.js';
import { assemble } from '../local.js';
import type { Place } from '../place.js';
import type { Task } from '../task.js';
import { Cluster, keepSecondsByDefault } from './cluster.js';
import { checkNats, loadNats, openConnection } from './library.js';
import type { ConnectOptions, NatsOptions } from './options.js';
import { NatsLane } from './submit.js';

/** Throws unless the value is a valid retention time. */
export const checkKeep = (what: string, seconds: number | undefined): number =>
  real(`${what}: keepSeconds`, seconds, keepSecondsByDefault, 1, 1e9);

async function openCluster(
  place: Place,
  url: string,
  options: ConnectOptions,
  more: readonly string[],
  serverSeconds = 120,
): Promise<Cluster> {
  const keepSeconds = checkKeep('connect', options.keepSeconds);
  const checked = checkNats('Executor.connect', url, options, more);
  const nats = await loadNats(options.nats);
  const who = `${place.host} ${place.processName}`;
  const connection = await openConnection(nats, checked, who, place.connectTcp, place.readCreds);
  return Cluster.open(nats, connection, { ...checked, keepSeconds, serverSeconds });
}

/** Connects to a cluster to submit tasks. */
export async function connect(place: Place, url: string, options: ConnectOptions = {}): Promise<Executor> {
  const patience = {
    workerSeconds: real('connect: workerSeconds', options.workerSeconds, 60, 0.1, 1e9),
    serverSeconds: real('connect: serverSeconds', options.serverSeconds, 120, 0.1, 1e9),
  };
  const more = ['modules', 'workerSeconds', 'serverSeconds', 'keepSeconds'];
  const cluster = await openCluster(place, url, options, more, patience.serverSeconds);
  let slots = 0;
  const detect = async (): Promise<WorkerInfo[]> => {
    const workers = await cluster.workers();
    slots = workers.reduce((sum, worker) => sum + integer('slots', worker.slots, 0, 0, 1e6), 0);
    return workers;
  };
  await detect();
  return assemble(
    {
      kind: 'nats',
      run: (tasks: Iterable<Task> | AsyncIterable<Task>, run: RunOptions) =>
        drive(tasks, new NatsLane(cluster, place, options.modules ?? [], patience), run),
      slots: () => slots,
      detect,
      dispose: () => cluster.close(),
    },
    { add: async (value) => ({ hash: await cluster.store.keep(encode(value)) }) },
  );
}

/** Lists the workers that have joined a cluster. */
export async function listWorkers(place: Place, url: string, options: NatsOptions = {}): Promise<WorkerInfo[]> {
  const cluster = await openCluster(place, url, options, []);
  try {
    return await cluster.workers(1000);
  } finally {
    await cluster.close();
  }
}
