/** Joins a cluster with a pool of workers of this process. */
import { checkedOptions, row } from '../../options/call-options.js';
import { observer } from '../../util/callbacks.js';
import { EwaldError } from '../../util/errors.js';
import { decode } from '../codec.js';
import { describeWorker } from '../describe-worker.js';
import { workersOf, workersRows } from '../options.js';
import { joinRows } from '../parameters.js';
import type { Place } from '../place.js';
import { Pool } from '../workers/pool.js';
import { Cluster } from './cluster.js';
import { Joined } from './joined.js';
import { checkNats, loadNats, openConnection } from './library.js';
import { type JoinedWorker, type JoinOptions, natsRows } from './options.js';

const { allowModules, maxMemory, name, shards, lifetimeS } = joinRows;
const rows = {
  ...natsRows,
  ...workersRows,
  allowModules,
  maxMemory,
  name,
  shards,
  lifetimeS,
  clientTimeoutS: row.number(1, 1e6, 30),
  onEvent: row.any,
  signal: row.signal,
} as const;
/** Milliseconds between two counts of the workers on this machine. */
const countPause = 30_000;

/** The memory of this process and its limit: the given one, otherwise an equal share of the machine. */
function memoryOf({ memory, host }: Place, given: number | undefined, cluster: Cluster) {
  if (!memory) return undefined;
  let most = given ?? memory.all;
  if (given === undefined) {
    const count = async (more: number): Promise<void> => {
      const here = (await cluster.workers()).filter((worker) => worker.host === host).length;
      most = memory.all / Math.max(1, here + more);
    };
    // This worker does not answer yet, nor do those that start with it.
    count(1).catch(() => {});
    const counting = setInterval(() => {
      if (cluster.link.connection.isClosed()) clearInterval(counting);
      else count(0).catch(() => {});
    }, countPause);
    (counting as { unref?: () => void }).unref?.();
  }
  return { used: () => memory.used(), most: () => most };
}

/** Joins a cluster with a pool of workers. */
export async function join(place: Place, url: string, options: JoinOptions = {}): Promise<JoinedWorker> {
  const wanted = checkedOptions('join', options, rows);
  const checked = checkNats('join', url, wanted);
  const { contexts, modules, worker, threads, crowded } = workersOf('join', wanted, place.cores);
  const slots = contexts.length;
  const { allowModules, maxMemory, clientTimeoutS, name = `${place.host} ${place.processName}` } = wanted;
  const { shards, lifetimeS } = wanted;
  if (shards !== undefined && !place.shards)
    throw new EwaldError('Unsupported', 'join: shards is a folder; browsers write no files, so omit it');
  const allowed = shards === undefined ? undefined : await place.shards?.allowed(shards);
  const nats = await loadNats(wanted.nats);
  const event = observer('join', options, 'onEvent');
  const wait = { name, seconds: Number.POSITIVE_INFINITY, onWait: event, signal: wanted.signal };
  const cluster = new Cluster(nats, await openConnection(nats, checked, place, wait), checked);
  const memory = memoryOf(place, maxMemory, cluster);
  const pool = new Pool({
    place,
    contexts,
    namePrefix: `${name} / `,
    // A second safeguard: modules that are not registered by name are never imported, whatever a message contained.
    start: { threads, modules, crowded, namesOnly: !allowModules, shards: allowed },
    source: worker,
    memory,
    fetchShared: async (hash) => decode(await cluster.values.fetch(hash, 'a shared value')),
  });
  try {
    await pool.ready();
    const info = {
      ...(await describeWorker(place, name, slots, contexts[0])),
      modules: Object.keys(modules),
      allowModules,
    };
    const joined = new Joined({ cluster, pool, info, memory, lifetimeS, clientTimeoutS, event });
    await joined.joined();
    return joined;
  } catch (error) {
    await pool.dispose();
    await cluster.close();
    throw error;
  }
}
