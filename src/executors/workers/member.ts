/** A worker as seen by its pool: its queue of tasks, its time limits, and its end. */
import { EwaldError, errorFromPlain, plainError } from '../../base/errors.js';
import { version } from '../../base/version.js';
import type { WorkerReply } from '../../core/workers/messages.js';
import { build, identity } from '../identity.js';
import type { Place } from '../place.js';
import type { FromHost, HostStart, ToHost } from './protocol.js';

/** A task assigned to a worker. */
export interface Job {
  readonly message: Omit<Extract<ToHost, { say: 'task' }>, 'number'>;
  readonly transfer: readonly ArrayBuffer[];
  readonly seconds: number;
  /** Number of times it was started and lost. */
  lost: number;
  /** Whether its result is no longer needed. */
  abandoned: boolean;
  done(value: unknown, seconds: number, member: Member): void;
  failed(error: Error, member: Member): void;
}

/** Events that a member reports to its pool. */
export interface MemberEvents {
  /** A task has ended, so that another can be assigned. */
  onRoom(): void;
  /** The worker has died, with its running task and its queue. */
  onLost(member: Member, running: Job | undefined, behind: readonly Job[], why: EwaldError): void;
  /** Its task needs a shared value. */
  onWant(hash: string): Promise<unknown>;
}

/** Seconds until a worker must answer for the first time; its script may be loaded from disk or network. */
const startSeconds = 60;
/** Seconds for a task to respond to its signal before its worker is ended. */
const graceSeconds = 1;
/** Seconds for a worker to dispose its context when it is closed. */
const closeSeconds = 5;

export class Member {
  readonly name: string;
  /** Resolves when the worker has answered; rejects when it cannot be used. */
  readonly ready: Promise<void>;
  readonly #place: Place;
  readonly #events: MemberEvents;
  readonly #worker: ReturnType<Place['startWorker']>;
  readonly #port: MessagePort;
  /** The queue of tasks, of which the first is running. */
  readonly #jobs = new Map<number, Job>();
  #next = 0;
  #limit: ReturnType<typeof setTimeout> | undefined;
  #dead = false;
  /** Why the worker ended, once known; and whether its last replies have arrived. */
  #why: EwaldError | undefined;
  #drained = false;
  #open = false;
  #closing: (() => void) | undefined;
  #answered = (): void => {};
  #refused = (_: EwaldError): void => {};

