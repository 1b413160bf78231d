/**
 * Processes one partition, on any thread or worker: frames are read and prepared, each UDF processes them, and its
 * results are returned.
 */

import { allocateFrames, type DataType, type FrameArray } from '../../bytes/dtype.js';
import type { Corrections } from '../../frames/corrections.js';
import { joined } from '../../util/joined.js';
import { checkSignal } from '../../util/options.js';
import { product } from '../../util/product.js';
import { auxOf } from '../functions/aux.js';
import { allocateViews } from '../functions/buffers.js';
import { callMethod, declarationsOf } from '../functions/call-method.js';
import type { Arrays, BufferArray } from '../functions/dtypes.js';
import type { KernelPart } from '../functions/kernel-part.js';
import type { AnyUdf, UdfMeta } from '../functions/udf.js';
import { partitionMeta } from '../functions/udf-meta.js';
import type { FrameCounts } from '../scans/frame-counts.js';
import { showSparse } from '../sparse/sparse-runs.js';
import type { Partition } from './partitions.js';
import type { Passes } from './passes.js';
import type { FrameStretch } from './pieces.js';
import { convertFrames, correctFrames, inputDtypeOf } from './pieces.js';
import { mergeInto, RunningUdf } from './running-udf.js';
import { showAll } from './tiles.js';

