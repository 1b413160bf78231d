/**
 * A worker of a cluster: each slot runs one task at a time, and removes it from the queue after publishing its result.
 */
import type { Observer } from '../../base/callbacks.js';
import { EwaldError, isEwaldError, messageOf, plainError } from '../../base/errors.js';
import { decode, encode } from '../codec.js';
import { Failed, type Outcome } from '../drive.js';
import type { WorkerInfo } from '../executor.js';
import { build } from '../identity.js';
import type { TaskSpec } from '../task.js';
import type { Pool } from '../workers/pool.js';
import { admitModule, admitTask, buildOf, clipped, placeOf, runsModule, type TaskPlace } from './admit.js';
import { ackSeconds, type Cluster } from './cluster.js';
import type { DirectMessage, ResultMessage, TaskMessage } from './messages.js';
import { isThere, Presence } from './presence.js';

type Message = NonNullable<Awaited<ReturnType<Awaited<ReturnType<Cluster['js']['consumers']['get']>>['next']>>>;

/** Number of deliveries allowed beyond a task's retries, since a restart of the server delivers tasks again. */
const spareDeliveries = 2;
/** Maximum number of deliveries of any task: a message that ends every worker that decodes it is then given up. */
const mostDeliveries = 10 + 1 + spareDeliveries;
/** Deliveries after which a task of another build is refused: no worker of that build is present. */
const foreignDeliveries = 5;
/** Milliseconds after which a task whose module this worker lacks returns to the queue, and for which an answer holds. */
const passPause = 250;
const ablePause = 2000;
/** Ended runs to remember; their tasks leave the queue within moments. */
const mostEnded = 1024;
/** Answers are sent to inboxes only, never to another subject that a request may name. */
const inbox = /^_INBOX\./;
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Options of a joined worker. */
export interface JoinedParts {
  readonly cluster: Cluster;
  readonly pool: Pool;
  readonly info: WorkerInfo;
  /** Seconds of absence after which a client is considered dead. */
  readonly clientSeconds: number;
  /** Receives one line for each event; what it throws ends the worker. */
  readonly event: Observer<[event: string]>;
}

/** A task held by this worker until it is acknowledged. */
interface Held {
  readonly message: Message;
  readonly run: string | undefined;
  /** Whether its run has ended, so that the result is no longer needed. */
  dropped: boolean;
}

export class Joined {
  readonly info: WorkerInfo;
  readonly left: Promise<void>;
  readonly #cluster: Cluster;
  readonly #pool: Pool;
  readonly #event: Observer<[event: string]>;
  readonly #clientSeconds: number;
  readonly #presence: Presence;
  readonly #held = new Set<Held>();
  /** The most recently cancelled runs. */
  readonly #ended = new Set<string>();
  readonly #aborts = new Map<string, Set<() => void>>();
  readonly #sources = new Map<string, Promise<string>>();
  /** Whether another worker runs a list of modules, as it answered a moment ago. */
  readonly #able = new Map<string, { readonly until: number; readonly answer: Promise<boolean> }>();
  /** The request for tasks that is open. */
  #request: { stop(): void } | undefined;
  #leaving = false;

  constructor({ cluster, pool, info, clientSeconds, event }: JoinedParts) {
    this.info = info;
    this.#cluster = cluster;
    this.#pool = pool;
    this.#event = event;
    this.#clientSeconds = clientSeconds;
    this.#presence = new Presence(
      cluster,
      clientSeconds,
      () => [...this.#held].flatMap(({ run }) => run ?? []),
      (run) => this.#drop(run),
    );
    this.left = this.#work();
    this.left.catch(() => {});
  }

  async leave(): Promise<void> {
    this.#leaving = true;
    this.#request?.stop();
    await this.left;
  }

