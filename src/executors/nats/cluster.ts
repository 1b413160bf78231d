/** A cluster on a NATS server: its streams and its members, all of which must have the same build. */
import { counted } from '../../base/amounts.js';
import { EwaldError, messageOf } from '../../base/errors.js';
import { decode, encode } from '../codec.js';
import type { WorkerInfo } from '../executor.js';
import { identity } from '../identity.js';
import { admitWorker, placeOf } from './admit.js';
import type { Connection, Nats } from './library.js';
import { keepRow } from './options.js';
import { isThere } from './presence.js';
import { Steady } from './steady.js';
import { Store } from './store.js';

const nanos = (seconds: number): number => seconds * 1e9;
/**
 * Seconds after which the task of a silent worker is given to another one; workers send a heartbeat every third of this
 * time.
 */
export const ackSeconds = 9;

/** Names on the server. */
export const namesOf = (cluster: string) => ({
  tasks: `EWALD_${cluster}_TASKS`,
  results: `EWALD_${cluster}_RESULTS`,
  bucket: `ewald_${cluster}`,
  workers: 'workers',
  task: (run: string, index: number | '*') => `ewald.${cluster}.task.${run}.${index}`,
  result: (run: string, index: number | '*') => `ewald.${cluster}.result.${run}.${index}`,
  client: (run: string) => `ewald.${cluster}.client.${run}`,
  ping: `ewald.${cluster}.ping`,
  cancel: `ewald.${cluster}.cancel`,
});

/** Options for opening a cluster, or founding it if it does not exist. */
export interface Founding {
  /** The address without credentials, for messages. */
  readonly address: string;
  readonly cluster: string;
  readonly keepSeconds: number;
  /** Seconds for which a failing request to the server is repeated before it is abandoned. */
  readonly serverSeconds: number;
}

export class Cluster {
  readonly nats: Nats;
  readonly connection: Connection;
  readonly url: string;
  readonly names: ReturnType<typeof namesOf>;
  readonly js: ReturnType<Nats['jetstream']>;
  readonly jsm: Awaited<ReturnType<Nats['jetstreamManager']>>;
  readonly store: Store;
  readonly steady: Steady;
  /** Seconds after which the server deletes tasks, results and objects of this cluster. */
  readonly keepSeconds: number;

  private constructor(parts: Omit<Cluster, 'workers' | 'close'>) {
    this.nats = parts.nats;
    this.connection = parts.connection;
    this.url = parts.url;
    this.names = parts.names;
    this.js = parts.js;
    this.jsm = parts.jsm;
    this.store = parts.store;
    this.steady = parts.steady;
    this.keepSeconds = parts.keepSeconds;
  }

