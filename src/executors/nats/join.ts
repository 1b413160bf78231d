/** Joins a cluster with a pool of workers of this process. */
import { observer } from '../../base/callbacks.js';
import { integer, real } from '../../base/options.js';
import { checkParameter } from '../../base/parameters.js';
import { decode } from '../codec.js';
import { describe } from '../local.js';
import { checkWorkers } from '../options.js';
import { joinRows } from '../parameters.js';
import type { Place } from '../place.js';
import { Pool } from '../workers/pool.js';
import { Cluster } from './cluster.js';
import { checkKeep } from './connect.js';
import { Joined } from './joined.js';
import { checkNats, loadNats, openConnection } from './library.js';
import { type JoinedWorker, type JoinOptions, natsOptionNames } from './options.js';

const ownNames = ['allowModules', 'maxMemory', 'name', 'clientSeconds', 'keepSeconds', 'onEvent'];
const names = ['context', 'contexts', 'modules', 'workers', 'worker', 'threads', ...ownNames];
/** Seconds a worker tries to read or write an object while the server is away. */
const serverSeconds = 120;

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
      if (cluster.connection.isClosed()) clearInterval(counting);
      else count(0).catch(() => {});
    }, countPause);
    (counting as { unref?: () => void }).unref?.();
  }
  return { used: () => memory.used(), most: () => most };
}

/** Joins a cluster with a pool of workers. */
export async function join(place: Place, url: string, options: JoinOptions = {}): Promise<JoinedWorker> {
  const checked = checkNats('join', url, options, names);
  const given: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options))
    if (![...natsOptionNames, ...ownNames].includes(key)) given[key] = value;
  const { contexts, modules, worker, threads, crowded } = checkWorkers(given, place.cores, 'join');
  const slots = contexts.length;
  integer('join: workers', options.workers, slots, 1, 1024);
  if (options.maxMemory !== undefined) checkParameter(joinRows.maxMemory, options.maxMemory, 'join: maxMemory');
  const clientSeconds = real('join: clientSeconds', options.clientSeconds, 60, 1, 1e6);
  const keepSeconds = checkKeep('join', options.keepSeconds);
  const name = options.name ?? `${place.host} ${place.processName}`;
  const nats = await loadNats(options.nats);
  const connection = await openConnection(nats, checked, name, place.connectTcp, place.readCreds);
  const cluster = await Cluster.open(nats, connection, { ...checked, keepSeconds, serverSeconds });
  const memory = memoryOf(place, options.maxMemory, cluster);
  const pool = new Pool({
    place,
    contexts,
    names: `${name} / `,
    // A second safeguard: modules that are not registered by name are never imported, whatever a message contained.
    start: { threads, modules, crowded, namesOnly: !options.allowModules },
    source: worker,
    memory,
    fetchShared: async (hash) => decode(await cluster.store.kept(hash, 'a shared value')),
  });
  const event = observer('join', options, 'onEvent');
  try {
    await pool.ready();
    const info = {
      ...(await describe(place, name, slots, contexts[0])),
      modules: Object.keys(modules),
      allowModules: options.allowModules ?? false,
    };
    return new Joined({ cluster, pool, info, clientSeconds, event });
  } catch (error) {
    await pool.dispose();
    await cluster.close();
    throw error;
  }
}
