/** Runs one program on many ranks, each a worker, with a communicator, like `mpirun` with processes. */

import { checkedOptions, row } from '../options/call-options.js';
import { abortable } from '../util/aborted.js';
import { EwaldError } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import { checkSignal } from '../util/options.js';
import { without } from '../util/without.js';
import { checkTask } from './check-task.js';
import { type RankHandle, type RankState, type WorkerGroup, workerGroup } from './communicator/group.js';
import { checkModules, isCrowded, type WorkersOptions, workersRows } from './options.js';
import type { Place } from './place.js';
import { SharedValues } from './shared-values.js';
import type { Task, TaskSpec } from './task.js';
import { Member, type MemberEvents } from './workers/member.js';

/** Options of `spmd`; the others are those of workers. */
export interface SpmdOptions extends Omit<WorkersOptions, 'workers' | 'contexts'> {
  /** Ranks, 1 … 256. */
  readonly ranks: number;
  /** Ends every rank. */
  readonly signal?: PlatformSignal | undefined;
  /** Seconds the program may take once every rank has started, above 0; default: no limit. */
  readonly taskTimeoutS?: number | undefined;
}

/** Names the ranks that keep a program from ending: ranks that wait for no message, or all in a deadlock. */
function stalledError(states: readonly RankState[], ended: ReadonlySet<number>, seconds: number): EwaldError {
  const there = states.filter(({ rank }) => !ended.has(rank));
  const waiting = there.filter(({ waitsFor }) => waitsFor !== undefined);
  const guilty = there.filter(({ waitsFor }) => waitsFor === undefined).map(({ rank }) => rank);
  const waits = waiting.map(({ rank, waitsFor }) => `rank ${rank} waits for rank ${waitsFor}`).join(', ');
  const who = guilty.length === 0 ? 'the ranks' : `${guilty.length === 1 ? 'rank' : 'ranks'} ${guilty.join(', ')}`;
  const what = `${who} did not finish within ${seconds} s${waits && `: ${waits}`}`;
  const ranks = guilty.length === 0 ? there.map(({ rank }) => rank) : guilty;
  return new EwaldError('Lost', `${what}; spmd({ taskTimeoutS }) allows more`, { detail: { ranks } });
}

/** Seconds until the other ranks are ended after one has failed: a rank that only computes receives no notice. */
const lateSeconds = 5;
const workerRows = without(workersRows, 'workers', 'contexts');
const rows = {
  ...workerRows,
  ranks: row.required(row.integer(1, 256)),
  signal: row.signal,
  taskTimeoutS: row.number(1e-3, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
} as const;

/**
 * Runs the task's function once on each rank, with `scope.comm` between them, and returns the ranks' results. When a
 * rank throws, dies or returns while others wait for it, their calls fail with `Lost`, and the first error is thrown
 * here. After `taskTimeoutS` the error names the ranks that wait for no other.
 */
export async function spmd(place: Place, task: Task, options: SpmdOptions): Promise<unknown[]> {
  const wanted = checkedOptions('spmd', options, rows);
  const { ranks: size, threads, taskTimeoutS: seconds, context, worker, signal } = wanted;
  const modules = checkModules(wanted.modules);
  const { transfer: _, ...spec } = checkTask(task, 0, Object.keys(modules));
  checkSignal(signal);
  const crowded = isCrowded(size, threads, place.cores);
  const ranks = new Ranks(size, spec, (rank, events) => {
    const start = { worker: `rank ${rank}`, threads, modules, crowded, context };
    return new Member(place, start, worker, events);
  });
  try {
    const settled = ranks.start(seconds);
    const results = await abortable(Promise.race([settled, ranks.late]), signal);
    if (ranks.first || !results) throw ranks.first;
    return results.map((result) => (result as PromiseFulfilledResult<unknown>).value);
  } finally {
    await ranks.close();
  }
}

/** The ranks of one program, each a worker, and the first error among them. */
class Ranks {
  first: Error | undefined;
  /** Resolves when the ranks that have not ended are given up. */
  readonly late: Promise<void>;
  readonly #spec: Omit<TaskSpec, 'transfer'>;
  readonly #makeMember: (rank: number, events: MemberEvents) => Member;
  readonly #group: WorkerGroup;
  readonly #shared = new SharedValues();
  readonly #members: Member[] = [];
  readonly #ended = new Set<number>();
  #giveUp = (): void => {};
  #timer: ReturnType<typeof setTimeout> | undefined;
  #limit: ReturnType<typeof setTimeout> | undefined;

  constructor(
    size: number,
    spec: Omit<TaskSpec, 'transfer'>,
    makeMember: (rank: number, events: MemberEvents) => Member,
  ) {
    this.#group = workerGroup(size);
    this.#spec = spec;
    this.#makeMember = makeMember;
    this.late = new Promise((resolve) => {
      this.#giveUp = resolve;
    });
  }

  /** Starts all ranks; resolves with their results. */
  start(seconds: number): Promise<PromiseSettledResult<unknown>[]> {
    const ranks = this.#group.handles.map((handle) => this.#start(handle));
    void this.#everyone().then(
      () => {
        // Timers above 2³¹ ms fire immediately.
        if (seconds <= 2e6) this.#limit = setTimeout(() => this.#judge(seconds), 1000 * seconds);
      },
      () => {},
    );
    // All ranks are awaited, so that the original error is thrown and not a consequence of it.
    return Promise.allSettled(ranks);
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    clearTimeout(this.#limit);
    await Promise.all(this.#members.map((member) => member.close()));
  }

  #everyone(): Promise<unknown> {
    return Promise.all(this.#members.map((member) => member.ready));
  }

  #start(handle: RankHandle): Promise<unknown> {
    const { rank } = handle;
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        this.#fail(rank, error);
        reject(error);
      };
      const done = (value: unknown): void => {
        this.#ended.add(rank);
        resolve(value);
      };
      const member = this.#makeMember(rank, {
        onRoom() {},
        onWant: (hash) => this.#shared.get(hash),
        onLost: (_member, _running, _behind, why) => fail(why),
      });
      this.#members.push(member);
      // No rank starts before all are present: a rank that ended immediately would take the ports of the others with it
      // before they have been sent.
      member.ready
        .then(() => this.#everyone())
        .then(() =>
          member.give({
            task: { ...this.#spec, id: String(rank), group: handle },
            transfer: handle.ports,
            // There is one time limit for all ranks, since the first one to exceed its own may be waiting for another.
            seconds: Number.POSITIVE_INFINITY,
            retries: 0,
            lost: 0,
            abandoned: false,
            cancel() {},
            done,
            failed: fail,
          }),
        )
        .catch(fail);
    });
  }

  #fail(rank: number, error: Error): void {
    this.first ??= error;
    this.#group.fail(rank, error.message);
    this.#timer ??= setTimeout(this.#giveUp, 1000 * lateSeconds);
  }

  async #judge(seconds: number): Promise<void> {
    const error = stalledError(await this.#group.look(), this.#ended, seconds);
    if (this.#ended.size === this.#group.handles.length || this.first) return;
    this.#fail((error.detail as { ranks: number[] }).ranks[0] ?? 0, error);
    // The grace period has passed.
    this.#giveUp();
  }
}
