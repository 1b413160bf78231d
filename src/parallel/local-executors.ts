/** Executors of this process: inline and workers. */
import { EwaldError } from '../util/errors.js';
import { describeWorker } from './describe-worker.js';
import { runTasks } from './drive.js';
import type { Executor } from './executor.js';
import { TaskHost } from './host.js';
import { InlineLane } from './inline.js';
import { makeExecutor } from './make-executor.js';
import { checkInline, checkWorkers, type InlineOptions, type WorkersOptions } from './options.js';
import type { Place } from './place.js';
import { SharedValues } from './shared-values.js';
import { isWorker } from './workers/mark.js';
import { Pool } from './workers/pool.js';

/** Creates an executor that runs tasks on this thread. */
export async function inlineExecutor(place: Place, options: InlineOptions = {}): Promise<Executor> {
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
      run: (tasks, options) => runTasks(tasks, lane, options),
      slots: () => 1,
      workers: async () => [await describeWorker(place, 'inline', 1, context)],
      async dispose() {
        try {
          await host.dispose();
        } finally {
          shared.clear();
        }
      },
    },
    shared,
  );
}

/** Creates an executor that runs tasks on worker threads or Web Workers; resolves when every worker has answered. */
export async function workersExecutor(place: Place, options: WorkersOptions = {}): Promise<Executor> {
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
    namePrefix: 'worker ',
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
      run: (tasks, options) => runTasks(tasks, pool, options),
      slots: () => pool.size,
      workers: async () => [await describeWorker(place, 'workers', pool.size, contexts[0])],
      async dispose() {
        try {
          await pool.dispose();
        } finally {
          shared.clear();
        }
      },
    },
    shared,
  );
}
