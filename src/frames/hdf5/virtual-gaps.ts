/** Frames of virtual datasets for which nothing is stored: none of their parts covers them, or their sources lack chunks. */

import { volume } from '../../hdf5/box.js';
import type { Hdf5Dataset } from '../../hdf5/dataset.js';
import type { SourceDataset } from '../../hdf5/home.js';
import { type AxisSelection, indexAt, selected } from '../../hdf5/selection.js';
import type { VirtualPiece } from '../../hdf5/virtual.js';
import { type StoredArray, storedFrames, type UnwrittenFrames } from '../unwritten.js';

/** Most frames that are marked one by one. */
const maxFrames = 2 ** 24;

/** What is known of a frame: that something of it is stored, that something is not. */
const [written, lacking] = [1, 2];

const none: UnwrittenFrames = { none: 0, firstNone: -1, part: 0, firstPart: -1 };

/** The runs [from, to) of an axis of `length` that a selection covers; one without limit goes to the end. */
function* runsOf({ start, stride, count, block }: AxisSelection, length: number): Generator<readonly [number, number]> {
  for (let i = 0; i < count; i++) {
    const from = start + i * stride;
    if (from >= length) return;
    yield [from, Math.min(length, from + block)];
    if (block === Infinity) return;
  }
}

/** Marks the frames that a selection of a target covers. */
function mark(marks: Uint8Array, nav: readonly number[], target: readonly AxisSelection[], bits: number): void {
  const along = (axis: number, first: number): void => {
    const length = nav[axis] as number;
    for (const [from, to] of runsOf(target[axis] as AxisSelection, length))
      for (let at = from; at < to; at++)
        if (axis < nav.length - 1) along(axis + 1, first * length + at);
        else marks[first * length + at] = (marks[first * length + at] as number) | bits;
  };
  along(0, 0);
}

/** The sums of what is marked. */
function sumsOf(marks: Uint8Array): UnwrittenFrames {
  const sums = { none: 0, firstNone: -1, part: 0, firstPart: -1 };
  for (const [frame, bits] of marks.entries()) {
    if (!(bits & written)) {
      if (sums.none === 0) sums.firstNone = frame;
      sums.none++;
    } else if (bits & lacking) {
      if (sums.part === 0) sums.firstPart = frame;
      sums.part++;
    }
  }
  return sums;
}

const navOf = ({ shape }: Hdf5Dataset, signalAxes: number): readonly number[] =>
  shape.slice(0, Math.max(0, shape.length - signalAxes));

/** The frames that no part covers; whether a part covers all of a frame is not asked, as modules have gaps. */
export function unmapped(dataset: Hdf5Dataset, signalAxes: number): UnwrittenFrames {
  const nav = navOf(dataset, signalAxes);
  if (nav.length === 0 || volume(nav) > maxFrames) return none;
  const marks = new Uint8Array(volume(nav));
  for (const { source, target } of dataset.mappings ?? []) {
    if (source === 'none' || target === 'none') continue;
    if (target === 'all') return none;
    mark(marks, nav, target, written);
  }
  return sumsOf(marks);
}

/**
 * The frames that no part covers or whose sources lack chunks, as a source whose program has not come to its end; every
 * source is opened. One that does not exist is named elsewhere.
 */
export async function withoutSources(dataset: Hdf5Dataset, signalAxes: number): Promise<UnwrittenFrames> {
  const nav = navOf(dataset, signalAxes);
  const pieces = dataset.pieces();
  if (!pieces || nav.length === 0 || volume(nav) > maxFrames) return none;
  const marks = new Uint8Array(volume(nav));
  // A source may have a part for each of its frames.
  const known = new Map<string, StoredNav | undefined>();
  for await (const piece of pieces) {
    const { source, target } = piece;
    const key = `${source?.file.source.name}\n${source?.path}`;
    if (source && !known.has(key)) known.set(key, await storedNav(source, signalAxes));
    const stored = source && known.get(key);
    if (!stored || !markFrames(marks, nav, piece, stored)) mark(marks, nav, target, written);
  }
  return sumsOf(marks);
}

/** Lengths of the axes of a source that count its frames, and what is known of each frame. */
interface StoredNav {
  readonly shape: readonly number[];
  readonly bits: Uint8Array;
}

/** What the chunks of a source tell of its frames; undefined where frames that share a chunk do not follow each other. */
async function storedNav(source: SourceDataset, signalAxes: number): Promise<StoredNav | undefined> {
  const { chunk, shape: all } = source;
  const shape = all.slice(0, Math.max(0, all.length - signalAxes));
  // A source of one frame may have no axis of frames.
  const array = all.length === signalAxes ? asFrames(source) : source;
  const isFlat = volume(shape.slice(1)) === 1 || !chunk || volume(chunk.slice(0, shape.length)) === 1;
  if (all.length < signalAxes || volume(shape) > maxFrames || !isFlat) return undefined;
  const bits = new Uint8Array(volume(shape));
  for await (const { first, frames, stored } of storedFrames(array, array.shape[0] as number, signalAxes))
    bits.fill((stored === 'none' ? 0 : written) | (stored === 'all' ? 0 : lacking), first, first + frames);
  return { shape, bits };
}

/** Marks the frames that a source fills; false where they do not lie along one axis of both, and nothing is marked. */
function markFrames(
  marks: Uint8Array,
  nav: readonly number[],
  { from, target }: VirtualPiece,
  { shape, bits }: StoredNav,
): boolean {
  const long = (axes: readonly AxisSelection[]): number[] => axes.flatMap((axis, i) => (selected(axis) > 1 ? [i] : []));
  const [targetAxes, sourceAxes] = [long(target.slice(0, nav.length)), long(from.slice(0, shape.length))];
  if (targetAxes.length > 1 || sourceAxes.length !== targetAxes.length) return false;
  const [t, s] = [targetAxes[0], sourceAxes[0]];
  const count = t === undefined ? 1 : selected(target[t] as AxisSelection);
  for (let k = 0; k < count; k++) {
    const frame = placeOf(target, nav, t, k);
    if (frame < marks.length) marks[frame] = (marks[frame] as number) | (bits[placeOf(from, shape, s, k)] ?? 0);
  }
  return true;
}

/** The frame at the k-th index of one axis of a selection, the others of which have one index. */
const placeOf = (
  selection: readonly AxisSelection[],
  shape: readonly number[],
  axis: number | undefined,
  k: number,
): number =>
  shape.reduce((place, n, i) => {
    const along = selection[i] as AxisSelection;
    return place * n + (i === axis ? indexAt(along, k) : along.start);
  }, 0);

/** An array of one frame with an axis of frames before its own. */
const asFrames = (source: SourceDataset): StoredArray => ({
  shape: [1, ...source.shape],
  chunk: source.chunk && [1, ...source.chunk],
  isStored: (place) => source.isStored(source.chunk ? place.slice(1) : place),
});
