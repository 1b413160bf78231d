/** How a run is cut into partitions, and which frames of the file each of them has. */

import { EwaldError } from '../base/errors.js';
import { elementBytes } from '../data/dtype.js';
import { product } from './dtypes.js';
import type { Selection } from './roi.js';
import type { Scan } from './scan.js';

/** Frames that follow each other in the file, and the place of the first in the partition. */
export interface FrameRun {
  readonly file: number;
  readonly count: number;
}

/** A part of a run: consecutive positions of the selection. */
export interface Partition {
  readonly index: number;
  /** Place of its first position among those selected. */
  readonly first: number;
  readonly count: number;
  /** Frames of the file to read, in order. */
  readonly runs: readonly FrameRun[];
  /** Places within the partition of the frames that are there; absent where all are. */
  readonly places: Uint32Array | undefined;
  /** Flat scan positions of the frames that are there. */
  readonly positions: Uint32Array;
}

/** Bytes of a partition, about: small enough that two of them in flight are no burden. */
const partitionBytes = 2 ** 25;
/** Runs of any size are cut into so many parts at least, where they have a megabyte each. */
const leastPartitions = 16;

/**
 * Boundaries of partitions. They depend on the data alone and never on the executor, so that sums of floats are merged in
 * the same order everywhere.
 */
function boundaries(scan: Scan, count: number, wanted: number | undefined): number[] {
  const frameBytes = product(scan.shape.sig) * elementBytes(scan.dtype);
  const bytes = count * frameBytes;
  const automatic = Math.max(Math.ceil(bytes / partitionBytes), Math.min(leastPartitions, Math.ceil(bytes / 2 ** 20)));
  const parts = Math.max(1, Math.min(count, wanted ?? automatic));
  const chunk = scan.dataset.chunkFrames;
  const cut = Array.from({ length: parts + 1 }, (_, i) => {
    const at = Math.floor((count * i) / parts);
    return wanted === undefined && chunk > 1 && i > 0 && i < parts ? Math.floor(at / chunk) * chunk : at;
  });
  return [...new Set(cut)];
}

/** Cuts a run into partitions; `wanted` is how many, default by size. Throws `Argument`. */
export function partitionsOf(scan: Scan, selection: Selection, wanted: number | undefined): Partition[] {
  if (wanted !== undefined && (!Number.isInteger(wanted) || wanted < 1))
    throw new EwaldError('Argument', `numPartitions is ${wanted}; expected a whole number from 1`);
  if (selection.count === 0) return [];
  const { syncOffset } = scan.sync;
  const cut = boundaries(scan, selection.count, wanted);
  return cut.slice(0, -1).map((first, index) => {
    const count = (cut[index + 1] as number) - first;
    const runs: { file: number; count: number }[] = [];
    const places: number[] = [];
    const positions: number[] = [];
    for (let place = 0; place < count; place++) {
      const position = selection.positions ? (selection.positions[first + place] as number) : first + place;
      const file = position + syncOffset;
      if (file < 0 || file >= scan.imageCount) continue;
      const last = runs.at(-1);
      if (last && last.file + last.count === file) last.count++;
      else runs.push({ file, count: 1 });
      places.push(place);
      positions.push(position);
    }
    return {
      index,
      first,
      count,
      runs,
      places: places.length === count ? undefined : Uint32Array.from(places),
      positions: Uint32Array.from(positions),
    };
  });
}
