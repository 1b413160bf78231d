/** Splits a run into partitions and determines the frames of each. */

import { elementBytes, type FrameArray } from '../../bytes/dtype.js';
import { partitionsOfCustom } from '../../frames/custom.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { product } from '../../util/product.js';
import type { Selection } from '../scans/roi.js';
import type { Scan } from '../scans/scan.js';

/** Consecutive frames in the file, and the index of the first within the partition. */
export interface FrameRun {
  readonly file: number;
  readonly count: number;
}

/** A part of a run: consecutive positions of the selection. */
export interface Partition {
  readonly index: number;
  /** Index of its first position among those selected. */
  readonly first: number;
  readonly count: number;
  /** Frames of the file to be read, in order. */
  readonly runs: readonly FrameRun[];
  /** Indices within the partition of the positions that have a frame; absent if all do. */
  readonly places: Uint32Array | undefined;
  /** Flat scan positions of the frames that exist. */
  readonly positions: Uint32Array;
  /** The partitions that it joins, which are processed in order and merged where they are computed; absent for one. */
  readonly parts?: readonly Partition[] | undefined;
}

/** A partition to be processed. */
export interface Job {
  readonly partition: Partition;
  /** Its frames, if they have arrived; they are read otherwise. */
  readonly frames?: FrameArray | undefined;
  /** Whether the memory of its results is that of a scan in memory, so that the run copies them. */
  readonly isLent?: boolean | undefined;
  /** Called when its results are merged. */
  merged?(): Promise<void> | void;
}

/** Approximate bytes per partition: small enough to keep two of them in flight. */
const partitionBytes = 2 ** 25;
/** A run is split into at least this many parts if they have a megabyte each. */
const minPartitions = 16;

/**
 * Boundaries of partitions. They depend only on the data and the UDFs and never on the executor, so that floating-point
 * sums are merged in the same order everywhere.
 */
function boundaries(
  scan: Scan,
  { count, positions }: Selection,
  wanted: number | undefined,
  minBytes: number,
): number[] {
  const own = wanted === undefined && count === scan.imageCount ? partitionsOfCustom(scan.dataset) : undefined;
  if (own) return [0, ...own.map(({ first, count: frames }) => first + frames)];
  const frameBytes = product(scan.shape.sig) * elementBytes(scan.dtype);
  const bytes = count * frameBytes;
  const bySize = Math.max(Math.ceil(bytes / partitionBytes), Math.min(minPartitions, Math.ceil(bytes / 2 ** 20)));
  const automatic = Math.min(bySize, Math.floor(bytes / minBytes));
  const parts = Math.max(1, Math.min(count, wanted ?? automatic));
  const chunk = scan.dataset.chunkFrames;
  const fileOf = (at: number): number => (positions ? (positions[at] as number) : at) + scan.sync.syncOffset;
  const cut = Array.from({ length: parts + 1 }, (_, i) => {
    let at = Math.floor((count * i) / parts);
    if (wanted !== undefined || chunk === 1 || i === 0 || i === parts) return at;
    // A chunk that two partitions share would be decoded for both.
    const start = Math.floor(fileOf(at) / chunk) * chunk;
    while (at > 0 && fileOf(at - 1) >= start) at--;
    return at;
  });
  return [...new Set(cut)];
}

/** Bytes of results of all partitions up to which none are joined: they are sent to the side that merges. */
const sentBytes = 2 ** 26;

/**
 * Number of consecutive partitions to join so that fewer results are sent, if each has `bytes` that can be merged. At
 * least 4 √partitions remain, so that a long run still occupies many workers.
 */
function joinedCount(partitions: number, bytes: number): number {
  const most = Math.floor(Math.sqrt(partitions / 16));
  return Math.max(1, Math.min(most, Math.ceil((partitions * bytes) / sentBytes)));
}

