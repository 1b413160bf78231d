/** Workers of one process: tasks go to any worker with capacity; a lost worker is replaced and its task retried. */
import { EwaldError, messageOf } from '../../util/errors.js';
import { Failed, type Lane, type Outcome, type TaskCall } from '../drive.js';
import type { Place } from '../place.js';
import type { TaskSpec } from '../task.js';
import { type Job, Member } from './member.js';
import type { HostStart } from './protocol.js';

/** Options of a pool. */
interface PoolOptions {
  readonly place: Place;
  /** Options of the context of each worker. */
  readonly contexts: readonly HostStart['context'][];
  /** Of a worker's name, before its number. */
  readonly namePrefix: string;
  readonly start: Omit<HostStart, 'worker' | 'context'>;
  readonly source: Parameters<Place['startWorker']>[0];
  /** Bytes that this process uses, and may use; above that, running tasks are lost. Absent for no limit. */
  readonly memory?: { used(): number; most(): number } | undefined;
  /** Fetches a shared value by its hash. */
  fetchShared(hash: string): Promise<unknown>;
}

/** Number of workers, beyond one start of each, that may end in a row before the pool gives up; a finished task ends the row. */
const maxFailures = 3;
/** Maximum number of tasks queued on a worker, so that it does not wait for its next message. */
const maxQueued = 32;
/** A worker's queue is about this long (s), or two tasks, so that no long queue forms after a slow task. */
const queueSeconds = 1e-3;
/** Milliseconds between two looks at the memory. */
const memoryPollMs = 100;
/** Tasks longer than this (s) are assigned one by one, since another worker may be free first. */
const longTaskSeconds = 0.05;

export class Pool implements Lane {
  readonly names: readonly string[];
  readonly window: number;
  readonly #options: PoolOptions;
  /** The members with their context options, which a replacement inherits. */
  readonly #members = new Map<Member, HostStart['context']>();
  readonly #queue: Job[] = [];
  readonly #watching: ReturnType<typeof setInterval> | undefined;
  #ending = false;
  #started = 0;
  #failures = 0;
  #fatal: EwaldError | undefined;
  #closed = false;
  /** Mean duration of the latest tasks in seconds: long at first, so that the first tasks go to different workers. */
  #meanSeconds = 1;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.names = Object.keys(options.start.modules);
    this.window = Math.max(64, options.contexts.length * maxQueued * 2);
    for (const context of options.contexts) this.#addMember(context);
    if (options.memory) this.#watching = setInterval(() => void this.#checkMemory(options.memory), memoryPollMs);
    (this.#watching as { unref?: () => void } | undefined)?.unref?.();
  }

