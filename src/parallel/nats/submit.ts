/** The submitting side: keeps the leases of its run, gives tasks to workers, and takes the first result of each. */
import type { Observer } from '../../util/callbacks.js';
import { EwaldError, errorFromPlain, isEwaldError, messageOf } from '../../util/errors.js';
import { decode, encode } from '../codec.js';
import { Failed, type Lane, type Outcome, type TaskCall } from '../drive.js';
import { build, identity } from '../identity.js';
import type { Place } from '../place.js';
import { isRegistered } from '../registered.js';
import type { TaskSpec } from '../task.js';
import { admitResult, runsModule } from './admit.js';
import type { Cluster } from './cluster.js';
import { beatMs, Leases } from './leases.js';
import { inbox } from './link.js';
import type { TaskMessage } from './messages.js';
import { type Beacon, type Parcel, type Report, type RunNeeds, readFromWorker } from './wire.js';

/** How a run is treated: its time limits in seconds, its share of the slots, and what its workers must have. */
interface Terms {
  /** Seconds without any worker. */
  readonly workerTimeoutS: number;
  /** Seconds without the server. */
  readonly serverTimeoutS: number;
  readonly weight: number;
  readonly needs: RunNeeds;
  /** Receives what a run waits for, if it is not its tasks. */
  readonly event: Observer<[event: string]>;
}

interface Waiting {
  readonly spec: TaskSpec;
  readonly call: TaskCall;
  /** What workers are given; undefined while it is made. */
  content: Parcel['content'] | undefined;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
}

/** Bytes of results that workers together may have sent without an acknowledgement, and the least share of each. */
const resultBytes = 2 ** 25;
const minRoom = 2 ** 16;
const probeMs = 2 * beatMs;
/** Least milliseconds between two messages to a worker. */
const turnMs = 5;
/** Milliseconds without a worker after which a run says so: those that are there need a second to be heard. */
const aloneMs = 2500;
/** Milliseconds for the last message of a run to leave this process. */
const endMs = 2000;

/** A new name for a run or a worker. */
export const newName = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => (byte % 36).toString(36)).join('');

/** The workers that work for a run, in words. */
function describeNeeds({ gpu, memory }: RunNeeds): string {
  const more = [...(gpu ? ['a GPU'] : []), ...(memory > 0 ? [`${(memory / 1e9).toPrecision(3)} GB of memory`] : [])];
  return more.length === 0 ? identity : `${identity} with ${more.join(' and ')}`;
}

/** A run on a cluster. */
export class NatsLane implements Lane {
  readonly window: number;
  readonly names: readonly string[];
  readonly #cluster: Cluster;
  readonly #place: Place;
  readonly #terms: Terms;
  readonly #run = newName();
  readonly #leases = new Leases(Date.now(), runsModule);
  readonly #waiting = new Map<number, Waiting>();
  readonly #sources = new Map<string, Promise<string>>();
  /** Numbers of reports to acknowledge, by worker. */
  readonly #acks = new Map<string, number[]>();
  readonly #probed = new Set<string>();
  /** Ends what `#listen` began; undefined before the first task. */
  #stop: (() => void) | undefined;
  /** Ends the run, whose tasks may all be finished. */
  #failRun = (_: unknown): void => {};
  #turn: ReturnType<typeof setTimeout> | undefined;
  /** When workers were last sent a message. */
  #turned = 0;
  #epoch = 0;
  #over = false;
  /** Whether it was said that there is no worker, until one has come. */
  #saidAlone = false;
  #done = 0;

  constructor(cluster: Cluster, place: Place, names: readonly string[], terms: Terms, slots: number) {
    this.#cluster = cluster;
    this.#place = place;
    this.names = names;
    this.#terms = terms;
    this.window = Math.min(65_536, Math.max(1024, 4 * slots));
  }

  begin(fail: (error: unknown) => void): void {
    this.#failRun = fail;
  }

