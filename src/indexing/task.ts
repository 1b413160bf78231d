/**
 * A batch of stills as a task of an executor: `{ module: 'indexing', function: 'index', argument: { indexer, input }
 * }`.
 */

import { maybe, members } from '../options/shapes.js';
import type { RoomTaskScope } from '../util/task-scope.js';
import type { Indexer, IndexerOptions, IndexingInput } from './indexer.js';
import type { IndexingMethods } from './room.js';

/** The argument of the task: the sizes of the indexer and one batch. */
interface IndexingTask {
  readonly indexer: IndexerOptions;
  readonly input: Omit<IndexingInput, 'signal' | 'into'>;
}

/** Flat arrays of an `IndexingResult`. */
interface IndexingArrays {
  readonly images: number;
  readonly maxOutputCells: number;
  readonly offsets: Uint32Array;
  readonly found: Uint8Array;
  readonly results: Uint8Array;
  readonly assignment: Uint8Array;
}

/** The plan of the previous task, because batches of one run request the same sizes again and again. */
const plans = new WeakMap<IndexingMethods, { readonly sizes: string; readonly indexer: Indexer }>();

async function planFor(context: IndexingMethods, options: IndexerOptions): Promise<Indexer> {
  const sizes = JSON.stringify(options, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
  const last = plans.get(context);
  if (last?.sizes === sizes) return last.indexer;
  plans.delete(context);
  await last?.indexer.dispose();
  const indexer = await context.indexer(options);
  plans.set(context, { sizes, indexer });
  return indexer;
}

/** Indexes one batch. Images are independent of each other, so results do not depend on how a run was split. */
export async function index(task: IndexingTask, scope: RoomTaskScope<IndexingMethods>): Promise<IndexingArrays> {
  members({ indexer: maybe(members({})), input: members({}) })('the argument of indexing', task);
  const { indexer: options, input } = task;
  const indexer = await planFor(await scope.context(), { threads: scope.threads, ...options });
  const { images, maxOutputCells, offsets, found, results, assignment } = await indexer.run(input);
  return scope.transfer(
    { images, maxOutputCells, offsets, found, results, assignment },
    [offsets, found, results, assignment].map((array) => array.buffer as ArrayBuffer),
  );
}