/** What processing a partition needs beside its frames. */
interface PartitionWork {
  readonly udfs: readonly { readonly udf: AnyUdf; readonly params: Readonly<Record<string, unknown>> }[];
  readonly meta: UdfMeta;
  readonly corrections: Corrections | undefined;
  /** Replaces values that are no counts; absent if all are. */
  readonly counts?: FrameCounts | undefined;
  /** Passes of the core; absent if there is no context. */
  readonly passes: Passes | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The frames of a partition, in order. */
type Pieces = AsyncIterable<FrameStretch> | Iterable<FrameStretch>;

/** The dtype of the frames that the UDFs of a run see. */
export const inputDtype = (dtype: DataType, corrected: boolean, udfs: readonly AnyUdf[]): DataType =>
  inputDtypeOf(
    dtype,
    corrected,
    udfs.map(({ definition }) => definition.dtype ?? 'native'),
  );

/** Runs a partition, or those that it joins, whose results are merged; see `runPartition`. */
export async function runParts(
  partition: Partition,
  piecesOf: (part: Partition) => Pieces,
  work: PartitionWork,
): Promise<Arrays[]> {
  const { udfs, meta, passes } = work;
  const all: Arrays[][] = [];
  for (const part of partition.parts ?? [partition]) {
    const found = await runPartition(part, piecesOf(part), work);
    const [merged] = all;
    for (const [i, { udf, params }] of udfs.entries()) {
      const [dest, src] = [merged?.[i], found[i] as Arrays];
      if (udf.definition.merge && dest && part.positions.length > 0) mergeInto(udf, { dest, src, params, meta });
    }
    // Of UDFs that merge, the results of further parts are not needed any more.
    const kept = merged ? found.map((arrays, i) => (udfs[i]?.udf.definition.merge ? {} : arrays)) : found;
    passes?.reuse(found, kept);
    all.push(kept);
  }
  return all.length === 1
    ? (all[0] as Arrays[])
    : udfs.map((_, i) => joinedResults(all.map((one) => one[i] as Arrays)));
}

/** The results of consecutive parts, one after the other. */
function joinedResults(parts: readonly Arrays[]): Arrays {
  const [first = {}] = parts;
  const joinedOf = (name: string, array: BufferArray): BufferArray => {
    const arrays = parts.flatMap((part) => part[name] ?? []);
    if (arrays.length === 1) return array;
    return joined(array.constructor as new (length: number) => Float64Array, arrays as readonly Float64Array[]);
  };
  return Object.fromEntries(Object.entries(first).map(([name, array]) => [name, joinedOf(name, array)]));
}

/** Calls what a UDF does before or after the frames of a partition. */
const around = ({ udf: { definition }, scope, arrays }: RunningUdf, method: 'preprocess' | 'postprocess'): void =>
  void callMethod(definition.name, method, () => definition[method]?.(scope as never), method, arrays);

/** Runs one partition; returns the arrays of each UDF, nav arrays only for the frames that exist. */
export async function runPartition(partition: Partition, pieces: Pieces, work: PartitionWork): Promise<Arrays[]> {
  const { udfs, corrections, counts, passes, signal } = work;
  const { datasetDtype, inputDtype: dtype } = work.meta;
  const meta = partitionMeta(work.meta, partition);
  const count = partition.positions.length;
  const takeFor =
    (shown: boolean) =>
    (type: DataType, length: number): FrameArray =>
      passes?.take(type, length, shown) ?? allocateFrames(type, length);
  const raw = { ...work.meta, inputDtype: datasetDtype };
  const folded = corrections && (await passes?.foldedOf(udfs, corrections, raw));
  const running: RunningUdf[] = [];
  let byCore: readonly (RunningUdf & { part: KernelPart })[] = [];
  let done = false;
  try {
    for (const [i, { udf, params }] of udfs.entries()) {
      const part = folded ? folded[i] : passes?.partOf(udf, params, meta);
      const prepared = await passes?.prepared.of(udf, params, work.meta);
      const own = auxOf(params, partition.positions);
      const declarations = declarationsOf(udf, meta, own);
      const arrays = allocateViews(declarations, count, meta.sig, part?.planes, passes?.places);
      running.push(new RunningUdf(udf, own, meta, { declarations, arrays, part, prepared }));
    }
    for (const runningUdf of running) around(runningUdf, 'preprocess');
    byCore = running.filter(
      (runningUdf): runningUdf is RunningUdf & { part: KernelPart } => runningUdf.part !== undefined,
    );
    const others = running.filter(({ part }) => part === undefined);
    for (const other of others) passes?.modules.begin(other);
    for await (const { frames: whole, first, end, borrowed, sparse, chunks, read } of pieces) {
      checkSignal(signal);
      if (chunks && (await passes?.runPacked(byCore, chunks, meta, { first, end, of: count }))) continue;
      const given = read ? await read() : whole;
      if (sparse) {
        showSparse(running, sparse, first, end, meta);
        continue;
      }
      const places = counts && partition.positions.subarray(first, end);
      const stored = places ? counts.repaired(given, end - first, places, borrowed) : given;
      const convert = async (): Promise<FrameArray> => {
        if (folded) return stored;
        if (!corrections) return convertFrames(stored, datasetDtype, dtype, stored.length, takeFor(true));
        const corrected = await passes?.correct(stored, datasetDtype, end - first, corrections, dtype);
        return corrected ?? correctFrames(stored, datasetDtype, end - first, corrections, dtype, takeFor(true));
      };
      const frames = await convert();
      if (byCore.length > 0) await passes?.run(byCore, frames, folded ? raw : meta, { first, end, of: count });
      const left: RunningUdf[] = [];
      for (const other of others) if (!(await passes?.computes(other, frames, first, end, signal))) left.push(other);
      await showAll(left, frames, first, end, signal);
      // Frames belong to a UDF until its method returns.
      if (!borrowed) passes?.give(stored);
      if (frames !== stored) passes?.give(frames);
    }
    for (const other of others) passes?.modules.finish(other);
    for (const runningUdf of running) {
      runningUdf.point(0, count, 0, product(meta.sig));
      around(runningUdf, 'postprocess');
    }
    done = true;
    return running.map(({ arrays }) => arrays);
  } finally {
    passes?.forget(byCore);
    for (const { udf, scope } of running)
      try {
        callMethod(udf.definition.name, 'cleanup', () => udf.definition.cleanup?.(scope as never));
      } catch (error) {
        // An error of a method comes first.
        // biome-ignore lint/correctness/noUnsafeFinally: there is no other error then
        if (done) throw error;
      }
  }
}
