/** The submitting side: puts tasks into the work queue and reads each result once from its stream. */
import { EwaldError, messageOf, raisedError } from '../../base/errors.js';
import { decode, encode } from '../codec.js';
import { Failed, type Lane, type Outcome, type TaskCall } from '../drive.js';
import { build, identity } from '../identity.js';
import type { Place } from '../place.js';
import { isRegistered } from '../registered.js';
import type { TaskSpec } from '../task.js';
import { admitDirect, admitResult, placeOf } from './admit.js';
import type { Cluster } from './cluster.js';
import type { TaskMessage } from './messages.js';

/** Time limits of a run, in seconds. */
export interface Patience {
  /** Seconds without any worker. */
  readonly workerSeconds: number;
  /** Seconds without the server. */
  readonly serverSeconds: number;
}

interface Waiting {
  readonly spec: TaskSpec;
  readonly call: TaskCall;
  /** Sequence number of the message in the queue; undefined until the server has acknowledged it. */
  sequence: number | undefined;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
}

/** Seconds without a result after which the queue is checked for missing tasks, and between two such checks. */
const missingSeconds = 30;

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const runName = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => byte.toString(36)).join('');

/** A run on a cluster. */
export class NatsLane implements Lane {
  readonly window = 1024;
  readonly names: readonly string[];
  readonly #cluster: Cluster;
  readonly #place: Place;
  readonly #patience: Patience;
  readonly #run = runName();
  readonly #waiting = new Map<number, Waiting>();
  readonly #sources = new Map<string, Promise<string>>();
  #listening: Promise<void> | undefined;
  #messages: { stop(): void } | undefined;
  #presence: { unsubscribe(): void } | undefined;
  #over = false;
  /** When the queue was last checked for missing tasks. */
  #looked = Date.now();
  #tries = 0;
  /** Sequence numbers of results that were read. */
  #read: number[] = [];
  /** Tasks that were aborted. */
  readonly #unwanted: Waiting[] = [];
  #heard = Date.now();

  constructor(cluster: Cluster, place: Place, names: readonly string[], patience: Patience) {
    this.#cluster = cluster;
    this.#place = place;
    this.names = names;
    this.#patience = patience;
  }

  execute(spec: TaskSpec, call: TaskCall): Promise<Outcome> {
    this.#presence ??= this.#bePresent();
    this.#listening ??= this.#listen();
    const { index } = call;
    return new Promise((resolve, reject) => {
      const forget = call.onAbort(() => {
        this.#unwanted.push(waiting);
        this.#waiting.delete(index);
        reject(new EwaldError('Aborted', `task ${spec.id} was aborted`));
      });
      const settle =
        <T>(next: (value: T) => void) =>
        (value: T) => {
          forget();
          this.#waiting.delete(index);
          next(value);
        };
      const waiting: Waiting = {
        spec,
        call,
        sequence: undefined,
        resolve: settle(resolve),
        reject: settle(reject),
      };
      this.#waiting.set(index, waiting);
      this.#submit(waiting).catch(waiting.reject);
    });
  }

  async end(whole: boolean): Promise<void> {
    this.#over = true;
    this.#messages?.stop();
    const cluster = this.#cluster;
    if (!this.#listening || cluster.connection.isClosed()) return;
    const { results, cancel } = cluster.names;
    // Without the server nothing can be cleaned: what is left is forgotten after a day.
    // Unsubscribes before the cancel message, so that a worker that checks afterwards finds this client absent.
    this.#presence?.unsubscribe();
    const cleaning = async (): Promise<void> => {
      if (!whole) {
        cluster.connection.publish(cancel, encode(this.#run));
        await this.#delete(
          cluster.names.tasks,
          this.#unwanted.flatMap(({ sequence }) => sequence ?? []),
        );
      }
      await this.#deleteResults();
      await cluster.jsm.consumers.delete(results, this.#consumer);
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, 5000);
    });
    await Promise.race([cleaning().catch(() => {}), late]);
    // A running timer would keep the process alive.
    clearTimeout(timer);
    await this.#listening;
  }

  /**
   * Deletes messages one by one: after a purge by subject nats-server 2.9.10 never delivers tasks of other runs that
   * were queued before it, and counts what was purged as stored until it restarts.
   */
  async #delete(stream: string, sequences: Iterable<number>): Promise<void> {
    const left = [...sequences];
    const next = async (): Promise<void> => {
      for (let seq = left.pop(); seq !== undefined; seq = left.pop())
        // A worker may have fetched it.
        await this.#cluster.jsm.streams.deleteMessage(stream, seq, false).catch(() => {});
    };
    await Promise.all(Array.from({ length: 32 }, next));
  }

