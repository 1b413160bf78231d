/** Runs one program on many ranks, each a worker, with a communicator, like `mpirun` with processes. */

import { orAborted } from '../base/aborted.js';
import { checkedOptions, row } from '../base/call-options.js';
import { EwaldError } from '../base/errors.js';
import type { PlatformSignal } from '../base/globals.js';
import { checkSignal } from '../base/options.js';
import { type RankState, workerGroup } from '../core/communicator/group.js';
import { checkTask } from './check-task.js';
import { SharedValues } from './local.js';
import { checkModules, isCrowded, type WorkersOptions, workersRows } from './options.js';
import type { Place } from './place.js';
import type { Task } from './task.js';
import { Member } from './workers/member.js';

/** Options of `spmd`; the others are those of workers. */
export interface SpmdOptions extends Omit<WorkersOptions, 'workers' | 'contexts'> {
  /** Ranks, 1 … 256. */
  readonly ranks: number;
  /** Ends every rank. */
  readonly signal?: PlatformSignal | undefined;
  /** Seconds the program may take once every rank has started, above 0; default: no limit. */
  readonly taskSeconds?: number | undefined;
}

/** Names the ranks that keep a program from ending: ranks that wait for no message, or all in a deadlock. */
function verdict(states: readonly RankState[], ended: ReadonlySet<number>, seconds: number): EwaldError {
  const there = states.filter(({ rank }) => !ended.has(rank));
  const waiting = there.filter(({ waitsFor }) => waitsFor !== undefined);
  const guilty = there.filter(({ waitsFor }) => waitsFor === undefined).map(({ rank }) => rank);
  const waits = waiting.map(({ rank, waitsFor }) => `rank ${rank} waits for rank ${waitsFor}`).join(', ');
  const who = guilty.length === 0 ? 'the ranks' : `${guilty.length === 1 ? 'rank' : 'ranks'} ${guilty.join(', ')}`;
  const what = `${who} did not finish within ${seconds} s${waits && `: ${waits}`}`;
  const ranks = guilty.length === 0 ? there.map(({ rank }) => rank) : guilty;
  return new EwaldError('Lost', `${what}; spmd({ taskSeconds }) allows more`, { detail: { ranks } });
}

/** Seconds until the other ranks are ended after one has failed: a rank that only computes receives no notice. */
const lateSeconds = 5;
const { workers: _, contexts: __, ...workerRows } = workersRows;
const rows = {
  ...workerRows,
  ranks: row.required(row.integer(1, 256)),
  signal: row.signal,
  taskSeconds: row.number(1e-3, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
} as const;

/**
 * Runs the task's function once on each rank, with `scope.comm` between them, and returns the ranks' results. When a
 * rank throws, dies or returns while others wait for it, their calls fail with `Lost`, and the first error is thrown
 * here. After `taskSeconds` the error names the ranks that wait for no other.
 */
export async function spmd(place: Place, task: Task, given: SpmdOptions): Promise<unknown[]> {
  const wanted = checkedOptions('spmd', given, rows);
  const { ranks: size, threads, taskSeconds: seconds, context, worker, signal } = wanted;
  const modules = checkModules(wanted.modules);
  const { transfer: _, ...spec } = checkTask(task, 0, Object.keys(modules));
  checkSignal(signal);
  const crowded = isCrowded(size, threads, place.cores);
  const group = workerGroup(size);
  const shared = new SharedValues();
  const members: Member[] = [];
  let first: Error | undefined;
  let giveUp = (): void => {};
  const late = new Promise<void>((resolve) => {
    giveUp = resolve;
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  let limit: ReturnType<typeof setTimeout> | undefined;
  const ended = new Set<number>();
  const judge = async (): Promise<void> => {
    const error = verdict(await group.look(), ended, seconds);
    if (ended.size === size || first) return;
    fail((error.detail as { ranks: number[] }).ranks[0] ?? 0, error);
    // The grace period has passed.
    giveUp();
  };
  const fail = (rank: number, error: Error): void => {
    first ??= error;
    group.fail(rank, error.message);
    timer ??= setTimeout(giveUp, 1000 * lateSeconds);
  };
  try {
    // No rank starts before all are present: a rank that ended immediately would take the ports of the others with it
    // before they have been sent.
    let allThere = (_: Promise<unknown>): void => {};
    const everyone = new Promise<unknown>((resolve) => {
      allThere = resolve;
    });
    const ranks = group.handles.map(
      (handle) =>
        new Promise<unknown>((resolve, reject) => {
          const { rank } = handle;
          const member = new Member(place, { worker: `rank ${rank}`, threads, modules, crowded, context }, worker, {
            onRoom() {},
            onWant: (hash) => shared.get(hash),
            onLost: (_member, _running, _behind, why) => {
              fail(rank, why);
              reject(why);
            },
          });
          members.push(member);
          member.ready
            .then(() => everyone)
            .then(() =>
              member.give({
                message: { say: 'task', spec: { ...spec, id: String(rank) }, group: handle },
                transfer: handle.ports.filter((port) => port !== null) as unknown as ArrayBuffer[],
                // There is one time limit for all ranks, since the first one to exceed its own may be waiting for
                // another.
                seconds: Number.POSITIVE_INFINITY,
                lost: 0,
                abandoned: false,
                done: (value) => {
                  ended.add(rank);
                  resolve(value);
                },
                failed: (error) => {
                  fail(rank, error);
                  reject(error);
                },
              }),
            )
            .catch((error) => {
              fail(rank, error);
              reject(error);
            });
        }),
    );
    allThere(Promise.all(members.map((member) => member.ready)));
    void everyone.then(
      () => {
        // Timers above 2³¹ ms fire immediately.
        if (seconds <= 2e6) limit = setTimeout(judge, 1000 * seconds);
      },
      () => {},
    );
    // All ranks are awaited, so that the original error is thrown and not a consequence of it.
    const settled = Promise.allSettled(ranks);
    const results = await orAborted(Promise.race([settled, late]), signal);
    if (first || !results) throw first;
    return results.map((result) => (result as PromiseFulfilledResult<unknown>).value);
  } finally {
    clearTimeout(timer);
    clearTimeout(limit);
    await Promise.all(members.map((member) => member.close()));
  }
}
