/** Workers of one process: tasks go to any worker with capacity; a lost worker is replaced and its task retried. */
import { EwaldError } from '../../util/errors.js';
import { Failed, type Lane, type Outcome, type TaskCall } from '../drive.js';
import type { Place } from '../place.js';
import type { TaskSpec } from '../task.js';
import { type Job, Member } from './member.js';
import type { HostStart } from './protocol.js';

/** Options of a pool. */
interface PoolParts {
  readonly place: Place;
  /** Options of the context of each worker. */
  readonly contexts: readonly HostStart['context'][];
  readonly names: string;
  readonly start: Omit<HostStart, 'worker' | 'context'>;
  readonly source: Parameters<Place['startWorker']>[0];
  /** Bytes that this process uses, and may use; above that, running tasks are lost. Absent for no limit. */
  readonly memory?: { used(): number; most(): number } | undefined;
  /** Fetches a shared value by its hash. */
  fetchShared(hash: string): Promise<unknown>;
}

/** Number of consecutive failed starts after which the pool gives up. */
const maxFailures = 3;
/** Maximum number of tasks queued on a worker, so that it does not wait for its next message. */
const maxHeld = 32;
/** A worker's queue is about this long (s), or two tasks, so that no long queue forms after a slow task. */
const heldSeconds = 1e-3;
/** Milliseconds between two looks at the memory. */
const memoryPause = 100;
/** Tasks longer than this (s) are assigned one by one, since another worker may be free first. */
const longTask = 0.05;

export class Pool implements Lane {
  readonly names: readonly string[];
  readonly window: number;
  readonly #parts: PoolParts;
  /** The members with their context options, which a replacement inherits. */
  readonly #members = new Map<Member, HostStart['context']>();
  readonly #queue: Job[] = [];
  readonly #closing: Promise<void>[] = [];
  readonly #watching: ReturnType<typeof setInterval> | undefined;
  #ending = false;
  #started = 0;
  #failures = 0;
  #fatal: EwaldError | undefined;
  #closed = false;
  /** Mean duration of the latest tasks in seconds. */
  #mean = 1;

  constructor(parts: PoolParts) {
    this.#parts = parts;
    this.names = Object.keys(parts.start.modules);
    this.window = Math.max(64, parts.contexts.length * maxHeld * 2);
    for (const context of parts.contexts) this.#start(context);
    if (parts.memory) this.#watching = setInterval(() => void this.#watch(parts.memory), memoryPause);
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
        done: (value, seconds, { name }) => {
          settle();
          this.#failures = 0;
          this.#mean += (seconds - this.#mean) / 8;
          resolve({ value, worker: name, attempts: job.lost + 1, seconds });
        },
        failed: (error, { name }) => {
          settle();
          reject(new Failed(error, name, Math.max(1, job.lost)));
        },
      };
      this.#queue.push(job);
      this.#deal();
    });
  }

  /** Closes the files that tasks of runs have left open. */
  rest(): void {
    for (const member of this.#members.keys()) member.rest();
  }

  async dispose(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#watching);
    const members = [...this.#members.keys()];
    this.#members.clear();
    await Promise.all([...this.#closing, ...members.map((member) => member.close())]);
  }

  /** Ends the workers that run tasks if the process uses too much memory. Which task takes it is not known. */
  async #watch(memory: PoolParts['memory']): Promise<void> {
    const [used, most] = [memory?.used() ?? 0, memory?.most() ?? 0];
    if (used <= most || this.#ending) return;
    const gigabytes = (bytes: number): string => `${(bytes / 1e9).toPrecision(3)} GB`;
    const busy = [...this.#members.keys()].filter(({ load }) => load > 0);
    const why =
      `the process used ${gigabytes(used)} with ${busy.length} of its tasks running; ` +
      `its maxMemory is ${gigabytes(most)}`;
    // Their memory is free only after they have ended.
    this.#ending = true;
    await Promise.all(busy.map((member) => member.end(new EwaldError('OutOfMemory', why))));
    this.#ending = false;
  }

  #start(context: HostStart['context']): void {
    const name = `${this.#parts.names}${this.#started++}`;
    const member = new Member(this.#parts.place, { ...this.#parts.start, context, worker: name }, this.#parts.source, {
      onRoom: () => this.#deal(),
      onLost: (lost, running, behind, why) => this.#onLost(lost, running, behind, why),
      onWant: (hash) => this.#parts.fetchShared(hash),
    });
    this.#members.set(member, context);
  }

  #onLost(member: Member, running: Job | undefined, behind: readonly Job[], why: EwaldError): void {
    if (!this.#members.has(member)) return;
    const context = this.#members.get(member);
    this.#members.delete(member);
    this.#failures++;
    const again = behind.filter(({ abandoned }) => !abandoned);
    if (running && !running.abandoned) {
      running.lost++;
      if (running.lost > running.retries) {
        const tries = running.lost === 1 ? 'once' : `${running.lost} times`;
        running.failed(
          new EwaldError(
            why.tag === 'OutOfMemory' ? why.tag : 'Lost',
            `task ${running.task.id} was lost ${tries}; the last time ${why.message}`,
            {
              cause: why,
            },
          ),
          member,
        );
      } else again.unshift(running);
    }
    this.#queue.unshift(...again);
    // A worker that dies from a task is replaced; one that repeatedly fails to start is given up.
    const unable = this.#failures > maxFailures + this.#parts.contexts.length && !running;
    if (unable || why.tag === 'Load') this.#fatal = why;
    else if (!this.#closed) this.#start(context);
    this.#deal();
  }

  #deal(): void {
    if (this.#fatal && this.#members.size === 0) {
      for (const job of this.#queue.splice(0)) job.failed(this.#fatal, { name: '' } as Member);
      return;
    }
    const least = this.#mean < longTask ? 2 : 1;
    const held = Math.min(maxHeld, Math.max(least, Math.round(heldSeconds / Math.max(this.#mean, 1e-6))));
    while (this.#queue.length > 0) {
      let best: Member | undefined;
      for (const member of this.#members.keys()) {
        if (member.open && member.load < held && (!best || member.load < best.load)) best = member;
      }
      const job = best && this.#queue.shift();
      if (!best || !job) return;
      try {
        best.give(job);
      } catch (error) {
        const what = `the argument of task ${job.task.id} cannot be sent to a worker: ${(error as Error).message}`;
        job.failed(new EwaldError('Argument', what, { cause: error }), best);
      }
    }
  }
}
