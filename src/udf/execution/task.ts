/**
 * A partition of a run as a task of an executor: `{ module: 'udf', function: 'partition' }`; tasks.ts creates them,
 * and src/stem/task.ts gives it the functions of the package.
 */

import { Corrections } from '../../frames/corrections.js';
import type { Dataset } from '../../frames/dataset.js';
import type { FrameArray } from '../../frames/dtype.js';
import { hasFrames } from '../../frames/frame-sums.js';
import type { OpenOptions } from '../../frames/open.js';
import type { TaskScope } from '../../parallel/task.js';
import { EwaldError } from '../../util/errors.js';
import { withMethod } from '../functions/call-method.js';
import type { Arrays } from '../functions/dtypes.js';
import { type AnyDefinition, type AnyUdf, asUdf, isUdf } from '../functions/udf.js';
import type { UdfCore } from '../room.js';
import { codesFrom } from '../wasm/code.js';
import type { RunDescription } from './description.js';
import { inputDtype } from './partition.js';
import type { Partition } from './partitions.js';
import { PartitionProcessor, type UdfsOfRun } from './processor.js';
import { checkDataset, checkFrames, runShape, taskShape } from './task-shapes.js';

/** One partition, with its frames or the file that holds them if the run does not name it. */
export interface PartitionTask {
  readonly partition: Partition;
  readonly frames?: FrameArray;
  readonly blob?: { readonly blob: Blob; readonly options: OpenOptions };
  /** Memory for its results, shared with the thread that merges them. */
  readonly memory?: SharedArrayBuffer;
}

/** What a worker keeps between the partitions of a run. */
interface Kept {
  readonly udfs: UdfsOfRun;
  readonly processor: PartitionProcessor;
  /** Absent if frames come with the tasks. */
  readonly dataset: Dataset | undefined;
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

async function keep(
  run: RunDescription,
  task: PartitionTask,
  scope: TaskScope<UdfCore>,
  known: readonly AnyUdf[],
): Promise<Kept> {
  runShape('the run of a task', run);
  checkFrames(task, run);
  // Opened first: functions may allocate results for each pixel.
  const dataset = task.frames ? undefined : await open(run, task.blob, scope);
  try {
    if (dataset) {
      checkDataset(dataset, run);
      await checkSame(dataset, run);
    }
    return await prepare(run, dataset, scope, known);
  } catch (error) {
    await dataset?.dispose();
    throw error;
  }
}

/** Throws `File` if a file has other frames than the one that the run is about. */
async function checkSame(dataset: Dataset, { sums }: RunDescription): Promise<void> {
  if (!sums || (await hasFrames(dataset, sums))) return;
  throw new EwaldError(
    'File',
    `${dataset.name} here has other frames than the file of the run has under this name: it is another file, or an ` +
      'older copy; give all workers the same one',
    { detail: { path: dataset.name } },
  );
}

async function prepare(
  run: RunDescription,
  dataset: Dataset | undefined,
  scope: TaskScope<UdfCore>,
  builtin: readonly AnyUdf[],
): Promise<Kept> {
  const found = await Promise.all(
    run.udfs.map(async ({ module, name, params, wasm }) => {
      const known = module === 'ewald/udf' ? builtin.find(({ definition }) => definition.name === name) : undefined;
      return { udf: known ?? find(await scope.module(module), module, name), params, wasm };
    }),
  );
  const bare = found.map(({ udf }) => udf);
  const { meta } = run;
  const whole = { ...meta, inputDtype: inputDtype(meta.datasetDtype, run.corrections !== undefined, bare) };
  const udfs = found.map((one) => ({ ...one, udf: withMethod(one.udf, one.params, whole) }));
  const { limits, largest, piece } = run;
  const corrections = run.corrections && new Corrections(run.corrections);
  const codes = await codesFrom(udfs);
  const isInMemory = dataset === undefined;
  const work = { meta: whole, corrections, limits, dataset, codes, largest, piece, isInMemory };
  const processor = new PartitionProcessor(work, () => scope.context(), scope.threads);
  return {
    udfs,
    processor,
    dataset,
    async dispose() {
      await processor.dispose();
      await dataset?.dispose();
    },
  };
}

/**
 * Runs one partition with the functions `known` by name, and those of modules; returns the arrays of each UDF. They are cloned, not transferred: once a buffer has been detached
 * in a thread, V8 checks every access to every typed array there, and loops in users' functions become 30 % slower. A
 * copy takes a millisecond for 4 MB; larger results are in the memory of the task, which is not copied.
 */
export async function partitionOf(
  task: PartitionTask,
  scope: TaskScope<UdfCore>,
  known: readonly AnyUdf[],
): Promise<Arrays[]> {
  taskShape('the argument of udf', task);
  const run = (await scope.input('run')) as RunDescription;
  const { hash } = scope.inputs.run as { readonly hash: string };
  const { udfs, processor, dataset } = await scope.keep(`udf ${hash}`, () => keep(run, task, scope, known));
  checkFrames(task, run);
  const signal = scope.signal as AbortSignal | undefined;
  const reader = dataset && (await processor.reader([task.partition], udfs, signal));
  try {
    return await processor.process(task, udfs, reader, signal);
  } finally {
    await reader?.dispose();
  }
}

function open({ source }: RunDescription, blob: PartitionTask['blob'], scope: TaskScope<UdfCore>): Promise<Dataset> {
  if (blob) return scope.open(blob.blob as never, blob.options);
  if (source && 'path' in source) return scope.open(source.path, source.options);
  if (source) return scope.open(source.url, source.options);
  throw new EwaldError('Argument', 'a task of udf has neither frames nor a source to read them from');
}