  /**
   * Finds the cluster or founds it; refuses if members of another build are connected. Closes the connection if it
   * throws.
   */
  static async open(
    nats: Nats,
    connection: Connection,
    { address: url, cluster, keepSeconds: wanted, serverSeconds }: Founding,
  ): Promise<Cluster> {
    const names = namesOf(cluster);
    try {
      const js = nats.jetstream(connection, { timeout: 10_000 });
      const jsm = await nats.jetstreamManager(connection, { timeout: 10_000 }).catch((error) => {
        const how = 'start it with nats-server -js -sd FOLDER';
        throw new EwaldError('Unsupported', `the NATS server at ${url} has no JetStream (${messageOf(error)}); ${how}`);
      });
      await Cluster.#found(jsm, connection, url, names, nats, wanted);
      const bucket = await new nats.Objm(js).create(names.bucket, {
        ttl: nanos(wanted),
        storage: 'file' as never,
      });
      // A cluster that exists keeps the time it was founded with.
      const { ttl } = await bucket.status();
      const keepSeconds = ttl > 0 ? ttl / 1e9 : keepRow.range.fallback;
      const steady = new Steady(connection, url, serverSeconds);
      const store = new Store(bucket, steady, keepSeconds);
      return new Cluster({ nats, connection, url, names, js, jsm, store, steady, keepSeconds });
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  static async #found(
    jsm: Cluster['jsm'],
    connection: Connection,
    url: string,
    names: Cluster['names'],
    nats: Nats,
    keepSeconds: number,
  ): Promise<void> {
    const { tasks, results, task, result, workers } = names;
    const max_age = nanos(keepSeconds);
    const there = await jsm.streams.info(tasks).catch(() => undefined);
    const theirs = there?.config.description;
    if (there && theirs !== identity) {
      const [others, clients] = await Promise.all([
        whoIsThere(nats, connection, names.ping, 500),
        clientsOf(jsm, connection, names),
      ]);
      if (others.length > 0 || clients > 0) {
        const busy = `${counted(others.length, 'worker')} and ${counted(clients, 'client')} of it are connected`;
        throw new EwaldError(
          'Unsupported',
          `the cluster at ${url} runs ${theirs}, this is ${identity}, and ${busy}; ` +
            'install the same package everywhere, or stop them first',
          { detail: { theirs, ours: identity } },
        );
      }
      // The remaining tasks belong to clients that are gone, and no worker of this build could run them.
      await jsm.streams.purge(tasks);
      await jsm.streams.update(tasks, { ...there.config, description: identity, max_age });
    }
    const file = 'file' as never;
    if (!there) {
      await jsm.streams
        .add({
          name: tasks,
          description: identity,
          subjects: [task('*', '*')],
          retention: 'workqueue' as never,
          storage: file,
          max_age,
        })
        .catch(tolerate(jsm, tasks));
    }
    // The server refuses a second result of a task, whatever happens between workers.
    await jsm.streams
      .add({
        name: results,
        subjects: [result('*', '*')],
        storage: file,
        max_msgs_per_subject: 1,
        discard: 'new' as never,
        discard_new_per_subject: true,
        max_age,
      })
      .catch(tolerate(jsm, results));
    await jsm.consumers
      .add(tasks, {
        durable_name: workers,
        ack_policy: 'explicit' as never,
        ack_wait: nanos(ackSeconds),
        max_ack_pending: 100_000,
      })
      .catch(async (error) => {
        if (!(await jsm.consumers.info(tasks, workers).catch(() => undefined))) throw error;
      });
  }

  /** Ends the connection. */
  async close(): Promise<void> {
    this.store.close();
    await this.connection.close();
  }

  /** The workers that answer within `milliseconds`. */
  workers(milliseconds = 500): Promise<WorkerInfo[]> {
    return whoIsThere(this.nats, this.connection, this.names.ping, milliseconds);
  }
}

/** The number of runs with queued tasks whose client is present; clients get a second to reconnect. */
async function clientsOf(jsm: Cluster['jsm'], connection: Connection, names: Cluster['names']): Promise<number> {
  const { state } = await jsm.streams.info(names.tasks, { subjects_filter: names.task('*', '*') });
  const runs = new Set(Object.keys(state.subjects ?? {}).map((subject) => placeOf(subject)?.run));
  const present = await Promise.all(
    [...runs].map(async (run) => {
      if (run === undefined) return false;
      if (await isThere({ connection, names }, run)) return true;
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return isThere({ connection, names }, run);
    }),
  );
  return present.filter(Boolean).length;
}

/** Two clients may found a cluster at the same time: it counts as founded if it exists. */
const tolerate = (jsm: Cluster['jsm'], name: string) => async (error: unknown) => {
  if (!(await jsm.streams.info(name).catch(() => undefined))) throw error;
};

async function whoIsThere(
  nats: Nats,
  connection: Connection,
  ping: string,
  milliseconds: number,
): Promise<WorkerInfo[]> {
  const inbox = nats.createInbox();
  const found: WorkerInfo[] = [];
  const answers = connection.subscribe(inbox, {
    callback: (error, message) => {
      if (error) return;
      try {
        found.push(admitWorker(decode(message.data)));
      } catch {
        // The answer of another program.
      }
    },
  });
  connection.publish(ping, encode(null), { reply: inbox });
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  answers.unsubscribe();
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}