  execute(spec: TaskSpec, call: TaskCall): Promise<Outcome> {
    this.#stop ??= this.#listen();
    const { index } = call;
    return new Promise((resolve, reject) => {
      const forget = call.onAbort(() => {
        this.#leases.end(index, Date.now());
        waiting.reject(new EwaldError('Aborted', `task ${spec.id} was aborted`));
        this.#soon();
      });
      const settle =
        <T>(next: (value: T) => void) =>
        (value: T) => {
          forget();
          this.#waiting.delete(index);
          if (typeof waiting.content === 'string') this.#cluster.values.drop(waiting.content);
          next(value);
        };
      const waiting: Waiting = { spec, call, content: undefined, resolve: settle(resolve), reject: settle(reject) };
      this.#waiting.set(index, waiting);
      this.#submit(waiting).catch(waiting.reject);
    });
  }

  async end(): Promise<void> {
    this.#over = true;
    if (!this.#stop) return;
    this.#stop();
    const { link, values } = this.#cluster;
    for (const source of this.#sources.values())
      source.then((module) => values.drop(module.slice('source:'.length))).catch(() => {});
    this.#beacon();
    if (!link.usable) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, endMs);
    });
    await Promise.race([link.connection.flush().catch(() => {}), late]);
    // A running timer would keep the process alive.
    clearTimeout(timer);
  }

  /** Listens to workers; returns what ends it. */
  #listen(): () => void {
    const { link, subjects } = this.#cluster;
    const run = link.hear(subjects.run(this.#run), (data, reply) => this.#hear(data, reply));
    const who = link.hear(subjects.who, () => this.#beacon());
    const forget = link.onChange((back) => {
      if (!back) return;
      this.#epoch++;
      this.#leases.resume(Date.now());
      this.#beacon();
    });
    const forgetDenied = link.onDenied(({ subject, error }) => {
      if (subject === subjects.ping) return;
      this.#fail(error);
      this.#failRun(error);
    });
    link.connection.closed().then((error) => this.#over || this.#fail(this.#closed(error)));
    const beacon = setInterval(() => this.#beacon(), beatMs);
    const check = setInterval(() => this.#check(), beatMs / 2);
    for (const timer of [beacon, check]) (timer as { unref?: () => void }).unref?.();
    this.#beacon();
    return () => {
      clearInterval(beacon);
      clearInterval(check);
      clearTimeout(this.#turn);
      forget();
      forgetDenied();
      if (link.connection.isClosed()) return;
      run.unsubscribe();
      who.unsubscribe();
    };
  }

  /** What the run waits for, in words. */
  get #waits(): string {
    const { waiting, workers, open } = this.#leases;
    if (open === 0) return 'its client, which reads or makes tasks';
    if (workers === 0) return `a worker of ${describeNeeds(this.#terms.needs)}`;
    const unable = this.#leases.unable();
    if (unable) return `a worker that has ${unable.join(', ')}`;
    return waiting > 0 ? 'free slots' : 'running tasks';
  }

  #beacon(): void {
    const { link, subjects } = this.#cluster;
    const room = Math.max(minRoom, Math.floor(resultBytes / Math.max(1, this.#leases.workers)));
    const { waiting, open } = this.#leases;
    const { weight, needs } = this.#terms;
    const beacon: Beacon = {
      run: this.#run,
      build,
      over: this.#over,
      epoch: this.#epoch,
      waiting,
      room,
      weight,
      needs,
      client: `${this.#place.host} ${this.#place.processName}`,
      held: open - waiting,
      done: this.#done,
      waits: this.#waits,
    };
    link.publish(subjects.runs, encode(beacon));
  }

  async #submit(waiting: Waiting): Promise<void> {
    const { spec } = waiting;
    const { index, retries, seconds } = waiting.call;
    const named = this.#moduleOf(spec.module);
    // A promise for each task would cost as much as all else.
    const module = typeof named === 'string' ? named : await named;
    const uses: Record<string, string> = {};
    for (const [name, one] of Object.entries(spec.uses)) uses[name] = await this.#moduleOf(one);
    const { id, function: name, argument, inputs } = spec;
    const message: TaskMessage = {
      build,
      run: this.#run,
      index,
      id,
      module,
      function: name,
      argument,
      inputs,
      uses,
      retries,
      seconds,
    };
    const bytes = encode(message);
    const { values } = this.#cluster;
    const content = bytes.byteLength > values.largestParcel ? await values.keep(bytes) : bytes;
    if (this.#waiting.get(index) !== waiting) {
      if (typeof content === 'string') values.drop(content);
      return;
    }
    waiting.content = content;
    this.#leases.add(index, [...new Set([module, ...Object.values(uses)])], retries);
    this.#soon();
  }

  /** A registered name, or the hash of the module's source, which workers fetch. */
  #moduleOf(module: string): string | Promise<string> {
    if (isRegistered(module) || this.names.includes(module)) return module;
    let source = this.#sources.get(module);
    if (!source) {
      source = this.#place
        .readBytes({ url: module })
        .then(async (bytes) => `source:${await this.#cluster.values.keep(bytes)}`);
      this.#sources.set(module, source);
    }
    return source;
  }

  /** Handles a message of a worker; anything else is ignored. */
  #hear(data: Uint8Array, reply: string | undefined): void {
    if (reply !== undefined) {
      if (inbox.test(reply)) this.#cluster.link.publish(reply);
      return;
    }
    const message = readFromWorker(data);
    if ('cancel' in message)
      this.#failRun(new EwaldError('Aborted', `the run was cancelled by ewald cluster on ${message.cancel}`));
    else if ('beat' in message) this.#leases.beat(message.beat, Date.now());
    else this.#take(message.report).catch((error) => this.#fail(error));
    this.#soon();
  }

  /** Takes the results of a report, and acknowledges it when all of them are here. */
  async #take({ worker, number, target, results }: Report): Promise<void> {
    this.#leases.heard(worker, Date.now(), target);
    const fetching: Promise<void>[] = [];
    for (const { index, content } of results) {
      // It is a repeated report, or another worker was first.
      if (!this.#leases.has(index)) this.#leases.end(index, Date.now(), worker);
      else if (typeof content === 'string') fetching.push(this.#fetch(index, worker, content));
      else this.#finish(index, worker, content);
    }
    if (fetching.length > 0) await Promise.all(fetching);
    const acks = this.#acks.get(worker);
    if (acks) acks.push(number);
    else this.#acks.set(worker, [number]);
    this.#soon();
  }

  async #fetch(index: number, worker: string, hash: string): Promise<void> {
    try {
      const what = `the result of task ${this.#waiting.get(index)?.spec.id}`;
      const bytes = await this.#cluster.values.fetch(hash, what, () => !this.#over && this.#leases.has(index));
      this.#finish(index, worker, bytes);
    } catch (error) {
      if (isEwaldError(error, 'Lost') || isEwaldError(error, 'Aborted')) this.#leases.back(worker, index);
      else this.#waiting.get(index)?.reject(error);
    }
  }

  #finish(index: number, worker: string, bytes: Uint8Array): void {
    const lost = this.#leases.lostWith(index);
    const waiting = this.#waiting.get(index);
    if (!this.#leases.end(index, Date.now(), worker) || !waiting) return;
    this.#done++;
    try {
      const { value, error, worker: name, attempts: tried, seconds } = admitResult(decode(bytes));
      const attempts = Math.max(tried, lost + 1);
      if (error) waiting.reject(new Failed(errorFromPlain(error), name, attempts));
      else waiting.resolve({ value, worker: name, attempts, seconds });
    } catch (error) {
      waiting.reject(error);
    }
  }

  /**
   * Sends what there is to say to workers once all that has arrived together was read: at once, or `turnMs` after the
   * last time, so that a busy client answers several workers together. They hold tasks ahead for much longer.
   */
  #soon(): void {
    this.#turn ??= setTimeout(
      () => {
        this.#turn = undefined;
        this.#turned = Date.now();
        this.#give();
      },
      Math.min(turnMs, Math.max(0, this.#turned + turnMs - Date.now())),
    );
  }

  #give(): void {
    const { link, values } = this.#cluster;
    if (!link.usable || this.#over) return;
    const orders = this.#leases.orders(Date.now());
    for (const worker of new Set([...orders.keys(), ...this.#acks.keys()])) {
      const { tasks = [], cancel = [] } = orders.get(worker) ?? {};
      let give = { acks: this.#acks.get(worker) ?? [], cancel, tasks: [] as Parcel[] };
      let size = 0;
      const send = (): void => {
        const { acks, cancel, tasks } = give;
        const lists = { acks: Float64Array.from(acks), cancel: Float64Array.from(cancel) };
        link.publish(this.#cluster.subjects.worker(worker), encode({ run: this.#run, ...lists, tasks }));
        give = { acks: [], cancel: [], tasks: [] };
        size = 0;
      };
      for (const index of tasks) {
        const content = this.#waiting.get(index)?.content;
        if (content === undefined) continue;
        if (size + content.length > values.largestParcel) send();
        give.tasks.push({ index, content });
        size += content.length;
      }
      send();
    }
    this.#acks.clear();
  }

  #check(): void {
    const { link, url } = this.#cluster;
    const { serverTimeoutS, workerTimeoutS } = this.#terms;
    if (link.away !== undefined) {
      if (Date.now() - link.away > 1000 * serverTimeoutS)
        this.#fail(new EwaldError('Lost', `the NATS server at ${url} has not answered for ${serverTimeoutS} s`));
      return;
    }
    const { silent, alone } = this.#leases.check(Date.now());
    for (const worker of silent) void this.#probe(worker);
    if (alone > 1000 * workerTimeoutS) void this.#failAlone();
    if (alone > aloneMs && !this.#saidAlone) this.#sayAlone();
    if (alone === 0) this.#saidAlone = false;
    this.#soon();
  }

  /** Asks whether a silent worker is connected, which the server itself knows. */
  async #probe(worker: string): Promise<void> {
    if (this.#probed.has(worker)) return;
    this.#probed.add(worker);
    const answer = await this.#cluster.link.ask(this.#cluster.subjects.worker(worker), undefined, probeMs);
    this.#probed.delete(worker);
    if (answer === 'absent') {
      for (const index of this.#leases.gone(worker)) {
        const waiting = this.#waiting.get(index);
        const tries = 1 + (waiting?.call.retries ?? 0);
        const what = `task ${waiting?.spec.id} was given to ${tries} workers, and each was lost with it`;
        waiting?.reject(new Failed(new EwaldError('Lost', what), '', tries));
      }
      this.#soon();
    } else if (answer !== 'silent') this.#leases.heard(worker, Date.now());
  }

  #sayAlone(): void {
    this.#saidAlone = true;
    try {
      this.#terms.event(
        `waiting for ${this.#waits} on ${this.#cluster.url}, for ${this.#terms.workerTimeoutS} s; start one with ewald ` +
          `worker --connect ${this.#cluster.url}`,
      );
    } catch (error) {
      this.#failRun(error);
    }
  }

  async #failAlone(): Promise<void> {
    const { url } = this.#cluster;
    const { needs, workerTimeoutS } = this.#terms;
    const others = await this.#cluster.workers().catch(() => []);
    const builds = new Set(others.map(({ version, build }) => `ewald ${version}, build ${build}`));
    const there = builds.size > 0 ? ` (there are workers of ${[...builds].join(' and of ')})` : '';
    this.#fail(
      new EwaldError(
        'Lost',
        `no worker of ${describeNeeds(needs)} has been on the cluster at ${url} for ${workerTimeoutS} s${there}; ` +
          `start one with ewald worker --connect ${url}`,
      ),
    );
  }

  #closed(error: unknown): EwaldError {
    const what = `the connection to the NATS server at ${this.#cluster.url} was closed permanently`;
    return new EwaldError('Lost', error ? `${what} (${messageOf(error)})` : what, { cause: error });
  }

  #fail(error: unknown): void {
    for (const waiting of [...this.#waiting.values()]) waiting.reject(error);
  }
}
