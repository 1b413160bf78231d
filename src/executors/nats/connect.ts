/** An executor whose workers have joined a cluster; each run has its own lane. */
import { checkedOptions, row, valid } from '../../base/call-options.js';
import { observer } from '../../base/callbacks.js';
import { encode } from '../codec.js';
import { drive } from '../drive.js';
import type { Executor, RunOptions, WorkerInfo } from '../executor.js';
import { build } from '../identity.js';
import { assemble } from '../local.js';
import type { Place } from '../place.js';
import type { Task } from '../task.js';
import { Cluster } from './cluster.js';
import { checkNats, loadNats, type Opening, openConnection } from './library.js';
import { type ConnectOptions, keepRow, type NatsOptions, natsRows } from './options.js';
import { NatsLane } from './submit.js';

const rows = {
  ...natsRows,
  modules: row.any,
  workerSeconds: row.number(0.1, 1e9, 60),
  serverSeconds: row.number(0.1, 1e9, 120),
  keepSeconds: keepRow,
  onEvent: row.any,
} as const;

/** Connects to a cluster, waiting for its server for `wait.seconds`. */
async function openCluster(
  place: Place,
  url: string,
  options: NatsOptions,
  wait: Omit<Opening, 'name'>,
): Promise<Cluster> {
  const checked = checkNats('Executor.connect', url, options);
  const nats = await loadNats(options.nats);
  const name = `${place.host} ${place.processName}`;
  return new Cluster(nats, await openConnection(nats, checked, place, { name, ...wait }), checked);
}

/** Connects to a cluster to submit tasks. */
export async function connect(place: Place, url: string, given: ConnectOptions = {}): Promise<Executor> {
  const wanted = checkedOptions('connect', given, rows);
  const { workerSeconds, serverSeconds, modules = [] } = wanted;
  const cluster = await openCluster(place, url, wanted, {
    seconds: serverSeconds,
    onWait: observer('connect', given, 'onEvent'),
  });
  let slots = 0;
  const detect = async (): Promise<WorkerInfo[]> => {
    const workers = await cluster.workers();
    slots = workers
      .filter((worker) => worker.build === build)
      .reduce((sum, worker) => sum + valid('slots', worker.slots, row.integer(0, 1e6, 0)), 0);
    return workers;
  };
  await detect();
  return assemble(
    {
      kind: 'nats',
      run: (tasks: Iterable<Task> | AsyncIterable<Task>, run: RunOptions) =>
        drive(tasks, new NatsLane(cluster, place, modules, { workerSeconds, serverSeconds }, slots), run),
      slots: () => slots,
      detect,
      dispose: () => cluster.close(),
    },
    { add: async (value) => ({ hash: await cluster.values.keep(encode(value)) }) },
  );
}

/** Lists the workers that have joined a cluster. */
export async function listWorkers(place: Place, url: string, given: NatsOptions = {}): Promise<WorkerInfo[]> {
  const cluster = await openCluster(place, url, checkedOptions('Executor.listWorkers', given, natsRows), {
    seconds: 0,
  });
  try {
    return await cluster.workers(1000);
  } finally {
    await cluster.close();
  }
}
