/**
 * A worker of a cluster: it holds tasks of several runs, runs as many as it has slots, and repeats each second what it
 * holds.
 */
import type { Observer } from '../../util/callbacks.js';
import { EwaldError, messageOf, plainError } from '../../util/errors.js';
import { decode, encode } from '../codec.js';
import { Failed } from '../drive.js';
import type { WorkerInfo, WorkerState } from '../executor.js';
import { build } from '../identity.js';
import type { TaskSpec } from '../task.js';
import type { Pool } from '../workers/pool.js';
import { admitModule, admitTask, buildOf, escapeForLog } from './admit.js';
import type { Cluster } from './cluster.js';
import { beatMs, silentMs } from './leases.js';
import { inbox, pause } from './link.js';
import type { ResultMessage, TaskMessage } from './messages.js';
import { newName } from './submit.js';
import { type Beacon, type Give, type Parcel, type RunNeeds, readBeacon, readGive } from './wire.js';
import { WorkerRun } from './worker-run.js';

/** Milliseconds in which a client must answer a probe. */
const probeMs = 2 * beatMs;
/** Tasks are held ahead for this many seconds, at least a quarter of the slots. */
const aheadSeconds = 0.25;
const maxAhead = 512;
/** Milliseconds that a leaving worker waits for its last results to be acknowledged. */
const leaveMs = 10_000;
/** Maximum fraction of its lifetime by which a worker leaves early, so that workers do not leave together. */
const staggered = 0.1;
/** Longest time of a timer; one of more fires at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Options of a joined worker. */
interface JoinedParts {
  readonly cluster: Cluster;
  readonly pool: Pool;
  readonly info: WorkerInfo;
  /** Bytes that this process uses, and may use; undefined where that is unknown. */
  readonly memory?: { used(): number; most(): number } | undefined;
  /** Seconds until it leaves; undefined: never. */
  readonly lifetimeS?: number | undefined;
  /** Seconds of absence after which a client is considered dead. */
  readonly clientTimeoutS: number;
  /** Receives one line for each event; what it throws ends the worker. */
  readonly event: Observer<[event: string]>;
}

export class Joined {
  readonly info: WorkerInfo;
  readonly left: Promise<void>;
  readonly #cluster: Cluster;
  readonly #pool: Pool;
  readonly #event: Observer<[event: string]>;
  readonly #clientTimeoutS: number;
  readonly #memory: JoinedParts['memory'];
  readonly #id = newName();
  readonly #runs = new Map<string, WorkerRun>();
  readonly #sources = new Map<string, Promise<string>>();
  #running = 0;
  /** Mean duration of the latest tasks in seconds. */
  #mean = 1;
  #checked = Date.now();
  #leaving = false;
  #done = 0;
  #failedTasks = 0;
  #depart = (): void => {};
  /** The permission that the server refused, without which no worker works. */
  #denied: EwaldError | undefined;

  constructor({ cluster, pool, info, memory, lifetimeS, clientTimeoutS, event }: JoinedParts) {
    this.#memory = memory;
    this.info = info;
    this.#cluster = cluster;
    this.#pool = pool;
    this.#event = event;
    this.#clientTimeoutS = clientTimeoutS;
    this.left = this.#work();
    this.left.catch(() => {});
    if (lifetimeS !== undefined) this.#leaveAfter(lifetimeS);
  }

