/**
 * How many frames are processed together: in a partition, so that the work for its results is small beside that for its
 * frames, and in a piece, which stays in the caches.
 */

import { elementBytes } from '../../bytes/dtype.js';
import { product } from '../../util/product.js';
import { type AnyUdf, methodOf, type UdfMeta } from '../functions/udf.js';
import type { Scan } from '../scans/scan.js';
import type { PartitionBytes } from './partitions.js';
import type { PlannedUdf } from './planned-udfs.js';
import { tileDepth } from './tiles.js';

/** Bytes of a piece: in the inner caches where a kernel reads it, which needs as long as the system to read it. */
const pieceBytes = (hasKernels: boolean): number => (hasKernels ? 2 ** 21 : 2 ** 22);
/** Frames that kernels add before they touch a sum of a pixel; see cpp/udf/pass.h. */
const minOfKernels = 8;

/** Frames of the largest partition of a run, and those that are read and processed together. */
export interface PieceSizes {
  readonly largest: number;
  readonly piece: number;
}

/** Whether a UDF must see all frames of a partition at once, or is computed by the core, which does. */
const seesPartition = ({ definition }: AnyUdf): boolean =>
  definition.core !== undefined ||
  definition.processFrameWgsl !== undefined ||
  (definition.wasm === undefined && methodOf(definition) === 'processPartition');

/** The least common multiple. */
function together(a: number, b: number): number {
  let [larger, smaller] = [a, b];
  while (smaller > 0) [larger, smaller] = [smaller, larger % smaller];
  return (a / larger) * b;
}

/**
 * Frames of a piece for these UDFs, at most `largest`. A piece of partitions that begin at a chunk ends with one, since a
 * chunk that is cut would be decoded twice.
 */
export function framesOfPiece(
  udfs: readonly AnyUdf[],
  { sig, datasetDtype, inputDtype }: Pick<UdfMeta, 'sig' | 'datasetDtype' | 'inputDtype'>,
  chunkFrames: number,
  largest: number,
): number {
  const byKernel = udfs.some(({ definition }) => definition.kernel);
  // Beside kernels, a module is given memory for as many frames as a GPU may ask for.
  const both = byKernel && udfs.some(({ definition }) => definition.wasm);
  if (both || udfs.some(seesPartition)) return largest;
  const depth = tileDepth(udfs, product(sig) * elementBytes(inputDtype));
  const whole = byKernel ? Math.ceil(minOfKernels / depth) * depth : depth;
  const unit = together(whole, chunkFrames);
  const fitting = Math.floor(pieceBytes(byKernel) / (product(sig) * elementBytes(datasetDtype)));
  return Math.min(largest, Math.max(unit, Math.floor(fitting / unit) * unit));
}

/**
 * Bytes of results that each partition sends although they could be merged with those of the next one: results over all
 * frames, if every UDF allows that. Frames that only this thread can read are sent as well, by partition.
 */
function mergeableBytes({ source }: Scan, parts: readonly PlannedUdf[]): number {
  let bytes = 0;
  for (const { udf, declarations, arrays } of parts) {
    const { merge, mergeAll, mergesParts } = udf.definition;
    const kinds = Object.values(declarations).flatMap(({ kind, use }) => (use === 'resultOnly' ? [] : kind));
    const isNav = !merge && kinds.every((kind) => kind === 'nav');
    if (!source || mergeAll || !(isNav || (mergesParts && !kinds.includes('nav')))) return 0;
    if (!isNav) for (const array of Object.values(arrays)) bytes += array.byteLength;
  }
  return bytes;
}

/**
 * Times the bytes of their results that the frames of a partition have at least: each partition allocates, finishes and
 * merges them, and each frame costs a kernel less than a user's function.
 */
const overResults = { kernel: 4, other: 2 } as const;
/** Most bytes of a partition that this asks for: in pieces, which GPUs do not take, and if its frames are in memory at once. */
const maxBytes = { inPieces: 2 ** 29, atOnce: 2 ** 27 } as const;

/** Bytes that the results of a run ask of its partitions: the work for results is to be small beside that for frames. */
export function partitionBytes(scan: Scan, parts: readonly PlannedUdf[], meta: UdfMeta): PartitionBytes {
  const mergeable = mergeableBytes(scan, parts);
  let bytes = 0;
  for (const { udf, declarations, arrays } of parts) {
    const factor = udf.definition.kernel ? overResults.kernel : overResults.other;
    for (const [name, { kind }] of Object.entries(declarations))
      if (kind !== 'nav') bytes += factor * (arrays[name]?.byteLength ?? 0);
  }
  const udfs = parts.map(({ udf }) => udf);
  const atOnce = 2 ** 31 === framesOfPiece(udfs, meta, scan.dataset.chunkFrames, 2 ** 31);
  return { least: Math.max(1, Math.min(bytes, atOnce ? maxBytes.atOnce : maxBytes.inPieces)), mergeable };
}