  constructor(
    place: Place,
    start: Omit<HostStart, 'port'>,
    source: Parameters<Place['startWorker']>[0],
    events: MemberEvents,
  ) {
    this.#place = place;
    this.#events = events;
    this.name = start.worker;
    this.ready = new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#refused = reject;
    });
    // The waiting task receives the error; this only prevents an unhandled rejection.
    this.ready.catch(() => {});
    this.#worker = place.startWorker(source);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }: MessageEvent<FromHost>) => this.#hear(data);
    place.hold(port1, true);
    // A worker that ends closes its port after its last replies: only then is it known which task it was running. The
    // reason for its end arrives before or after that, or never if this process ends too.
    port1.addEventListener('close', () => {
      this.#drained = true;
      this.#endSoon(`${this.name} died`);
    });
    this.#worker.onFailure((error) => {
      // The error event precedes the exit event it causes, which has only an exit code.
      this.#why ??= new EwaldError('Lost', `${this.name} died: ${error.message}`, { cause: error });
      this.#endSoon(this.#why.message);
    });
    const options: HostStart = { ...start, port: port2 };
    this.#worker.post({ id: 0, call: 'host', options } as never, [port2] as never);
    this.#arm(
      startSeconds,
      `${this.name} did not answer within ${startSeconds} s of its start; is its script ewald's?`,
    );
    this.#worker.onReply((message) => {
      const reply = message as WorkerReply;
      if ('error' in reply) this.#lose(new EwaldError('Load', `${this.name} could not start: ${reply.error.message}`));
    });
  }

  /** Whether tasks can be assigned to it. */
  get open(): boolean {
    return this.#open && !this.#dead;
  }

  /** Number of tasks assigned to it. */
  get load(): number {
    return this.#jobs.size;
  }

  /** Sends it a task; a worker runs its tasks in order. Throws if the argument cannot be cloned. */
  give(job: Job): void {
    const number = this.#next++;
    this.#port.postMessage({ ...job.message, number }, job.transfer as ArrayBuffer[]);
    this.#jobs.set(number, job);
    this.#place.hold(this.#port, true);
    if (this.#jobs.size === 1) this.#watch();
  }

  /** The task is no longer wanted; if it is running it gets a moment to stop, then the worker is ended. */
  abandon(job: Job): void {
    job.abandoned = true;
    for (const [number, mine] of this.#jobs) {
      if (mine !== job || this.#dead) continue;
      this.#say({ say: 'abort', number });
      setTimeout(() => {
        if (this.#jobs.has(number) && this.#jobs.keys().next().value === number)
          this.#lose(new EwaldError('Lost', `${this.name} was terminated: its task ignored the abort`));
      }, graceSeconds * 1000);
    }
  }

  /** Closes the files that its tasks have left open, after its current task. */
  rest(): void {
    if (!this.#dead) this.#say({ say: 'rest' });
  }

  /** Ends the worker after its current task, or immediately if it does not answer in time. */
  async close(): Promise<void> {
    if (this.#dead) return;
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, (this.load > 0 ? graceSeconds : closeSeconds) * 1000);
      this.#closing = () => {
        // A running timer would keep the process alive.
        clearTimeout(late);
        resolve();
      };
      this.#place.hold(this.#port, true);
      this.#say({ say: 'close' });
    });
    this.#dead = true;
    this.#release();
    await this.#worker.end();
  }

  /** Ends the worker at once, with its running task; resolves when its memory is free. */
  async end(why: EwaldError): Promise<void> {
    this.#lose(why);
    await this.#worker.end();
  }

  #say(message: ToHost): void {
    this.#port.postMessage(message);
  }

  #hear(message: FromHost): void {
    if (this.#dead) return;
    switch (message.say) {
      case 'ready': {
        clearTimeout(this.#limit);
        const theirs = `ewald ${message.version}, build ${message.build}`;
        if (message.version !== version || message.build !== build) {
          const what =
            `the worker script belongs to ${theirs}, but this is ${identity}; ` +
            'pass the script of this package as { worker }';
          this.#lose(new EwaldError('Load', what));
          return;
        }
        this.#open = true;
        this.#answered();
        this.#watch();
        this.#events.onRoom();
        return;
      }
      case 'done':
        this.#over(message.number)?.done(message.value, message.seconds, this);
        return;
      case 'failed':
        this.#over(message.number)?.failed(errorFromPlain(message.error), this);
        return;
      case 'want':
        this.#events.onWant(message.hash).then(
          (value) => this.#dead || this.#say({ say: 'share', hash: message.hash, value }),
          (error) =>
            this.#dead || this.#say({ say: 'share', hash: message.hash, value: undefined, error: plainError(error) }),
        );
        return;
      case 'closed':
        this.#closing?.();
    }
  }

  #over(number: number): Job | undefined {
    const job = this.#jobs.get(number);
    this.#jobs.delete(number);
    this.#watch();
    this.#events.onRoom();
    return job;
  }

  /** Starts the time limit of the first task. */
  #watch(): void {
    clearTimeout(this.#limit);
    const [job] = this.#jobs.values();
    if (!job) {
      this.#place.hold(this.#port, false);
      return;
    }
    const { id } = job.message.spec;
    const what =
      `${this.name} did not answer within ${job.seconds} s of beginning task ${id} and was ended; a longer time is ` +
      'run({ taskTimeoutS })';
    this.#arm(job.seconds, what);
  }

  #arm(seconds: number, what: string): void {
    // Timers above 2³¹ ms fire immediately.
    if (seconds > 2e6) return;
    this.#limit = setTimeout(() => this.#lose(new EwaldError('Lost', what)), seconds * 1000);
    (this.#limit as { unref?: () => void }).unref?.();
  }

  /** Marks the worker as lost when both its last replies and the reason have arrived, or one of them is overdue. */
  #endSoon(what: string): void {
    if (this.#dead) return;
    const end = (): void => this.#lose(this.#why ?? new EwaldError('Lost', what));
    if (this.#why && this.#drained) end();
    else setTimeout(end, closeSeconds * 100);
  }

  #lose(why: EwaldError): void {
    if (this.#dead) return;
    this.#dead = true;
    const jobs = [...this.#jobs.values()];
    this.#jobs.clear();
    this.#release();
    this.#refused(why);
    this.#closing?.();
    void this.#worker.end();
    this.#events.onLost(this, jobs[0], jobs.slice(1), why);
  }

  #release(): void {
    clearTimeout(this.#limit);
    this.#port.onmessage = null;
    this.#port.close();
  }
}