  /** Leaves at a random time in the last tenth, so that workers that were started together do not leave together. */
  #leaveAfter(seconds: number): void {
    const milliseconds = 1000 * seconds * (1 - staggered * Math.random());
    let timer: ReturnType<typeof setTimeout>;
    const wait = (rest: number): void => {
      timer = setTimeout(
        () => {
          if (rest > longestTimerMs) return wait(rest - longestTimerMs);
          this.#report(`leaves after its lifetime of ${seconds} s`);
          this.leave().catch(() => {});
        },
        Math.min(rest, longestTimerMs),
      );
    };
    wait(milliseconds);
    this.left.catch(() => {}).then(() => clearTimeout(timer));
  }

  /** Waits until the server has taken its subscriptions. Throws `Argument` for a permission that it lacks. */
  async joined(): Promise<void> {
    const { link, subjects } = this.#cluster;
    const subscribe = [subjects.ping, subjects.worker(this.#id), subjects.runs];
    await link.permitted({ publish: [subjects.who], subscribe });
  }

  async leave(): Promise<void> {
    this.#leaving = true;
    this.#depart();
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
    const { link, subjects, url } = this.#cluster;
    const { connection } = link;
    const leaving = new Promise<void>((resolve) => {
      this.#depart = resolve;
    });
    this.#hear(subjects.ping, (_, reply = '') => {
      if (!inbox.test(reply)) throw new EwaldError('Format', 'it names no inbox for the reply');
      link.publish(reply, encode({ ...this.info, now: this.now }));
    });
    this.#hear(subjects.worker(this.#id), (data, reply) => this.#take(data, reply));
    this.#hear(subjects.runs, (data) => this.#hearRun(readBeacon(data)));
    const forget = link.onChange((back) => this.#onChange(back));
    // Without this one, it only does not know how many workers there are.
    const forgetDenied = link.onDenied(({ operation, subject, error }) => {
      if (operation === 'publish' && subject === subjects.ping) return;
      this.#denied ??= error;
      this.#leaving = true;
      this.#depart();
    });
    const heartbeat = setInterval(() => this.#tick(), beatMs);
    // Clients answer with their beacons.
    link.publish(subjects.who);
    const closed = connection.closed();
    try {
      await Promise.race([leaving, closed]);
      if (!connection.isClosed() && !this.#denied) await this.#finish();
    } finally {
      clearInterval(heartbeat);
      forget();
      forgetDenied();
      for (const run of this.#runs.values()) run.end();
      await this.#pool.dispose();
      if (link.usable) await connection.drain().catch(() => {});
      else await connection.close().catch(() => {});
    }
    if (this.#event.failure) throw this.#event.failure;
    if (this.#denied) throw this.#denied;
    const error = await closed;
    if (!this.#leaving)
      throw new EwaldError('Lost', `the NATS server at ${url} has closed the connection: ${messageOf(error)}`);
  }

  /** Returns what has not started, finishes what runs, and waits until its results have arrived. */
  async #finish(): Promise<void> {
    for (const run of this.#runs.values()) run.hand();
    this.#beatAll();
    const runs = (): WorkerRun[] => [...this.#runs.values()];
    while (this.#running > 0 && !this.#cluster.link.connection.isClosed()) await pause(20);
    const until = Date.now() + leaveMs;
    while (runs().some(({ reported }) => !reported) && Date.now() < until) await pause(20);
    for (const run of runs()) run.end();
    this.#beatAll();
    this.#runs.clear();
  }

  /** Logs a message that cannot be used. */
  #hear(subject: string, use: (data: Uint8Array, reply: string | undefined) => void): void {
    this.#cluster.link.hear(subject, use, (thrown) =>
      this.#report(`ignored a message to ${subject}: ${escapeForLog(messageOf(thrown))}`),
    );
  }

  #onChange(back: boolean): void {
    // After an outage of the server clients need time to reconnect.
    for (const run of this.#runs.values()) run.heard = Date.now();
    this.#report(back ? 'the server is back' : 'the server is gone; trying to reach it again');
    if (!back) return;
    this.#cluster.link.publish(this.#cluster.subjects.who);
    for (const run of this.#runs.values()) run.repeat(true);
    this.#beatAll();
  }

  /** A client states what its run is like. */
  #hearRun(beacon: Beacon): void {
    const known = this.#runs.get(beacon.run);
    if (beacon.over) {
      if (known) this.#forget(known);
      return;
    }
    if (beacon.build !== build || !this.#has(beacon.needs) || (this.#leaving && !known)) return;
    const { link, values, subjects } = this.#cluster;
    const parts = {
      name: beacon.run,
      worker: this.#id,
      link,
      values,
      subject: subjects.run(beacon.run),
      target: (latest: Beacon) => this.#target(latest),
    };
    const run = known ?? new WorkerRun(parts, beacon);
    const { epoch } = run.beacon;
    run.beacon = beacon;
    run.heard = Date.now();
    if (!known) this.#runs.set(beacon.run, run);
    // The client has reconnected and may have missed reports.
    if (epoch !== beacon.epoch) run.repeat(true);
    if (!known || epoch !== beacon.epoch) this.#heartbeat(run);
    for (const run of this.#runs.values()) if (run.stated !== this.#target(run.beacon)) this.#heartbeat(run);
  }

  /** Whether this worker has what a run needs. */
  #has({ gpu, memory }: RunNeeds): boolean {
    const { backends } = this.info;
    const hasGpu = backends.some(({ backend, chosen }) => chosen && backend !== 'wasm' && backend !== 'native');
    return (!gpu || hasGpu) && memory <= (this.#memory?.most() ?? Number.POSITIVE_INFINITY);
  }

  /** The present state, which `ewald cluster` shows. */
  get now(): WorkerState {
    let [waiting, running] = [0, 0];
    for (const run of this.#runs.values()) {
      waiting += run.backlog.length + run.preparing.size;
      running += run.running.size;
    }
    const memory = this.#memory?.used();
    return {
      running,
      waiting,
      done: this.#done,
      failed: this.#failedTasks,
      taskSeconds: this.#mean,
      runs: this.#runs.size,
      leaving: this.#leaving,
      ...(memory !== undefined && { memory }),
    };
  }

  /** Number of tasks of a run to hold: its share of the slots, and a few ahead, so that no slot waits. */
  #target(of: Beacon): number {
    if (this.#leaving) return 0;
    let weights = 0;
    for (const { beacon, backlog } of this.#runs.values())
      if (beacon.waiting > 0 || backlog.length > 0 || beacon.run === of.run) weights += beacon.weight;
    const { slots } = this.info;
    const ahead = Math.max(slots / 4, (slots * aheadSeconds) / this.#mean);
    return Math.ceil((slots * of.weight) / Math.max(of.weight, weights)) + Math.ceil(Math.min(maxAhead, ahead));
  }

  #heartbeat(run: WorkerRun): void {
    const { slots, modules = [], allowModules = false } = this.info;
    run.stated = this.#target(run.beacon);
    const said = { worker: this.#id, slots, target: run.stated, leaving: this.#leaving, modules, allowModules };
    const { link, subjects } = this.#cluster;
    link.publish(subjects.run(run.name), encode({ ...said, held: Float64Array.from(run.held()) }));
  }

  #beatAll(): void {
    for (const run of this.#runs.values()) this.#heartbeat(run);
  }

  #tick(): void {
    const now = Date.now();
    // This process itself stood still: it cannot know which client was silent.
    const stood = now - this.#checked > 2 * beatMs;
    this.#checked = now;
    if (!this.#cluster.link.usable) return;
    for (const run of this.#runs.values()) {
      if (stood) run.heard = now;
      if (now - run.heard > silentMs) void this.#probe(run);
      run.repeat(false);
      this.#heartbeat(run);
    }
  }

  /** Probes a silent client. The server itself answers if it is gone, so a busy one is not mistaken for dead. */
  async #probe(run: WorkerRun): Promise<void> {
    if (run.probing) return;
    run.probing = true;
    const { link, subjects } = this.#cluster;
    const answer = await link.ask(subjects.run(run.name), undefined, probeMs);
    run.probing = false;
    if (answer !== 'absent') {
      run.heard = Date.now();
      return;
    }
    if (Date.now() - run.heard <= 1000 * this.#clientTimeoutS || run.over) return;
    this.#report(`dropped the tasks of run ${run.name}: its client has been gone for ${this.#clientTimeoutS} s`);
    this.#forget(run);
  }

  /** A run has ended, or its client has. */
  #forget(run: WorkerRun): void {
    run.end();
    this.#runs.delete(run.name);
    this.#pool.closeTaskFiles();
    this.#pump();
  }

  /** Takes what a client gives, or answers that this worker is there. */
  #take(data: Uint8Array, reply: string | undefined): void {
    if (reply !== undefined) {
      if (!inbox.test(reply)) throw new EwaldError('Format', 'it names no inbox for the reply');
      this.#cluster.link.publish(reply);
      return;
    }
    const give: Give = readGive(data);
    const run = this.#runs.get(give.run);
    // The run has ended here.
    if (!run) return;
    run.heard = Date.now();
    run.acknowledge(give.acks);
    for (const index of give.cancel) run.cancel(index);
    const held = new Set(run.held());
    for (const parcel of give.tasks) {
      if (this.#leaving || held.has(parcel.index)) continue;
      held.add(parcel.index);
      run.preparing.add(parcel.index);
      void this.#prepare(run, parcel);
    }
    this.#pump();
  }

  /** Makes a task ready to start, with its argument and its modules; the result of a refused one is its error. */
  async #prepare(run: WorkerRun, { index, content }: Parcel): Promise<void> {
    const wanted = (): boolean => run.preparing.has(index) && !run.over;
    try {
      const what = `task ${index} of run ${run.name}`;
      const { values } = this.#cluster;
      const bytes = typeof content === 'string' ? await values.fetch(content, what, wanted) : content;
      const given = decode(bytes);
      const theirs = buildOf(given);
      if (theirs !== build)
        throw new EwaldError(
          'Unsupported',
          `the task belongs to build ${escapeForLog(theirs)}, this worker to ${build}`,
        );
      const task = admitTask(given, { run: run.name, index });
      const spec = await this.#specOf(task);
      if (!wanted()) return;
      run.preparing.delete(index);
      run.backlog.push({ index, start: () => void this.#start(run, task, spec) });
    } catch (error) {
      if (!wanted()) return;
      run.preparing.delete(index);
      run.running.set(index, () => {});
      this.#report(`refused a task (run ${run.name}, index ${index}): ${escapeForLog(messageOf(error))}`);
      await run.finish(index, encode(this.#failed(error))).catch(() => {});
    }
    this.#pump();
  }

  #failed(error: unknown, worker = this.info.name, attempts = 1): ResultMessage {
    return { value: undefined, error: plainError(error), worker, attempts, seconds: 0 };
  }

  /** Starts tasks while there are slots, of the run with the fewest running tasks for its weight. */
  #pump(): void {
    while (this.#running < this.info.slots) {
      let best: WorkerRun | undefined;
      for (const run of this.#runs.values()) {
        // A client that is slow to acknowledge results gets no more of them for now.
        if (run.backlog.length === 0 || run.unacknowledged > run.beacon.room) continue;
        if (!best || run.running.size / run.beacon.weight < best.running.size / best.beacon.weight) best = run;
      }
      const ready = best?.backlog.shift();
      if (!ready) return;
      ready.start();
    }
  }

  async #start(run: WorkerRun, task: TaskMessage, spec: TaskSpec): Promise<void> {
    const listeners = new Set<() => void>();
    let aborted = false;
    run.running.set(task.index, () => {
      aborted = true;
      for (const listener of [...listeners]) listener();
    });
    this.#running++;
    let result: ResultMessage;
    try {
      const outcome = await this.#pool.execute(spec, {
        index: task.index,
        signal: new AbortController().signal,
        onAbort: (listener) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
        retries: task.retries,
        seconds: task.seconds,
      });
      result = { ...outcome, error: undefined };
      this.#done++;
      this.#mean += (Math.max(1e-6, outcome.seconds) - this.#mean) / 8;
    } catch (error) {
      if (!aborted) this.#failedTasks++;
      result = error instanceof Failed ? this.#failed(error.error, error.worker, error.attempts) : this.#failed(error);
    }
    this.#running--;
    if (aborted || run.over) run.running.delete(task.index);
    else await this.#finished(run, task.index, result);
    this.#pump();
  }

  /** Reports a result, or why it cannot be sent. */
  async #finished(run: WorkerRun, index: number, result: ResultMessage): Promise<void> {
    try {
      await run.finish(index, encode(result));
    } catch (error) {
      await run.finish(index, encode(this.#failed(error, result.worker))).catch(() => {});
    }
  }

  /** What a task runs; throws if it names modules that are not available here. */
  async #specOf(task: TaskMessage): Promise<TaskSpec> {
    const uses = Object.entries(task.uses).map(async ([name, one]) => [name, await this.#moduleOf(task, one)] as const);
    return {
      id: task.id,
      module: await this.#moduleOf(task, task.module),
      function: task.function,
      argument: task.argument,
      transfer: [],
      inputs: task.inputs,
      uses: Object.fromEntries(await Promise.all(uses)),
    };
  }

  /** The module to import: a name, or source that is verified by its hash. */
  async #moduleOf({ id }: TaskMessage, module: string): Promise<string> {
    const admitted = admitModule(module, this.info);
    if ('name' in admitted) return admitted.name;
    const { hash } = admitted;
    let source = this.#sources.get(hash);
    if (!source) {
      source = this.#cluster.values.fetch(hash, `the module of task ${id}`).then(dataUrl);
      this.#sources.set(hash, source);
      source.catch(() => this.#sources.delete(hash));
    }
    return source;
  }
}

const dataUrl = (bytes: Uint8Array): string => {
  let text = '';
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return `data:text/javascript;base64,${btoa(text)}`;
};