  /** Deletes the results that have arrived, and those of a run that was aborted. */
  async #deleteResults(): Promise<void> {
    const { jsm, names } = this.#cluster;
    const { state } = await jsm.streams.info(names.results, { subjects_filter: names.result(this.#run, '*') });
    const found = Object.keys(state.subjects ?? {}).map((subject) =>
      jsm.streams.getMessage(names.results, { last_by_subj: subject }),
    );
    await this.#delete(
      names.results,
      (await Promise.all(found)).flatMap((message) => message?.seq ?? []),
    );
  }

  get #consumer(): string {
    return `run-${this.#run}`;
  }

  /** Answers workers that ask whether this client is present, and hears of results that the server does not take. */
  #bePresent(): { unsubscribe(): void } {
    const { connection, names } = this.#cluster;
    return connection.subscribe(names.client(this.#run), {
      callback: (error, message) => {
        if (error) return;
        if (message.reply?.startsWith('_INBOX.')) connection.publish(message.reply);
        else this.#hear(message.data);
      },
    });
  }

  #hear(data: Uint8Array): void {
    try {
      const { index, result } = admitDirect(decode(data));
      const waiting = this.#waiting.get(index);
      if (result.error) waiting?.reject(new Failed(raisedError(result.error), result.worker, result.attempts));
    } catch {
      // A message of another program.
    }
  }

  async #submit(waiting: Waiting): Promise<void> {
    const { spec } = waiting;
    const { index, retries, seconds } = waiting.call;
    const message: TaskMessage = {
      build,
      run: this.#run,
      index,
      id: spec.id,
      module: await this.#moduleOf(spec.module),
      function: spec.function,
      argument: spec.argument,
      inputs: spec.inputs,
      uses: await this.#usesOf(spec),
      retries,
      seconds,
    };
    const subject = this.#cluster.names.task(this.#run, index);
    const bytes = await this.#cluster.store.pack(message, `task.${this.#run}.${index}`);
    // The server recognizes the id, so repeating the request after a lost reply queues nothing twice. A task that is
    // resubmitted because the server lost it needs a new id.
    const msgID = `task.${this.#run}.${index}.${this.#tries}`;
    const sent = await this.#cluster.steady.run('submitting a task', async () =>
      this.#over ? undefined : this.#cluster.js.publish(subject, bytes, { msgID }),
    );
    waiting.sequence = sent?.seq;
    // The run may have ended in the meantime, before the number of this message was known.
    if (this.#over && sent) await this.#delete(this.#cluster.names.tasks, [sent.seq]);
  }

  async #usesOf({ uses }: TaskSpec): Promise<Record<string, string>> {
    const pairs = Object.entries(uses).map(async ([name, module]) => [name, await this.#moduleOf(module)] as const);
    return Object.fromEntries(await Promise.all(pairs));
  }

  /** A registered name, or the hash of the module's source, which is stored for the workers. */
  #moduleOf(module: string): Promise<string> {
    if (isRegistered(module) || this.names.includes(module)) return Promise.resolve(module);
    let source = this.#sources.get(module);
    if (!source) {
      source = this.#place
        .readBytes({ url: module })
        .then(async (bytes) => `source:${await this.#cluster.store.keep(bytes)}`);
      this.#sources.set(module, source);
    }
    return source;
  }

  #closed(error: unknown): EwaldError {
    const what =
      `the connection to the NATS server at ${this.#cluster.url} was closed permanently ` + `(${messageOf(error)})`;
    return new EwaldError('Lost', what, { cause: error });
  }

  /**
   * Reads results until the run is over, also across restarts of the server; repeated results are recognised by their
   * index.
   */
  async #listen(): Promise<void> {
    const { results, result } = this.#cluster.names;
    let unheard = Date.now();
    const watch = setInterval(() => void this.#watch(unheard), Math.min(2000, 250 * this.#cluster.keepSeconds));
    (watch as { unref?: () => void }).unref?.();
    try {
      while (!this.#over) {
        try {
          await this.#cluster.jsm.consumers.add(results, {
            durable_name: this.#consumer,
            filter_subject: result(this.#run, '*'),
            ack_policy: 'none' as never,
            deliver_policy: 'all' as never,
            inactive_threshold: 600e9,
          });
          const consumer = await this.#cluster.js.consumers.get(results, this.#consumer);
          for (let found = true; found && !this.#over; ) {
            unheard = Date.now();
            const messages = await consumer.fetch({ max_messages: 1000, expires: 2000 });
            this.#messages = messages;
            for await (const message of messages) {
              this.#heard = unheard = Date.now();
              await this.#receive(message.subject, message.data);
              this.#read.push(message.seq);
            }
            void this.#delete(this.#cluster.names.results, this.#read.splice(0));
            // A consumer that a restarted server no longer has never delivers anything.
            if (Date.now() - this.#heard > 4000) found = await this.#stillThere();
          }
        } catch (error) {
          if (this.#cluster.connection.isClosed()) return this.#fail(this.#closed(error));
          await pause(250);
        }
      }
    } finally {
      clearInterval(watch);
    }
  }

  async #stillThere(): Promise<boolean> {
    const { results } = this.#cluster.names;
    const info = await this.#cluster.jsm.consumers.info(results, this.#consumer).catch(() => undefined);
    if (!info) return false;
    // It may have delivered results that never arrived here; then all are read again.
    const missing = info.num_pending === 0 && info.delivered.consumer_seq > 0 && this.#waiting.size > 0;
    if (!missing) return true;
    const filter = this.#cluster.names.result(this.#run, '*');
    const { state } = await this.#cluster.jsm.streams.info(results, { subjects_filter: filter });
    const there = Object.keys(state.subjects ?? {}).some((subject) => this.#waiting.has(placeOf(subject)?.index ?? -1));
    if (there) await this.#cluster.jsm.consumers.delete(results, this.#consumer).catch(() => {});
    return !there;
  }

  async #receive(subject: string, data: Uint8Array): Promise<void> {
    const index = placeOf(subject)?.index ?? -1;
    const waiting = this.#waiting.get(index);
    if (!waiting) return;
    try {
      const unpacked = await this.#cluster.store.unpack(data, `result.${this.#run}.${index}`);
      const { object } = unpacked;
      const { value, error, worker, attempts, seconds } = admitResult(unpacked.value);
      if (error) waiting.reject(new Failed(raisedError(error), worker, attempts));
      else waiting.resolve({ value, worker, attempts, seconds });
      void this.#cluster.store.drop(object);
    } catch (error) {
      waiting.reject(error);
    }
  }

  #fail(error: EwaldError): void {
    for (const waiting of [...this.#waiting.values()]) waiting.reject(error);
  }

  /**
   * Submits tasks again that the server no longer has: it deletes tasks after a time, and workers drop those of a
   * client that was absent for long. Workers publish a result before they acknowledge its task, so a task in neither
   * stream is lost.
   */
  async #resubmit(): Promise<void> {
    const { jsm, names, keepSeconds } = this.#cluster;
    const patience = 1000 * Math.min(missingSeconds, keepSeconds / 2);
    const now = Date.now();
    if (now - Math.max(this.#heard, this.#looked) < patience) return;
    this.#looked = now;
    const waiting = [...this.#waiting].filter(([, { sequence }]) => sequence !== undefined);
    const there = new Set<number | undefined>();
    for (const [stream, filter] of [
      [names.tasks, names.task(this.#run, '*')],
      [names.results, names.result(this.#run, '*')],
    ] as const) {
      const { state } = await jsm.streams.info(stream, { subjects_filter: filter });
      for (const subject of Object.keys(state.subjects ?? {})) there.add(placeOf(subject)?.index);
    }
    this.#tries++;
    for (const [index, one] of waiting) {
      if (there.has(index) || this.#waiting.get(index) !== one || this.#over) continue;
      one.sequence = undefined;
      this.#submit(one).catch(one.reject);
    }
  }

  /** Checks whether any worker is connected when no results arrive. */
  async #watch(unheard: number): Promise<void> {
    if (this.#waiting.size === 0) {
      this.#heard = Date.now();
      return;
    }
    const { url } = this.#cluster;
    const { serverSeconds, workerSeconds } = this.#patience;
    if (Date.now() - unheard > 1000 * serverSeconds)
      return this.#fail(new EwaldError('Lost', `the NATS server at ${url} has not answered for ${serverSeconds} s`));
    await this.#resubmit().catch(() => {});
    if (Date.now() - this.#heard < 1000 * workerSeconds) return;
    const workers = await this.#cluster.workers(1000).catch(() => undefined);
    if (!workers || Date.now() - this.#heard < 1000 * workerSeconds) return;
    if (workers.length > 0) this.#heard = Date.now();
    else {
      const how = `start one with ewald worker --connect ${url}`;
      this.#fail(
        new EwaldError(
          'Lost',
          `no worker of ${identity} has been on the cluster at ${url} for ${workerSeconds} s; ${how}`,
        ),
      );
    }
  }
}
