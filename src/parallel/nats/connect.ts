/** An executor whose workers have joined a cluster; each run has its own lane. */
import { checkedOptions, checkedValue, row } from '../../options/call-options.js';
import { observer } from '../../util/callbacks.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { encode } from '../codec.js';
import { runTasks } from '../drive.js';
import type { Executor, RunOptions, WorkerInfo } from '../executor.js';
import { build } from '../identity.js';
import { makeExecutor } from '../make-executor.js';
import { submitRows } from '../parameters.js';
import type { Place } from '../place.js';
import type { Task } from '../task.js';
import { parseAddress } from './address.js';
import { namePattern } from './admit.js';
import { Cluster } from './cluster.js';
import { checkNats, loadNats, type Opening, openConnection } from './library.js';
import { type ClusterRun, type ConnectOptions, type NatsOptions, natsRows } from './options.js';
import { NatsLane } from './submit.js';

const rows = {
  ...natsRows,
  modules: row.any,
  workerTimeoutS: row.number(0.1, 1e9, 60),
  serverTimeoutS: row.number(0.1, 1e9, 300),
  onEvent: row.any,
  signal: row.signal,
  ...submitRows,
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
export async function connect(place: Place, url: string, options: ConnectOptions = {}): Promise<Executor> {
  const wanted = checkedOptions('connect', options, rows);
  const { workerTimeoutS, serverTimeoutS, modules = [], weight, needGpu, needMemory = 0 } = wanted;
  const event = observer('connect', options, 'onEvent');
  const needs = { gpu: needGpu ?? false, memory: needMemory };
  const terms = { workerTimeoutS, serverTimeoutS, weight, needs, event };
  const cluster = await openCluster(place, url, wanted, {
    seconds: serverTimeoutS,
    onWait: event,
    signal: wanted.signal,
  });
  let slots = 0;
  const workers = async (): Promise<WorkerInfo[]> => {
    const joined = await cluster.workers();
    slots = joined
      .filter((worker) => worker.build === build)
      .reduce((sum, worker) => sum + checkedValue('slots', worker.slots, row.integer(0, 1e6, 0)), 0);
    return joined;
  };
  try {
    await workers();
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return makeExecutor(
    {
      kind: 'nats',
      run: (tasks: Iterable<Task> | AsyncIterable<Task>, run: RunOptions) =>
        runTasks(tasks, new NatsLane(cluster, place, modules, terms, slots), run),
      slots: () => slots,
      workers,
      dispose: () => cluster.close(),
    },
    { add: async (value) => ({ hash: await cluster.values.keep(encode(value)) }) },
  );
}

/** Connects to a cluster for one question. */
async function withCluster<T>(
  place: Place,
  url: string,
  [what, given]: readonly [what: string, given: NatsOptions],
  ask: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const cluster = await openCluster(place, url, checkedOptions(what, given, natsRows), { seconds: 0 });
  try {
    return await ask(cluster);
  } finally {
    await cluster.close();
  }
}

/** Lists the workers that have joined a cluster. */
export const listWorkers = (place: Place, url: string, options: NatsOptions = {}): Promise<WorkerInfo[]> =>
  withCluster(place, url, ['listCluster', options], (cluster) => cluster.workers(1000));

/** Lists the runs on a cluster. */
export const listRuns = (place: Place, url: string, options: NatsOptions = {}): Promise<ClusterRun[]> =>
  withCluster(place, url, ['listRuns', options], (cluster) => cluster.runs());

/** Ends a run on a cluster. Throws `Argument` for an unknown name. */
export async function cancelRun(place: Place, url: string, run: string, options: NatsOptions = {}): Promise<void> {
  if (typeof run !== 'string' || !namePattern.test(run))
    throw new EwaldError('Argument', `cancelRun: run is ${inspect(run)}; expected a name that listRuns gives`);
  const isThere = await withCluster(place, url, ['cancelRun', options], (cluster) => cluster.cancel(run, place.host));
  if (!isThere)
    throw new EwaldError('Argument', `there is no run "${run}" on the cluster at ${parseAddress(url)?.address ?? url}`);
}
