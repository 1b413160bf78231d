/** Executors of this process: inline and workers. */
import { EwaldError } from '../util/errors.js';
import { oneShot } from '../util/one-shot.js';
import { asyncDispose } from '../util/resource.js';
import { version } from '../util/version.js';
import { contentHash, sharesMemory, toShared } from './content.js';
import { runTasks } from './drive.js';
import type { Executor, ExecutorKind, ExecutorMethods, RunOptions, TaskResult, WorkerInfo } from './executor.js';
import { TaskHost } from './host.js';
import { build } from './identity.js';
import { InlineLane } from './inline.js';
import { checkInline, checkWorkers, type InlineOptions, type WorkersOptions } from './options.js';
import type { Place } from './place.js';
import type { Task } from './task.js';
import { isWorker } from './workers/mark.js';
import { Pool } from './workers/pool.js';

/** Values given to `share`, by their hash. */
export class SharedValues {
  readonly #values = new Map<string, unknown>();

  async add(value: unknown): Promise<{ hash: string }> {
    const hash = await contentHash(value);
    if (!this.#values.has(hash)) this.#values.set(hash, sharesMemory() ? toShared(value) : structuredClone(value));
    return { hash };
  }

  async get(hash: string): Promise<unknown> {
    if (this.#values.has(hash)) return this.#values.get(hash);
    const what = `no shared value has the hash ${hash.slice(0, 12)}…; give it to share() of this executor before the run`;
    throw new EwaldError('Argument', what);
  }

  all(): Iterable<unknown> {
    return this.#values.values();
  }

  clear(): void {
    this.#values.clear();
  }
}

/** Adds the disposal symbol to an executor. */
export function addDisposal(executor: ExecutorMethods): Executor {
  Object.defineProperty(executor, asyncDispose, { value: () => executor.dispose() });
  return executor as Executor;
}

/** The parts of an executor. */
interface ExecutorParts {
  readonly kind: ExecutorKind;
  run(tasks: Iterable<Task> | AsyncIterable<Task>, options: RunOptions): AsyncGenerator<TaskResult, void, undefined>;
  readonly slots: () => number;
  workers(): Promise<readonly WorkerInfo[]>;
  dispose(): Promise<void>;
}

/** Makes an executor with its lifetime: disposal ends the current runs, then their workers. */
export function makeExecutor(
  { kind, run, slots, workers, dispose }: ExecutorParts,
  shared: Pick<SharedValues, 'add'>,
): Executor {
  const ending = new AbortController();
  let disposal: Promise<void> | undefined;
  const alive = (): void => {
    if (disposal) throw new EwaldError('Disposed', `this ${kind} executor was disposed; create a new one`);
  };
  return addDisposal({
    kind,
    get slots() {
      return slots();
    },
    run<R>(tasks: Iterable<Task> | AsyncIterable<Task>, options: RunOptions = {}) {
      const results = async function* () {
        alive();
        const abortSignal = options.signal as AbortSignal | undefined;
        const signal = abortSignal ? AbortSignal.any([abortSignal, ending.signal]) : ending.signal;
        yield* run(tasks, { ...options, signal: signal as never }) as AsyncGenerator<TaskResult<R>, void, undefined>;
      };
      return oneShot(results, 'this run of tasks', 'call run again');
    },
    async share(value) {
      alive();
      return shared.add(value);
    },
    async workers() {
      alive();
      return workers();
    },
    dispose: () => {
      disposal ??= (async () => {
        ending.abort(new EwaldError('Disposed', `the ${kind} executor was disposed`));
        await dispose();
      })();
      return disposal;
    },
  });
}

/** Describes this process as one worker with `slots` concurrent tasks. */
export async function describeWorker(
  place: Place,
  name: string,
  slots: number,
  context: InlineOptions['context'],
): Promise<WorkerInfo> {
  const reports = await place.devices(context);
  const backends = reports.map(({ device: _, ...report }) => report);
  return { name, host: place.host, platform: place.platform, version, build, slots, backends };
}

/** Creates an executor that runs tasks on this thread. */
export async function inline(place: Place, options: InlineOptions = {}): Promise<Executor> {
  const { context, modules } = checkInline(options);
  const shared = new SharedValues();
  const host = new TaskHost({
    worker: 'inline',
    threads: place.cores,
    modules,
    contextOptions: context,
    place,
    fetchShared: (hash) => shared.get(hash),
  });
  const lane = new InlineLane(host, 'inline', Object.keys(modules));
  return makeExecutor(
    {
      kind: 'inline',
      run: (tasks, run) => runTasks(tasks, lane, run),
      slots: () => 1,
      workers: async () => [await describeWorker(place, 'inline', 1, context)],
      async dispose() {
        shared.clear();
        await host.dispose();
      },
    },
    shared,
  );
}

/** Creates an executor that runs tasks on worker threads or Web Workers; resolves when every worker has answered. */
export async function workers(place: Place, options: WorkersOptions = {}): Promise<Executor> {
  if (isWorker())
    throw new EwaldError(
      'Argument',
      'Executor.workers was called in a worker of another executor. The module of a function is imported by every ' +
        'worker, and would start more workers in each: put the function into a module of its own, or start workers ' +
        "only if isMainThread (node:worker_threads) or, in a page, typeof document !== 'undefined'",
    );
  const { contexts, modules, worker: source, threads, crowded } = checkWorkers(options, place.cores);
  const shared = new SharedValues();
  const pool = new Pool({
    place,
    contexts,
    names: 'worker ',
    start: { threads, modules, crowded },
    source,
    fetchShared: (hash) => shared.get(hash),
  });
  try {
    await pool.ready();
  } catch (error) {
    await pool.dispose();
    throw error;
  }
  return makeExecutor(
    {
      kind: 'workers',
      run: (tasks, run) => runTasks(tasks, pool, run),
      slots: () => pool.size,
      workers: async () => [await describeWorker(place, 'workers', pool.size, contexts[0])],
      async dispose() {
        await pool.dispose();
        shared.clear();
      },
    },
    shared,
  );
}
