/** One program on many ranks: a worker each, a communicator between them. `mpirun` does the same with processes. */
import { workerGroup } from '../communicator/group.js';
import { EwaldError } from '../errors.js';
import type { PlatformSignal } from '../globals.js';
import { integer, knownOptions, real } from '../options.js';
import { checkTask } from './check-task.js';
import { SharedValues } from './local.js';
import { checkModules, type WorkersOptions } from './options.js';
import type { Place } from './place.js';
import type { Task } from './task.js';
import { Member } from './workers/member.js';

/** Options of `spmd`; the others are those of workers. */
export interface SpmdOptions extends Omit<WorkersOptions, 'workers'> {
  /** Ranks, 1 … 256. */
  readonly ranks: number;
  /** Ends every rank. */
  readonly signal?: PlatformSignal;
  /** Seconds the program may take, above 0; default: for ever. */
  readonly taskSeconds?: number;
}

/** Seconds the other ranks have to end after one has failed: one that only computes hears of nothing. */
const lateSeconds = 5;
const names = ['ranks', 'context', 'modules', 'worker', 'threads', 'signal', 'taskSeconds'];

/**
 * Runs the task's function once on each rank, with `scope.comm` between them, and gives what each rank returned.
 * When a rank throws or dies the others end with `Lost`, and its error is thrown here.
 */
export async function spmd(place: Place, task: Task, options: SpmdOptions): Promise<unknown[]> {
  knownOptions('spmd', options, names);
  const size = integer('spmd: ranks', options.ranks, 0, 1, 256);
  const threads = integer('spmd: threads', options.threads, 1, 1, 1024);
  const { taskSeconds: seconds = Number.POSITIVE_INFINITY } = options;
  if (seconds !== Number.POSITIVE_INFINITY) real('spmd: taskSeconds', seconds, 1, 1e-3, 1e9);
  const modules = checkModules(options.modules);
  const { transfer: _, ...spec } = checkTask(task, 0, Object.keys(modules));
  const signal = options.signal as AbortSignal | undefined;
  if (signal?.aborted)
    throw new EwaldError('Aborted', 'the program was aborted by its signal', { cause: signal.reason });
  const group = workerGroup(size);
  const shared = new SharedValues();
  const members: Member[] = [];
  let first: Error | undefined;
  let giveUp = (): void => {};
  const late = new Promise<void>((resolve) => {
    giveUp = resolve;
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const fail = (rank: number, error: Error): void => {
    first ??= error;
    group.fail(rank, error.message);
    timer ??= setTimeout(giveUp, 1000 * lateSeconds);
  };
  try {
    // Nobody begins before all are there: a rank that ended at once would take the ports of the others with it, while
    // they are still to be sent to them.
    let allThere = (_: Promise<unknown>): void => {};
    const everyone = new Promise<unknown>((resolve) => {
      allThere = resolve;
    });
    const ranks = group.handles.map(
      (handle) =>
        new Promise<unknown>((resolve, reject) => {
          const { rank } = handle;
          const member = new Member(
            place,
            { worker: `rank ${rank}`, threads, modules, context: options.context },
            options.worker,
            {
              onRoom() {},
              onWant: (hash) => shared.get(hash),
              onLost: (_member, _running, _behind, why) => {
                fail(rank, why);
                reject(why);
              },
            },
          );
          members.push(member);
          member.ready
            .then(() => everyone)
            .then(() =>
              member.give({
                message: { say: 'task', spec: { ...spec, id: String(rank) }, group: handle },
                transfer: handle.ports.filter((port) => port !== null) as unknown as ArrayBuffer[],
                seconds,
                lost: 0,
                abandoned: false,
                done: resolve,
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
    const stopped = new Promise<never>((_, reject) => {
      signal?.addEventListener(
        'abort',
        () => reject(new EwaldError('Aborted', 'the program was aborted by its signal', { cause: signal.reason })),
        { once: true },
      );
    });
    // Every rank is heard, so that the first cause is thrown and not what followed from it.
    const settled = Promise.allSettled(ranks);
    const results = await Promise.race(signal ? [settled, late, stopped] : [settled, late]);
    if (first || !results) throw first;
    return results.map((result) => (result as PromiseFulfilledResult<unknown>).value);
  } finally {
    clearTimeout(timer);
    await Promise.all(members.map((member) => member.close()));
  }
}
