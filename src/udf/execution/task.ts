/**
 * A partition of a run as a task of an executor: `{ module: 'udf', function: 'partition' }`; src/udf/execution/engine.ts creates
 * them.
 */

import { EwaldError } from '../../base/errors.js';
import type { TaskScope } from '../../executors/task.js';
import { Corrections } from '../../io/data/corrections.js';
import type { Dataset } from '../../io/data/dataset.js';
import type { DataType, FrameArray } from '../../io/data/dtype.js';
import type { OpenOptions } from '../../io/data/open.js';
import { builtinUdfs } from '../builtin/index.js';
import type { Arrays } from '../functions/dtypes.js';
import { type AnyDefinition, type AnyUdf, asUdf, isUdf } from '../functions/udf.js';
import type { UdfCore } from '../room.js';
import { isSparseRun } from '../sparse/sparse-runs.js';
import { codesFrom } from '../wasm/code.js';
import { withMethod } from './choose-method.js';
import type { RunDescription } from './description.js';
import { FrameCounts, packNoCounts } from './frame-counts.js';
import { inputDtype, runParts, seesStored } from './partition.js';
import { type Partition, partsOf } from './partitions.js';
import { Passes } from './passes.js';
import { PieceReader, piecesIn } from './pieces.js';
import { ResultPlaces } from './result-memory.js';
import { checkDataset, checkFrames, runShape, taskShape } from './task-shapes.js';

/** One partition, with its frames or the file that holds them if the run does not name it. */
export interface PartitionTask {
  readonly partition: Partition;
  readonly frames?: FrameArray;
  readonly blob?: { readonly blob: Blob; readonly options: OpenOptions };
  /** Memory for its results, shared with the thread that merges them. */
  readonly memory?: SharedArrayBuffer;
}

/** The state that a worker keeps between the partitions of a run. */
interface Kept {
  readonly udfs: readonly { readonly udf: AnyUdf; readonly params: Readonly<Record<string, unknown>> }[];
  readonly corrections: Corrections | undefined;
  readonly counts: FrameCounts | undefined;
  readonly passes: Passes;
  /** Absent if frames come with the tasks. */
  readonly dataset: Dataset | undefined;
  /** Whether the frames of the dataset are processed without being made dense; undefined before the first partition. */
  sparse: boolean | undefined;
  dispose(): Promise<void>;
}

/** Finds a UDF by name among the exports of its module. */
function find(exports: Readonly<Record<string, unknown>>, module: string, name: string): AnyUdf {
  for (const value of Object.values(exports)) {
    if (isUdf(value) && value.definition.name === name) return value;
    if (typeof value === 'object' && value !== null && (value as AnyDefinition).name === name && 'buffers' in value)
      return asUdf(value as AnyDefinition);
  }
  const found = Object.values(exports)
    .filter(isUdf)
    .map((udf) => udf.definition.name);
  throw new EwaldError(
    'Argument',
    `${module} exports no UDF named "${name}"; it has ${found.join(', ') || 'none'}. Is the UDF exported?`,
  );
}

async function keep(run: RunDescription, task: PartitionTask, scope: TaskScope<UdfCore>): Promise<Kept> {
  runShape('the run of a task', run);
  checkFrames(task, run);
  // Opened first: functions may allocate results for each pixel.
  const dataset = task.frames ? undefined : await open(run, task.blob, scope);
  try {
    if (dataset) checkDataset(dataset, run);
    return await prepare(run, dataset, scope);
  } catch (error) {
    await dataset?.dispose();
    throw error;
  }
}