/** Lists of numbers as one; there is one number for each position of a scan. */
function joinedNumbers(lists: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(lists.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all;
}

/** Joins consecutive partitions. */
function join(index: number, parts: readonly Partition[]): Partition {
  const [{ first }] = parts as readonly [Partition];
  const all = parts.every(({ places }) => !places);
  const placesOf = (part: Partition): number[] =>
    Array.from(part.places ?? part.positions.keys(), (place) => part.first - first + place);
  return {
    index,
    first,
    count: parts.reduce((sum, { count }) => sum + count, 0),
    runs: parts.flatMap(({ runs }) => runs),
    places: all ? undefined : Uint32Array.from(parts.flatMap(placesOf)),
    positions: joinedNumbers(parts.map(({ positions }) => positions)),
    parts,
  };
}

/**
 * Joins partitions whose results, of `bytes` each, can be merged before they are sent. Which ones does not depend on
 * the executor either.
 */
export function joinPartitions(partitions: readonly Partition[], bytes: number): readonly Partition[] {
  const size = joinedCount(partitions.length, bytes);
  if (size === 1) return partitions;
  return Array.from({ length: Math.ceil(partitions.length / size) }, (_, i) =>
    join(i, partitions.slice(i * size, (i + 1) * size)),
  );
}

/** Partitions as they are processed. */
export const partsOf = (partitions: readonly Partition[]): readonly Partition[] =>
  partitions.flatMap((partition) => partition.parts ?? [partition]);

/** Whether the frames of every partition are consecutive in the file and begin at a whole chunk. */
export const areWholeChunks = (partitions: readonly Partition[], chunkFrames: number): boolean =>
  partitions.every(({ runs: [run, another] }) => !another && (run?.file ?? 0) % chunkFrames === 0);

/** All partitions as one, whose results are computed at once. */
export const wholeOf = (partitions: readonly Partition[]): Partition => join(0, partsOf(partitions));

/** What the results of a run ask of its partitions, in bytes. */
export interface PartitionBytes {
  /** The least bytes of the frames of a partition. */
  readonly least: number;
  /** Bytes of the results of a partition that can be merged with those of the next one; 0 if none can. */
  readonly mergeable: number;
}

/** Splits a run into `wanted` partitions, by default according to size. Throws `Argument`. */
export function partitionsOf(
  scan: Scan,
  selection: Selection,
  wanted: number | undefined,
  { least, mergeable }: PartitionBytes = { least: 1, mergeable: 0 },
): readonly Partition[] {
  if (wanted !== undefined && (!Number.isInteger(wanted) || wanted < 1))
    throw new EwaldError('Argument', `numPartitions is ${inspect(wanted)}; expected a whole number from 1`);
  // Partitions of a live scan are the frames that have arrived.
  if (selection.count === 0 || scan.live) return [];
  const { syncOffset } = scan.sync;
  const cut = boundaries(scan, selection, wanted, least);
  const partitions = cut.slice(0, -1).map((first, index): Partition => {
    const count = (cut[index + 1] as number) - first;
    const runs: { file: number; count: number }[] = [];
    const [places, positions] = [new Uint32Array(count), new Uint32Array(count)];
    let [last, frames]: [(typeof runs)[number] | undefined, number] = [undefined, 0];
    for (let place = 0; place < count; place++) {
      const position = selection.positions ? (selection.positions[first + place] as number) : first + place;
      const file = position + syncOffset;
      if (file < 0 || file >= scan.imageCount) continue;
      if (last && last.file + last.count === file) last.count++;
      else {
        last = { file, count: 1 };
        runs.push(last);
      }
      places[frames] = place;
      positions[frames++] = position;
    }
    const isWhole = frames === count;
    return {
      ...{ index, first, count, runs },
      places: isWhole ? undefined : places.slice(0, frames),
      positions: isWhole ? positions : positions.slice(0, frames),
    };
  });
  return joinPartitions(partitions, mergeable);
}
