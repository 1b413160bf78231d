/** One worker of a cluster at work: a task at a time a slot, its result given once, and only then taken away. */
import { EwaldError, messageOf } from '../../errors.js';
import { decode, encode } from '../codec.js';
import { Failed, type Outcome } from '../drive.js';
import type { WorkerInfo } from '../executor.js';
import { build } from '../identity.js';
import type { TaskSpec } from '../task.js';
import { flatError } from '../wire.js';
import type { Pool } from '../workers/pool.js';
import { ackSeconds, type Cluster } from './cluster.js';
import { placeOf, type ResultMessage, type TaskMessage } from './messages.js';

type Message = NonNullable<Awaited<ReturnType<Awaited<ReturnType<Cluster['js']['consumers']['get']>>['next']>>>;

/** A task may be delivered this often beyond its retries: a restart of the server delivers once more. */
const spareDeliveries = 2;
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
export class Joined {
  readonly info: WorkerInfo;
  readonly left: Promise<void>;
  readonly #cluster: Cluster;
  readonly #pool: Pool;
  readonly #allowModules: boolean;
  readonly #modules: readonly string[];
  readonly #event: (event: string) => void;
  readonly #held = new Set<Message>();
  readonly #aborts = new Map<string, Set<() => void>>();
  readonly #sources = new Map<string, Promise<string>>();
  readonly #waiting = new Set<{ stop(): void }>();
  #leaving = false;

  constructor(
    cluster: Cluster,
    pool: Pool,
    info: WorkerInfo,
    allowModules: boolean,
    modules: readonly string[],
    event: (event: string) => void,
  ) {
    this.info = info;
    this.#cluster = cluster;
    this.#pool = pool;
    this.#allowModules = allowModules;
    this.#modules = modules;
    this.#event = event;
    this.left = this.#work();
    this.left.catch(() => {});
  }

