/**
 * Processes one partition, on any thread or worker: frames are read and prepared, each UDF processes them, and its
 * results are returned.
 */

import { breathe, checkSignal } from '../base/options.js';
import type { Corrections } from '../data/corrections.js';
import type { Dataset } from '../data/dataset.js';
import { allocateFrames, type DataType, elementBytes, type FrameArray } from '../data/dtype.js';
import { auxOf } from './aux.js';
import { type Arrays, numbersOf, product } from './dtypes.js';
import { convertFrames, correctFrames, inputDtypeOf, readRuns } from './frames-of.js';
import type { KernelPart } from './kernel-part.js';
import type { Partition } from './partitions.js';
import type { Passes } from './passes.js';
import { guarded, Running, settled, thrown } from './running.js';
import { type AnyUdf, methodOf, type PartitionMeta, type UdfMeta } from './udf.js';

/** The services that a partition requires from its environment. */
export interface PartitionPlace {
  readonly signal: AbortSignal | undefined;
  /** Passes of the core; absent if there is no context. */
  readonly passes: Passes | undefined;
}

/** One partition of a run: of an open file, or of frames that were already read, as stored in the file. */
export type PartitionJob = PartitionWork & ({ readonly dataset: Dataset } | GivenFrames);
interface GivenFrames {
  readonly frames: FrameArray;
  /** The memory of the frames is reused by others after the partition. */
  readonly borrowed?: boolean;
}
interface PartitionWork {
  readonly partition: Partition;
  readonly udfs: readonly { readonly udf: AnyUdf; readonly params: Readonly<Record<string, unknown>> }[];
  readonly meta: Omit<UdfMeta, 'inputDtype'>;
  readonly corrections: Corrections | undefined;
}

/** The dtype of the frames that the UDFs of a run see. */
export const inputDtype = (dtype: DataType, corrected: boolean, udfs: readonly AnyUdf[]): DataType =>
  inputDtypeOf(
    dtype,
    corrected,
    udfs.map(({ definition }) => definition.dtype ?? 'native'),
  );

/** Whether UDFs see frames exactly as they are stored in the file. */
export const seesStored = (stored: DataType, shown: DataType, corrections: Corrections | undefined): boolean =>
  stored === shown && corrections === undefined;

/** Bytes of a tile, chosen to stay in the inner caches, unless the UDF says otherwise. */
const tileBytes = 2 ** 20;
const defaultDepth = 32;

function depthOf(running: Running, frameBytes: number): number {
  const wanted = running.udf.definition.tiling?.depth;
  if (wanted !== undefined) return Math.max(1, Math.floor(wanted));
  return Math.max(1, Math.min(defaultDepth, Math.floor(tileBytes / frameBytes)));
}

/** Passes frames first … end to one UDF's method. */
function show(running: Running, frames: FrameArray, first: number, end: number): void {
  const { udf, meta, scope } = running;
  const { definition } = udf;
  const numbers = product(meta.sig) * numbersOf(meta.inputDtype);
  if (methodOf(definition) === 'processFrame') {
    for (let i = first; i < end; i++) {
      running.point(i, i + 1);
      scope.frame = frames.subarray(i * numbers, (i + 1) * numbers);
      scope.position = meta.positions[i];
      let given: unknown;
      try {
        given = definition.processFrame?.(scope as never);
      } catch (cause) {
        throw thrown(definition.name, `frame ${meta.positions[i]}`, cause);
      }
      if (given !== undefined) settled(definition.name, 'processFrame', given);
    }
    return;
  }
  const rows = meta.sig[0] ?? 1;
  const rowPixels = product(meta.sig) / rows;
  const rowBytes = rowPixels * elementBytes(meta.inputDtype) * (end - first);
  const bytes = definition.tiling?.bytes ?? Number.POSITIVE_INFINITY;
  const step = Math.min(rows, Math.max(1, Math.floor(bytes / rowBytes)));
  for (let row = 0; row < rows; row += step) {
    const [low, high] = [row * rowPixels, Math.min(rows, row + step) * rowPixels];
    running.point(first, end, low, high);
    scope.tile =
      step === rows ? frames.subarray(first * numbers, end * numbers) : cut(frames, first, end, numbers, low, high);
    scope.depth = end - first;
    scope.pixels = high - low;
    scope.firstPixel = low;
    scope.positions = meta.positions.subarray(first, end);
    guarded(
      definition.name,
      'processTile',
      () => definition.processTile?.(scope as never),
      `frames ${meta.positions[first]} to ${meta.positions[end - 1]}`,
    );
  }
}