  /** Resolves when every worker has answered. */
  async ready(): Promise<void> {
    await Promise.all([...this.#members.keys()].map((member) => member.ready));
  }

  /** The current number of workers. */
  get size(): number {
    return this.#members.size;
  }

  execute(spec: TaskSpec, call: TaskCall): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const { transfer, ...sent } = spec;
      // Buffers that have been moved cannot be sent again.
      const once = call.retries === 0;
      const stop = (): void => {
        settle();
        const at = this.#queue.indexOf(job);
        if (at >= 0) this.#queue.splice(at, 1);
        job.abandoned = true;
        job.cancel();
        reject(new EwaldError('Aborted', `task ${spec.id} was aborted`));
      };
      const settle = call.onAbort(stop);
      const job: Job = {
        task: sent,
        transfer: once ? transfer : [],
        seconds: call.seconds,
        retries: call.retries,
        lost: 0,
        abandoned: false,
        cancel() {},
        done: (value, seconds, worker) => {
          settle();
          this.#failures = 0;
          this.#meanSeconds += (seconds - this.#meanSeconds) / 8;
          resolve({ value, worker, attempts: job.lost + 1, seconds });
        },
        failed: (error, worker, attempts) => {
          settle();
          reject(new Failed(error, worker, attempts));
        },
      };
      this.#queue.push(job);
      this.#deal();
    });
  }

  /** Closes the files that tasks of runs have left open. */
  closeTaskFiles(): void {
    for (const member of this.#members.keys()) member.closeTaskFiles();
  }

  async dispose(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#watching);
    const members = [...this.#members.keys()];
    this.#members.clear();
    for (const job of this.#queue.splice(0))
      job.failed(new EwaldError('Disposed', `task ${job.task.id} had not begun when its workers were closed`), '', 0);
    await Promise.all(members.map((member) => member.close()));
  }

  /** Ends the workers that run tasks if the process uses too much memory. Which task takes it is not known. */
  async #checkMemory(memory: PoolOptions['memory']): Promise<void> {
    const [used, most] = [memory?.used() ?? 0, memory?.most() ?? 0];
    if (used <= most || this.#ending) return;
    const gigabytes = (bytes: number): string => `${(bytes / 1e9).toPrecision(3)} GB`;
    const busy = [...this.#members.keys()].filter(({ load }) => load > 0);
    const why =
      `the process used ${gigabytes(used)} with ${busy.length} of its tasks running; ` +
      `its maxMemory is ${gigabytes(most)}`;
    // Their memory is free only after they have ended.
    this.#ending = true;
    try {
      await Promise.all(busy.map((member) => member.end(new EwaldError('OutOfMemory', why))));
    } finally {
      this.#ending = false;
    }
  }

  #addMember(context: HostStart['context']): void {
    const name = `${this.#options.namePrefix}${this.#started++}`;
    const member = new Member(
      this.#options.place,
      { ...this.#options.start, context, worker: name },
      this.#options.source,
      {
        onRoom: () => this.#deal(),
        onLost: (lost, running, behind, why) => this.#onLost(lost, running, behind, why),
        onWant: (hash) => this.#options.fetchShared(hash),
      },
    );
    this.#members.set(member, context);
  }

  #onLost(member: Member, running: Job | undefined, behind: readonly Job[], why: EwaldError): void {
    if (!this.#members.has(member)) return;
    const context = this.#members.get(member);
    this.#members.delete(member);
    this.#failures++;
    const again = behind.filter(({ abandoned }) => !abandoned);
    if (running && !running.abandoned && this.#mayRunAgain(running, member, why)) again.unshift(running);
    this.#queue.unshift(...again);
    // A worker that dies from a task is replaced; one that repeatedly fails to start is given up.
    const cannotStart = this.#failures > maxFailures + this.#options.contexts.length && !running;
    if (cannotStart || why.tag === 'Load') this.#fatal = why;
    else if (!this.#closed) this.#addMember(context);
    this.#deal();
  }

  /** Whether a task whose worker was lost is tried again; otherwise it has failed. */
  #mayRunAgain(job: Job, member: Member, why: EwaldError): boolean {
    job.lost++;
    if (job.lost <= job.retries) return true;
    const tries = job.lost === 1 ? 'once' : `${job.lost} times`;
    const tag = why.tag === 'OutOfMemory' ? why.tag : 'Lost';
    const message = `task ${job.task.id} was lost ${tries}; the last time ${why.message}`;
    job.failed(new EwaldError(tag, message, { cause: why }), member.name, job.lost);
    return false;
  }

  #deal(): void {
    if (this.#fatal && this.#members.size === 0) {
      for (const job of this.#queue.splice(0)) job.failed(this.#fatal, '', Math.max(1, job.lost));
      return;
    }
    const least = this.#meanSeconds < longTaskSeconds ? 2 : 1;
    const queueLimit = Math.min(
      maxQueued,
      Math.max(least, Math.round(queueSeconds / Math.max(this.#meanSeconds, 1e-6))),
    );
    while (this.#queue.length > 0) {
      let best: Member | undefined;
      for (const member of this.#members.keys()) {
        if (member.open && member.load < queueLimit && (!best || member.load < best.load)) best = member;
      }
      const job = best && this.#queue.shift();
      if (!best || !job) return;
      try {
        best.give(job);
      } catch (error) {
        const what = `the argument of task ${job.task.id} cannot be sent to a worker: ${messageOf(error)}`;
        job.failed(new EwaldError('Argument', what, { cause: error }), best.name, job.lost + 1);
      }
    }
  }
}