  async leave(): Promise<void> {
    this.#leaving = true;
    for (const waiting of this.#waiting) waiting.stop();
    await this.left;
  }

  async #work(): Promise<void> {
    const { connection, names: subjects, js } = this.#cluster;
    connection.subscribe(subjects.ping, {
      callback: (error, message) => {
        if (!error && message.reply) message.respond(encode(this.info));
      },
    });
    connection.subscribe(subjects.cancel, {
      callback: (error, message) => {
        if (!error) for (const abort of this.#aborts.get(decode(message.data) as string) ?? []) abort();
      },
    });
    void this.#tell();
    const beat = setInterval(
      () => {
        for (const message of this.#held) message.working();
      },
      (1000 * ackSeconds) / 3,
    );
    try {
      const consumer = await js.consumers.get(subjects.tasks, subjects.workers);
      // One more than run at once is fetched ahead, so that no worker waits for the network.
      await Promise.all(Array.from({ length: 2 * this.info.slots }, () => this.#serve(consumer)));
    } finally {
      clearInterval(beat);
      await this.#pool.dispose();
      await connection.drain().catch(() => {});
    }
    const error = await connection.closed();
    if (error && !this.#leaving) throw this.#closed(error);
  }

  /** Takes one task after the other. */
  async #serve(consumer: Awaited<ReturnType<Cluster['js']['consumers']['get']>>): Promise<void> {
    const { connection } = this.#cluster;
    while (!this.#leaving) {
      try {
        const messages = await consumer.fetch({ max_messages: 1, expires: 5000 });
        this.#waiting.add(messages);
        for await (const message of messages) await this.#take(message);
        this.#waiting.delete(messages);
      } catch (error) {
        if (connection.isClosed()) throw this.#closed(error);
        await pause(250);
      }
    }
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
    this.#held.add(message);
    try {
      const { run, index } = placeOf(message.subject);
      if (message.info.deliveryCount > 1 && (await this.#isDone(run, index))) {
        message.ack();
        return;
      }
      const result = await this.#run(message);
      if (result === undefined) {
        // Of another build: somebody else may know it.
        message.nak(2000);
        return;
      }
      await this.#give(run, index, result);
      message.ack();
    } finally {
      this.#held.delete(message);
    }
  }

  /** Whether the task has its result already: its worker was lost, or the server, between result and end. */
  async #isDone(run: string, index: number): Promise<boolean> {
    const { results, result } = this.#cluster.names;
    const found = await this.#cluster.jsm.streams
      .getMessage(results, { last_by_subj: result(run, index) })
      .catch(() => null);
    return Boolean(found);
  }

  async #run(message: Message): Promise<ResultMessage | undefined> {
    const attempts = message.info.deliveryCount;
    const failed = (error: unknown, worker = this.info.name): ResultMessage => ({
      value: undefined,
      error: flatError(error),
      worker,
      attempts,
      seconds: 0,
    });
    let object: string | undefined;
    try {
      const unpacked = await this.#cluster.store.unpack(message.data);
      object = unpacked.object;
      const task = unpacked.value as TaskMessage;
      if (task.build !== build) return undefined;
      if (attempts > 1 + task.retries + spareDeliveries)
        throw new EwaldError('Lost', `task ${task.id} was given to ${attempts - 1} workers, and each was lost with it`);
      const outcome = await this.#execute(task);
      void this.#cluster.store.drop(object);
      return { ...outcome, error: undefined, attempts: Math.max(attempts, outcome.attempts) };
    } catch (error) {
      void this.#cluster.store.drop(object);
      return error instanceof Failed ? failed(error.error, error.worker) : failed(error);
    }
  }

  async #execute(task: TaskMessage): Promise<Outcome> {
    const spec: TaskSpec = {
      id: task.id,
      module: await this.#moduleOf(task.id, task.module),
      function: task.function,
      argument: task.argument,
      transfer: [],
      inputs: task.inputs,
      uses: await this.#usesOf(task),
    };
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

  async #usesOf({ id, uses }: TaskMessage): Promise<Record<string, string>> {
    const pairs = Object.entries(uses).map(async ([name, module]) => [name, await this.#moduleOf(id, module)] as const);
    return Object.fromEntries(await Promise.all(pairs));
  }

  /** Where a module is here: a name, or its source, whose hash is checked. */
  async #moduleOf(id: string, module: string): Promise<string> {
    if (!module.startsWith('source:')) return module;
    if (!this.#allowModules) {
      const known = this.#modules.length > 0 ? `, ${this.#modules.join(', ')}` : '';
      throw new EwaldError(
        'Unsupported',
        `task ${id} brings its module as source, and the worker ${this.info.name} runs only what it knows by name (pi, indexing${known}); start it with --allow-modules if you trust whoever submits`,
      );
    }
    let source = this.#sources.get(module);
    if (!source) {
      source = this.#cluster.store.kept(module.slice(7), `the module of task ${id}`).then(dataUrl);
      this.#sources.set(module, source);
      source.catch(() => this.#sources.delete(module));
    }
    return source;
  }

  /** Puts the result where it is looked for, however long the server is away; a second one is refused by the server. */
  async #give(run: string, index: number, result: ResultMessage): Promise<void> {
    const id = `result.${run}.${index}`;
    for (;;) {
      try {
        const bytes = await this.#cluster.store.pack(result, id);
        await this.#cluster.js.publish(this.#cluster.names.result(run, index), bytes, { msgID: id });
        return;
      } catch (error) {
        if (/maximum messages per subject/i.test(messageOf(error))) return;
        if (this.#cluster.connection.isClosed()) throw error;
        await pause(250);
      }
    }
  }

  /** Says what becomes of the connection. */
  async #tell(): Promise<void> {
    for await (const { type } of this.#cluster.connection.status()) {
      if (type === 'disconnect') this.#event('the server is gone; trying to reach it again');
      else if (type === 'reconnect') this.#event('the server is back');
    }
  }
}

const dataUrl = (bytes: Uint8Array): string => {
  let text = '';
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return `data:text/javascript;base64,${btoa(text)}`;
};