  #report(event: string): void {
    try {
      this.#event(event);
    } catch {
      this.leave().catch(() => {});
    }
  }

  async #work(): Promise<void> {
    const { connection, names: subjects, js } = this.#cluster;
    this.#hear(subjects.ping, (_, reply) => {
      if (!inbox.test(reply)) throw new EwaldError('Format', 'it names no inbox for the reply');
      connection.publish(reply, encode(this.info));
    });
    this.#hear(subjects.cancel, (data) => {
      const run = decode(data);
      if (typeof run !== 'string') throw new EwaldError('Format', 'it names no run');
      this.#end(run);
    });
    void this.#tell();
    const beat = setInterval(
      () => {
        for (const { message } of this.#held) message.working();
      },
      (1000 * ackSeconds) / 3,
    );
    try {
      const consumer = await js.consumers.get(subjects.tasks, subjects.workers);
      await this.#serve(consumer);
    } finally {
      clearInterval(beat);
      this.#presence.close();
      this.#cluster.store.close();
      await this.#pool.dispose();
      await connection.drain().catch(() => {});
    }
    if (this.#event.failure) throw this.#event.failure;
    const error = await connection.closed();
    if (error && !this.#leaving) throw this.#closed(error);
  }

  /** Subscribes to a subject. An error in a callback would end the connection, so it is logged instead. */
  #hear(subject: string, use: (data: Uint8Array, reply: string) => void): void {
    this.#cluster.connection.subscribe(subject, {
      callback: (error, message) => {
        if (error) return;
        try {
          use(message.data, message.reply ?? '');
        } catch (thrown) {
          this.#report(`ignored a message to ${subject}: ${clipped(messageOf(thrown))}`);
        }
      },
    });
  }

  /**
   * Takes tasks as there is room, with one open request at a time: the server admits 512 requests to a queue, from all
   * workers together. As many tasks as run at once are fetched ahead, so that no slot waits for the network.
   */
  async #serve(consumer: Awaited<ReturnType<Cluster['js']['consumers']['get']>>): Promise<void> {
    const { connection } = this.#cluster;
    const taken = new Set<Promise<void>>();
    while (!this.#leaving) {
      try {
        const room = 2 * this.info.slots - taken.size;
        if (room === 0) {
          await Promise.race(taken);
          continue;
        }
        const messages = await consumer.fetch({ max_messages: room, expires: 5000 });
        this.#request = messages;
        if (this.#leaving) messages.stop();
        for await (const message of messages) {
          const task = this.#take(message)
            .catch((error) => this.#report(`a task was not finished: ${clipped(messageOf(error))}`))
            .finally(() => taken.delete(task));
          taken.add(task);
        }
      } catch (error) {
        if (connection.isClosed()) throw this.#closed(error);
        await pause(250);
      }
    }
    await Promise.all(taken);
  }

  #closed(error: unknown): EwaldError {
    return new EwaldError(
      'Lost',
      `the NATS server at ${this.#cluster.url} has closed the connection: ${messageOf(error)}`,
    );
  }

  async #take(message: Message): Promise<void> {
    if (this.#leaving) {
      message.nak();
      return;
    }
    const place = placeOf(message.subject);
    const held: Held = { message, run: place?.run, dropped: false };
    this.#held.add(held);
    try {
      if (!place) {
        this.#refused(clipped(message.subject), 'the subject names no run and no index');
        message.term();
        return;
      }
      if (await this.#isOver(place.run)) {
        message.term();
        return;
      }
      if (message.info.deliveryCount > 1 && (await this.#isDone(place))) {
        message.ack();
        return;
      }
      this.#presence.see(place.run);
      const { result, object, passed } = await this.#run(message, place);
      if (passed) return;
      if (held.dropped) {
        message.term();
        return;
      }
      if (result === undefined) {
        // The task has another build, which another worker may have.
        message.nak(2000);
        return;
      }
      await this.#give(place, result, message.info.deliveryCount);
      message.ack();
      // The object is dropped only now, since another worker would need it if this one were lost.
      void this.#cluster.store.drop(object);
    } finally {
      this.#held.delete(held);
    }
  }

  /** Ends a run whose client is dead, on this worker and the others, which then remove its tasks from the queue. */
  #drop(run: string): void {
    this.#report(`dropped the tasks of run ${run}: its client has been gone for ${this.#clientSeconds} s`);
    const { connection, names } = this.#cluster;
    if (!connection.isClosed()) connection.publish(names.cancel, encode(run));
    this.#end(run);
  }

  /** Stops the tasks of a run on this worker; its tasks that arrive later are not started. */
  #end(run: string): void {
    this.#ended.delete(run);
    this.#ended.add(run);
    for (const [oldest] of this.#ended.entries()) {
      if (this.#ended.size <= mostEnded) break;
      this.#ended.delete(oldest);
    }
    for (const held of this.#held) if (held.run === run) held.dropped = true;
    for (const abort of this.#aborts.get(run) ?? []) abort();
  }

  /** Whether a run has ended. A client that was absent for long may have returned to its run. */
  async #isOver(run: string): Promise<boolean> {
    if (!this.#ended.has(run)) return false;
    if (!(await isThere(this.#cluster, run))) return true;
    this.#ended.delete(run);
    return false;
  }

  /** Whether the task already has a result, because its worker or the server was lost before the acknowledgement. */
  async #isDone({ run, index }: TaskPlace): Promise<boolean> {
    const { results, result } = this.#cluster.names;
    const found = await this.#cluster.jsm.streams
      .getMessage(results, { last_by_subj: result(run, index) })
      .catch(() => null);
    return Boolean(found);
  }

  /** Logs that a message was refused. */
  #refused(where: string, why: string): void {
    this.#report(`refused a task (${where}): ${why}`);
  }

  /**
   * The result of a task or of an invalid message, and the task's object; no result if a worker of another build may
   * know the task.
   */
  async #run(
    message: Message,
    place: TaskPlace,
  ): Promise<{ readonly result?: ResultMessage; readonly object?: string | undefined; readonly passed?: true }> {
    const attempts = message.info.deliveryCount;
    const where = `run ${place.run}, index ${place.index}`;
    const failed = (error: unknown, worker = this.info.name): ResultMessage => ({
      value: undefined,
      error: plainError(error),
      worker,
      attempts,
      seconds: 0,
    });
    let object: string | undefined;
    let admitted: { readonly task: TaskMessage; readonly spec: TaskSpec };
    try {
      if (attempts > mostDeliveries)
        throw new EwaldError('Lost', `it was given to ${attempts - 1} workers, and each was lost with it`);
      const unpacked = await this.#cluster.store.unpack(message.data, `task.${place.run}.${place.index}`);
      object = unpacked.object;
      const theirs = buildOf(unpacked.value);
      if (theirs !== build) {
        if (attempts < foreignDeliveries) return { object };
        throw new EwaldError('Unsupported', `the task belongs to build ${clipped(theirs)}, this worker to ${build}`);
      }
      const task = admitTask(unpacked.value, place);
      if (await this.#isForOthers(task)) {
        await this.#pass(message, place);
        return { passed: true };
      }
      admitted = await this.#admit(task);
    } catch (error) {
      this.#refused(where, clipped(messageOf(error)));
      return { result: failed(error), object };
    }
    const { task, spec } = admitted;
    try {
      if (attempts > 1 + task.retries + spareDeliveries)
        throw new EwaldError('Lost', `task ${task.id} was given to ${attempts - 1} workers, and each was lost with it`);
      const outcome = await this.#execute(task, spec);
      const result = { ...outcome, error: undefined, attempts: Math.max(attempts, outcome.attempts) };
      return { result, object };
    } catch (error) {
      return { result: error instanceof Failed ? failed(error.error, error.worker) : failed(error), object };
    }
  }

  /** Whether this worker lacks a module of the task that another one has. */
  async #isForOthers({ module, uses }: TaskMessage): Promise<boolean> {
    const modules = [...new Set([module, ...Object.values(uses)])];
    const runsAll = (worker: WorkerInfo): boolean => modules.every((name) => runsModule(worker, name));
    if (runsAll(this.info)) return false;
    const key = modules.join('\n');
    let asked = this.#able.get(key);
    if (!asked || asked.until < Date.now()) {
      const answer = this.#cluster.workers().then((workers) => workers.some(runsAll));
      asked = { until: Date.now() + ablePause, answer };
      if (this.#able.size >= mostEnded) this.#able.clear();
      this.#able.set(key, asked);
    }
    return asked.answer;
  }

  /**
   * Queues the task again for another worker. It is a new message, since the server counts the deliveries of a message,
   * and a task that is delivered often counts as lost with its workers.
   */
  async #pass(message: Message, { run, index }: TaskPlace): Promise<void> {
    const { steady, js } = this.#cluster;
    await pause(passPause);
    const msgID = `pass.${run}.${index}.${message.seq}`;
    await steady.run('handing a task on', () => js.publish(message.subject, message.data, { msgID }));
    message.ack();
  }

  /** The task of a message and what to run; throws if it names modules that are not available here. */
  async #admit(task: TaskMessage): Promise<{ readonly task: TaskMessage; readonly spec: TaskSpec }> {
    const uses = Object.entries(task.uses).map(async ([name, one]) => [name, await this.#moduleOf(task, one)] as const);
    const spec: TaskSpec = {
      id: task.id,
      module: await this.#moduleOf(task, task.module),
      function: task.function,
      argument: task.argument,
      transfer: [],
      inputs: task.inputs,
      uses: Object.fromEntries(await Promise.all(uses)),
    };
    return { task, spec };
  }

  async #execute(task: TaskMessage, spec: TaskSpec): Promise<Outcome> {
    const aborts = this.#aborts.get(task.run) ?? new Set();
    this.#aborts.set(task.run, aborts);
    const mine = new Set<() => void>();
    const abort = (): void => {
      for (const listener of [...mine]) listener();
    };
    aborts.add(abort);
    try {
      return await this.#pool.execute(spec, {
        index: task.index,
        signal: new AbortController().signal,
        onAbort: (listener) => {
          mine.add(listener);
          return () => mine.delete(listener);
        },
        retries: task.retries,
        seconds: task.seconds,
      });
    } finally {
      aborts.delete(abort);
      if (aborts.size === 0) this.#aborts.delete(task.run);
    }
  }

  /** The module to import: a name, or source that is verified by its hash. */
  async #moduleOf({ id }: TaskMessage, module: string): Promise<string> {
    const admitted = admitModule(module, this.info);
    if ('name' in admitted) return admitted.name;
    const { hash } = admitted;
    let source = this.#sources.get(hash);
    if (!source) {
      source = this.#cluster.store.kept(hash, `the module of task ${id}`).then(dataUrl);
      this.#sources.set(hash, source);
      source.catch(() => this.#sources.delete(hash));
    }
    return source;
  }

  /**
   * Publishes the result, waiting for the server if necessary; the server refuses a second result. Of a result that the
   * server has no room for, the client hears directly.
   */
  async #give({ run, index }: TaskPlace, result: ResultMessage, attempts: number): Promise<void> {
    const id = `result.${run}.${index}`;
    const { store, steady, js, names, connection } = this.#cluster;
    for (;;) {
      try {
        const bytes = await store.pack(result, id);
        await steady.run('giving a result', () => js.publish(names.result(run, index), bytes, { msgID: id }));
        return;
      } catch (error) {
        if (/maximum messages per subject/i.test(messageOf(error))) return;
        if (connection.isClosed()) throw error;
        if (isEwaldError(error) && error.detail.refused) {
          this.#report(`the result of run ${run}, index ${index} was lost: ${clipped(error.message)}`);
          const lost = { value: undefined, error: plainError(error), worker: this.info.name, attempts, seconds: 0 };
          connection.publish(names.client(run), encode({ index, result: lost } satisfies DirectMessage));
          return;
        }
        await pause(250);
      }
    }
  }

  /** Reports events of the connection. */
  async #tell(): Promise<void> {
    for await (const { type } of this.#cluster.connection.status()) {
      if (type === 'disconnect') {
        this.#presence.restart();
        this.#report('the server is gone; trying to reach it again');
      } else if (type === 'reconnect') this.#report('the server is back');
    }
  }
}

const dataUrl = (bytes: Uint8Array): string => {
  let text = '';
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return `data:text/javascript;base64,${btoa(text)}`;
};