/** The pixels low … high of some frames, concatenated. */
function cut(frames: FrameArray, first: number, end: number, numbers: number, low: number, high: number): FrameArray {
  const out = frames.slice(0, 0).constructor as new (length: number) => FrameArray;
  const tile = new out((end - first) * (high - low)) as Float64Array;
  for (let i = first; i < end; i++)
    tile.set((frames as Float64Array).subarray(i * numbers + low, i * numbers + high), (i - first) * (high - low));
  return tile;
}

/** Runs one partition; returns the arrays of each UDF, nav arrays only for the frames that exist. */
export async function runPartition(job: PartitionJob, place: PartitionPlace): Promise<Arrays[]> {
  const { partition, udfs, corrections } = job;
  const { datasetDtype, sig } = job.meta;
  const { signal, passes } = place;
  const bare = udfs.map(({ udf }) => udf);
  const dtype = inputDtype(datasetDtype, corrections !== undefined, bare);
  const meta: PartitionMeta = {
    ...job.meta,
    inputDtype: dtype,
    partition: { index: partition.index, first: partition.first, count: partition.count },
    positions: partition.positions,
  };
  const count = partition.positions.length;
  const pixels = count * product(sig);
  const unchanged = seesStored(datasetDtype, dtype, corrections);
  const takeFor =
    (shown: boolean) =>
    (type: DataType, length: number): FrameArray =>
      passes?.take(type, length, shown) ?? allocateFrames(type, length);
  const stored = 'frames' in job ? job.frames : takeFor(unchanged)(datasetDtype, pixels);
  if ('dataset' in job) await readRuns(job.dataset, partition.runs, stored, signal);
  checkSignal(signal);
  const raw = { ...meta, inputDtype: datasetDtype };
  const folded = corrections && (await passes?.foldedOf(udfs, corrections, raw));
  let frames = stored;
  if (corrections && !folded) frames = correctFrames(stored, datasetDtype, count, corrections, dtype, takeFor(true));
  else if (!corrections) frames = convertFrames(stored, datasetDtype, dtype, stored.length, takeFor(true));
  const running = udfs.map(({ udf, params }, i) => {
    const part = folded ? folded[i] : passes?.partOf(udf, params, meta);
    return new Running(udf, auxOf(params, partition.positions), meta, part);
  });
  for (const one of running)
    guarded(one.udf.definition.name, 'preprocess', () => one.udf.definition.preprocess?.(one.scope as never));
  if (count > 0) {
    const byCore = running.filter(({ part }) => part !== undefined);
    if (byCore.length > 0)
      await passes?.run(byCore as { part: KernelPart; arrays: Arrays; task: unknown }[], frames, folded ? raw : meta);
    const left: Running[] = [];
    for (const one of running)
      if (one.part === undefined && !(await passes?.computes(one, frames, signal))) left.push(one);
    await showAll(left, frames, count, signal);
  }
  for (const one of running) {
    one.point(0, count, 0, product(meta.sig));
    guarded(one.udf.definition.name, 'postprocess', () => one.udf.definition.postprocess?.(one.scope as never));
  }
  // Frames belong to a UDF until its method returns.
  if (!('borrowed' in job && job.borrowed)) passes?.give(stored);
  if (frames !== stored) passes?.give(frames);
  return running.map(({ arrays }) => arrays);
}

/** Passes all frames to the UDFs that run in JavaScript, tile by tile, so that a tile is read from memory once. */
async function showAll(
  running: readonly Running[],
  frames: FrameArray,
  count: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (running.length === 0) return;
  const tiled = running.filter(({ udf }) => methodOf(udf.definition) !== 'processPartition');
  const frameBytes = (frames.byteLength / count) | 0 || 1;
  const depth = Math.min(...tiled.map((one) => depthOf(one, frameBytes)), count);
  let breathed = performance.now();
  for (let first = 0; tiled.length > 0 && first < count; first += depth) {
    const end = Math.min(count, first + depth);
    for (const one of tiled) show(one, frames, first, end);
    if (performance.now() - breathed > 50) {
      await breathe();
      checkSignal(signal);
      breathed = performance.now();
    }
  }
  for (const one of running) {
    const { definition } = one.udf;
    if (methodOf(definition) !== 'processPartition') continue;
    one.point(0, count, 0, product(one.meta.sig));
    Object.assign(one.scope, { frames, count, positions: one.meta.positions });
    const { index } = one.meta.partition;
    guarded(
      definition.name,
      'processPartition',
      () => definition.processPartition?.(one.scope as never),
      `partition ${index} (frames ${one.meta.positions[0]} to ${one.meta.positions.at(-1)})`,
    );
  }
}