async function prepare(run: RunDescription, dataset: Dataset | undefined, scope: TaskScope<UdfCore>): Promise<Kept> {
  const found = await Promise.all(
    run.udfs.map(async ({ module, name, params, wasm }) => {
      const known = module === 'ewald/udf' ? builtinUdfs.find(({ definition }) => definition.name === name) : undefined;
      return { udf: known ?? find(await scope.module(module), module, name), params, wasm };
    }),
  );
  const bare = found.map(({ udf }) => udf);
  const { meta } = run;
  const whole = { ...meta, inputDtype: inputDtype(meta.datasetDtype, run.corrections !== undefined, bare) };
  const udfs = found.map((one) => ({ ...one, udf: withMethod(one.udf, one.params, whole) }));
  const corrections = run.corrections && new Corrections(run.corrections);
  const kept: Kept = {
    udfs,
    corrections,
    counts: run.limits && new FrameCounts(run.limits, meta.datasetDtype, meta.sig, corrections?.mask),
    passes: new Passes(() => scope.context(), scope.threads, {
      codes: await codesFrom(udfs),
      largest: run.largest,
      piece: run.piece,
    }),
    dataset,
    sparse: undefined,
    async dispose() {
      await kept.passes.dispose();
      await dataset?.dispose();
    },
  };
  return kept;
}

/** Runs one partition; returns the arrays of each UDF. */
export async function partition(task: PartitionTask, scope: TaskScope<UdfCore>): Promise<Arrays[]> {
  taskShape('the argument of udf', task);
  const { partition: part, frames } = task;
  const run = (await scope.input('run')) as RunDescription;
  const { hash } = scope.inputs.run as { readonly hash: string };
  const kept = await scope.keep(`udf ${hash}`, () => keep(run, task, scope));
  checkFrames(task, run);
  const { udfs, passes, corrections, counts, dataset } = kept;
  const bare = udfs.map(({ udf }) => udf);
  const size = await passes.pieceFor(bare, run, dataset === undefined);
  passes.places = ResultPlaces.in(task.memory);
  const pieces = dataset && readerOf(dataset, [part, size], run, kept, scope.signal as AbortSignal | undefined);
  try {
    const arrays = await runParts(
      {
        partition: part,
        udfs,
        meta: run.meta,
        corrections,
        counts,
        piecesOf: (one) => pieces?.of(one) ?? piecesIn(frames as FrameArray, one, size),
      },
      { signal: scope.signal, passes },
    );
    // Cloned, not transferred: once a buffer has been detached in a thread, V8 checks every access to every typed array
    // there, and loops in users' functions become 30 % slower. A copy takes a millisecond for 4 MB; larger results are in
    // the memory of the task, which is not copied.
    const replaced = counts?.taken();
    return replaced ? [...arrays, { noCounts: packNoCounts(replaced) }] : arrays;
  } finally {
    passes.places = undefined;
    await pieces?.dispose();
  }
}

/** Reads a partition in pieces. */
function readerOf(
  dataset: Dataset,
  [part, size]: readonly [Partition, number],
  { meta }: RunDescription,
  kept: Kept,
  signal: AbortSignal | undefined,
): PieceReader {
  const { udfs, corrections, passes } = kept;
  const bare = udfs.map(({ udf }) => udf);
  const dtype = inputDtype(meta.datasetDtype, corrections !== undefined, bare);
  const shown = seesStored(dataset.dtype, dtype, corrections);
  kept.sparse ??= isSparseRun(dataset, udfs, { ...meta, inputDtype: dtype }, corrections);
  const { sparse } = kept;
  const take = (dtype: DataType, length: number): FrameArray => passes.take(dtype, length, shown);
  return new PieceReader({ dataset, partitions: partsOf([part]), udfs: bare, size, sparse }, take, signal);
}

function open({ source }: RunDescription, blob: PartitionTask['blob'], scope: TaskScope<UdfCore>): Promise<Dataset> {
  if (blob) return scope.open(blob.blob as never, blob.options);
  if (source && 'path' in source) return scope.open(source.path, source.options);
  if (source) return scope.open(source.url, source.options);
  throw new EwaldError('Argument', 'a task of udf has neither frames nor a source to read them from');
}
