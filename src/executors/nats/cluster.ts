/** A cluster on a NATS server: its streams, who is there, and that all are of one build. */
import { EwaldError, messageOf } from '../../errors.js';
import { decode, encode } from '../codec.js';
import type { WorkerInfo } from '../executor.js';
import { identity } from '../identity.js';
import { admitWorker } from './admit.js';
import type { Connection, Nats } from './library.js';
import { Store } from './store.js';

const nanos = (seconds: number): number => seconds * 1e9;
/** Seconds results and objects are kept when nobody fetches them. */
const keptSeconds = 86_400;
/** Seconds after which a task whose worker is silent goes to another one; workers say every third of it that they work. */
export const ackSeconds = 9;

/** Names on the server. */
export const namesOf = (cluster: string) => ({
  tasks: `EWALD_${cluster}_TASKS`,
  results: `EWALD_${cluster}_RESULTS`,
  bucket: `ewald_${cluster}`,
  workers: 'workers',
  task: (run: string, index: number | '*') => `ewald.${cluster}.task.${run}.${index}`,
  result: (run: string, index: number | '*') => `ewald.${cluster}.result.${run}.${index}`,
  ping: `ewald.${cluster}.ping`,
  cancel: `ewald.${cluster}.cancel`,
});

export class Cluster {
  readonly nats: Nats;
  readonly connection: Connection;
  readonly url: string;
  readonly names: ReturnType<typeof namesOf>;
  readonly js: ReturnType<Nats['jetstream']>;
  readonly jsm: Awaited<ReturnType<Nats['jetstreamManager']>>;
  readonly store: Store;

  private constructor(parts: Pick<Cluster, 'nats' | 'connection' | 'url' | 'names' | 'js' | 'jsm' | 'store'>) {
    this.nats = parts.nats;
    this.connection = parts.connection;
    this.url = parts.url;
    this.names = parts.names;
    this.js = parts.js;
    this.jsm = parts.jsm;
    this.store = parts.store;
  }

  /** Finds the cluster or founds it; refuses when others of another build are there. Closes the connection if it throws. */
  static async open(nats: Nats, connection: Connection, url: string, cluster: string): Promise<Cluster> {
    const names = namesOf(cluster);
    try {
      const js = nats.jetstream(connection, { timeout: 10_000 });
      const jsm = await nats.jetstreamManager(connection, { timeout: 10_000 }).catch((error) => {
        const how = 'start it with nats-server -js -sd FOLDER';
        throw new EwaldError('Unsupported', `the NATS server at ${url} has no JetStream (${messageOf(error)}); ${how}`);
      });
      await Cluster.#found(jsm, connection, url, names, nats);
      const bucket = await new nats.Objm(js).create(names.bucket, {
        ttl: nanos(keptSeconds),
        storage: 'file' as never,
      });
      return new Cluster({ nats, connection, url, names, js, jsm, store: new Store(bucket) });
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
  ): Promise<void> {
    const { tasks, results, task, result, workers } = names;
    const there = await jsm.streams.info(tasks).catch(() => undefined);
    const theirs = there?.config.description;
    if (there && theirs !== identity) {
      const others = await whoIsThere(nats, connection, names.ping, 500);
      if (others.length > 0 || there.state.messages > 0) {
        const busy = `${others.length} workers and ${there.state.messages} tasks of it are there`;
        throw new EwaldError(
          'Unsupported',
          `the cluster at ${url} runs ${theirs}, this is ${identity}, and ${busy}; install the same package everywhere, or stop them first`,
          { detail: { theirs, ours: identity } },
        );
      }
      await jsm.streams.update(tasks, { ...there.config, description: identity });
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
        })
        .catch(tolerate(jsm, tasks));
    }
    // A second result of a task is refused by the server, whatever happens between workers.
    await jsm.streams
      .add({
        name: results,
        subjects: [result('*', '*')],
        storage: file,
        max_msgs_per_subject: 1,
        discard: 'new' as never,
        discard_new_per_subject: true,
        max_age: nanos(keptSeconds),
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

  /** Who has joined, after `milliseconds` of asking. */
  workers(milliseconds = 500): Promise<WorkerInfo[]> {
    return whoIsThere(this.nats, this.connection, this.names.ping, milliseconds);
  }
}

/** Two may found a cluster at once: it is founded if it is there. */
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
        // Somebody else's answer.
      }
    },
  });
  connection.publish(ping, encode(null), { reply: inbox });
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  answers.unsubscribe();
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}
