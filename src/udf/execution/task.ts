/**
 * A partition of a run as a task of an executor: `{ module: 'udf', function: 'partition' }`; tasks.ts creates them,
 * and src/stem/task.ts gives it the functions of the package.
 */

import { dataTypes, elements, type FrameArray } from '../../bytes/dtype.js';
import { type CorrectionOptions, Corrections } from '../../frames/corrections.js';
import type { CountLimits } from '../../frames/count-limits.js';
import type { Dataset } from '../../frames/dataset.js';
import { type FrameSums, hasFrames } from '../../frames/frame-sums.js';
import type { OpenOptions } from '../../frames/open.js';
import {
  count,
  either,
  listOf,
  maybe,
  members,
  number,
  oneOf,
  type Shape,
  text,
  truth,
  typed,
} from '../../options/shapes.js';
import type { TaskScope } from '../../parallel/task.js';
import { expects, expectsPlainNumbers } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import { product } from '../../util/product.js';
import { withMethod } from '../functions/call-method.js';
import { type Arrays, numbersPerElement } from '../functions/dtypes.js';
import { type AnyDefinition, type AnyUdf, asUdf, isUdf, type UdfMeta } from '../functions/udf.js';
import type { UdfCore } from '../room.js';
import { codesFrom } from '../wasm/code.js';
import { isLentMemory } from './memory.js';
import type { Partition } from './partitions.js';
import { PartitionProcessor, type UdfsOfRun } from './processor.js';
import { inputDtype } from './run-partition.js';

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

// The description of a run that is sent to the workers that compute its partitions: plain data.

/** The data that every task of a run receives. */
export interface RunDescription {
  readonly udfs: readonly {
    readonly module: string;
    readonly name: string;
    readonly params: Readonly<Record<string, unknown>>;
    /** The bytes of its WebAssembly module, if it has one. */
    readonly wasm?: Uint8Array | undefined;
  }[];
  /** Frames of the largest partition. */
  readonly largest: number;
  /** Frames that are read and processed together. */
  readonly piece: number;
  readonly meta: Omit<UdfMeta, 'inputDtype'>;
  /** How the worker opens the frames; absent if they are sent with the task. */
  readonly source:
    | { readonly path: string; readonly options: OpenOptions }
    | { readonly url: string; readonly options: OpenOptions }
    | undefined;
  /** Some frames of the client's file, by which a worker on another machine recognises its own; absent for threads. */
  readonly sums?: FrameSums | undefined;
  readonly corrections: CorrectionOptions | undefined;
  /** Which values are no counts; absent if all are. */
  readonly limits?: CountLimits | undefined;
}

// What the tasks of a run and their shared value must be, since they come from another process.

const partMembers = {
  index: count(),
  first: count(),
  count: count(),
  runs: listOf(members({ file: count(), count: count(1) })),
  places: maybe(typed([Uint32Array])),
  positions: typed([Uint32Array]),
};
const partitionShape = members({ ...partMembers, parts: maybe(listOf(members(partMembers))) });

const correctionShape: Shape = (what, value) => {
  const numbers: Shape = (name, array) => expectsPlainNumbers(name, array);
  members({
    length: maybe(count(1)),
    mask: maybe(numbers),
    dark: maybe(numbers),
    gain: maybe(numbers),
    saturation: maybe(number),
    underload: maybe(number),
    markers: maybe(listOf(number)),
    maskOnly: maybe(truth),
    patch: maybe(members({ width: count(1), height: count(1) })),
  })(what, value);
};

/** A `RunDescription`. */
export const runShape = members({
  udfs: listOf(members({ module: text, name: text, params: members({}), wasm: maybe(typed([Uint8Array])) })),
  largest: count(1, 2 ** 31),
  // Without frames, pieces would never end.
  piece: count(1, 2 ** 31),
  meta: members({
    nav: listOf(count(1)),
    sig: listOf(count(1)),
    datasetDtype: oneOf(dataTypes),
    frames: count(),
    roi: maybe(typed([Uint8Array])),
  }),
  source: maybe(
    either((source) =>
      members('path' in source ? { path: text, options: members({}) } : { url: text, options: members({}) }),
    ),
  ),
  sums: maybe(listOf(listOf(count(), 2))),
  corrections: maybe(correctionShape),
  limits: maybe(members({ least: number, markers: listOf(number), most: maybe(number), end: maybe(number) })),
});

/** A `PartitionTask`. */
export const taskShape = members({
  partition: partitionShape,
  frames: maybe((what, value) => expects(ArrayBuffer.isView(value), what, value, 'a typed array')),
  blob: maybe(members({ options: members({}) })),
  memory: maybe((what, value) => expects(isLentMemory(value), what, value, 'a SharedArrayBuffer for results')),
});

/** Throws `Argument` unless a dataset has the frames for which its run was planned. */
export function checkDataset({ frameLength, dtype }: Dataset, { meta }: RunDescription): void {
  const is = `${frameLength} pixels of ${dtype}`;
  expects(frameLength === product(meta.sig) && dtype === meta.datasetDtype, 'the frames of a run', meta.sig, is);
}

/** Throws `Argument` unless the frames of a partition are as many and as large as its description says. */
export function checkFrames(
  task: { readonly partition: Partition; readonly frames?: FrameArray },
  run: Pick<RunDescription, 'meta'>,
): void {
  const { nav, sig, datasetDtype } = run.meta;
  const { partition, frames } = task;
  const { positions, places, runs, count: all, parts } = partition;
  const what = 'the partition of a task';
  const read = runs.reduce((sum, run) => sum + run.count, 0);
  // Frames that arrive while a detector measures have no place in a file.
  expects(frames !== undefined || read === positions.length, `${what}: runs`, runs, `${positions.length} frames`);
  expects(
    (places ?? positions).length === positions.length && all >= positions.length,
    what,
    partition,
    'as many places as positions',
  );
  const last = product(nav);
  expects(
    positions.every((position) => position < last),
    `${what}: positions`,
    positions,
    `numbers below ${last}`,
  );
  for (const part of parts ?? []) checkFrames({ partition: part }, run);
  const joined = (parts ?? [partition]).reduce((sum, part) => sum + part.positions.length, 0);
  expects(joined === positions.length && !(parts && frames), `${what}: parts`, parts, 'those of the partition');
  if (frames === undefined) return;
  const length = positions.length * product(sig) * numbersPerElement(datasetDtype);
  typed([elements[datasetDtype].array], length)('the frames of a task', frames);
}
