/** A worker as seen by its pool: its queue of tasks, its time limits, and its end. */

import type { WorkerCalls } from '../../compute/workers/messages.js';
import { answerCalls } from '../../util/answer-calls.js';
import { EwaldError, errorFromPlain, plainError } from '../../util/errors.js';
import { Caller } from '../../util/port-calls.js';
import { version } from '../../util/version.js';
import type { Transfer } from '../../util/worker-port.js';
import { build, identity } from '../identity.js';
import type { Place } from '../place.js';
import type { ExecutorCalls, HostCalls, HostStart } from './protocol.js';

/** A task assigned to a worker. */
export interface Job {
  readonly task: HostCalls['task']['options'];
  readonly transfer: Transfer;
  readonly seconds: number;
  /** Number of times it may be lost, and was. */
  readonly retries: number;
  lost: number;
  /** Whether its result is no longer needed. */
  abandoned: boolean;
  /** Asks its worker to end it. */
  cancel(): void;
  done(value: unknown, seconds: number, worker: string): void;
  /** `attempts` counts the one that failed. */
  failed(error: Error, worker: string, attempts: number): void;
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
  readonly #events: MemberEvents;
  readonly #worker: ReturnType<Place['startWorker']>;
  readonly #calls: Caller<HostCalls & Pick<WorkerCalls, 'close'>>;
  /** The queue of tasks, of which the first is running. */
  readonly #jobs = new Set<Job>();
  #limit: ReturnType<typeof setTimeout> | undefined;
  #open = false;
  /** Why the worker has ended. */
  #why: EwaldError | undefined;

  constructor(place: Place, start: HostStart, source: Parameters<Place['startWorker']>[0], events: MemberEvents) {
    this.#events = events;
    this.name = start.worker;
    this.#worker = place.startWorker(source);
    this.#worker.onFailure((cause) => {
      this.#open = false;
      const lose = () => this.#lose(new EwaldError('Lost', `${this.name} died: ${cause.message}`, { cause }));
      // What it had sent is here, and is read before the next turn: those tasks are finished and not lost.
      setTimeout(lose);
    });
    const shared = async (hash: string) => [await events.onWant(hash)] as const;
    answerCalls<ExecutorCalls>(this.#worker, { shared }, { plain: plainError });
    this.#calls = new Caller(this.#worker, errorFromPlain);
    this.ready = this.#calls.ask('host', start).then(
      (script) => this.#begin(script),
      (error: Error) => {
        throw this.#lose(new EwaldError('Load', `${this.name} could not start: ${error.message}`));
      },
    );
    // The waiting task receives the error; this only prevents an unhandled rejection.
    this.ready.catch(() => {});
    const late = `${this.name} did not answer within ${startSeconds} s of its start; is its script ewald's?`;
    this.#arm(startSeconds, late);
  }

  /** Whether tasks can be assigned to it. */
  get open(): boolean {
    return this.#open && !this.#why;
  }

  /** Number of tasks assigned to it. */
  get load(): number {
    return this.#jobs.size;
  }

  /** Sends it a task; a worker runs its tasks in order. Throws if the argument cannot be cloned. */
  give(job: Job): void {
    const { value, cancel } = this.#calls.begin('task', job.task, { transfer: job.transfer });
    this.#jobs.add(job);
    if (this.#jobs.size === 1) this.#watch();
    job.cancel = () => {
      cancel();
      this.#endIfRunning(job);
    };
    value.then(
      (end) => {
        if (!this.#isOver(job)) return;
        if ('error' in end) job.failed(errorFromPlain(end.error), this.name, job.lost + 1);
        else job.done(end.value, end.seconds, this.name);
      },
      (error) => this.#isOver(job) && job.failed(error, this.name, job.lost + 1),
    );
  }

  /** Closes the files that its tasks have left open, after its current task. */
  closeTaskFiles(): void {
    if (!this.#why) this.#calls.ask('rest', undefined).catch(() => {});
  }

  /** Ends the worker after its current task, or immediately if it does not answer in time. */
  async close(): Promise<void> {
    if (this.#why) return;
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, (this.load > 0 ? graceSeconds : closeSeconds) * 1000);
      const closed = (): void => {
        // A running timer would keep the process alive.
        clearTimeout(late);
        resolve();
      };
      this.#calls.ask('close', undefined).then(closed, closed);
    });
    this.#why = new EwaldError('Disposed', `${this.name} was closed`);
    clearTimeout(this.#limit);
    await this.#worker.end();
  }

  /** Ends the worker at once, with its running task; resolves when its memory is free. */
  async end(why: EwaldError): Promise<void> {
    this.#lose(why);
    await this.#worker.end();
  }

  /** The host has answered; throws if its script is that of another package, of which old ones answer null. */
  #begin(script: HostCalls['host']['value'] | null): void {
    clearTimeout(this.#limit);
    if (script?.version !== version || script.build !== build) {
      const theirs = script ? `ewald ${script.version}, build ${script.build}` : 'another version of ewald';
      const what =
        `the worker script belongs to ${theirs}, but this is ${identity}; ` +
        'pass the script of this package as { worker }';
      throw this.#lose(new EwaldError('Load', what));
    }
    this.#open = true;
    this.#watch();
    this.#events.onRoom();
  }

  /** Its task gets a moment to stop, then the worker is ended. */
  #endIfRunning(job: Job): void {
    if (!this.#jobs.has(job)) return;
    setTimeout(() => {
      const [first] = this.#jobs;
      if (first === job) this.#lose(new EwaldError('Lost', `${this.name} was terminated: its task ignored the abort`));
    }, graceSeconds * 1000);
  }

  /** Whether the task was among its own; it is no longer. */
  #isOver(job: Job): boolean {
    if (!this.#jobs.delete(job)) return false;
    this.#watch();
    this.#events.onRoom();
    return true;
  }

  /** Starts the time limit of the first task. */
  #watch(): void {
    clearTimeout(this.#limit);
    const [job] = this.#jobs;
    if (!job) return;
    const { id } = job.task;
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

  /** Ends the worker, whose tasks are lost; returns why it was lost first. */
  #lose(why: EwaldError): EwaldError {
    if (this.#why) return this.#why;
    this.#why = why;
    clearTimeout(this.#limit);
    const [running, ...behind] = this.#jobs;
    this.#jobs.clear();
    this.#calls.fail(why);
    void this.#worker.end();
    this.#events.onLost(this, running, behind, why);
    return why;
  }
}
