/** Frames of virtual datasets for which nothing is stored: none of their parts covers them, or their sources lack chunks. */

import { volume } from '../../hdf5/box.js';
import type { Hdf5Dataset } from '../../hdf5/dataset.js';
import { type AxisSelection, indexAt, selected } from '../../hdf5/selection.js';
import type { VirtualPiece } from '../../hdf5/virtual.js';
import { storedFrames, type UnwrittenFrames } from '../unwritten.js';

/** Most frames that are marked one by one. */
const maxFrames = 2 ** 24;

/** What is known of a frame: that a part covers it, that something of it is stored, that something is not. */
const [covered, written, lacking] = [1, 2, 4];

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
    mark(marks, nav, target, covered | written);
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
  for await (const piece of pieces) {
    const frames = await framesOf(piece, nav, signalAxes);
    if (!frames) mark(marks, nav, piece.target, covered | written);
    else for (const [frame, bits] of frames) marks[frame] = (marks[frame] as number) | bits;
  }
  return sumsOf(marks);
}

/**
 * What the chunks of a source tell of the frames that it fills; undefined where frames do not lie along one axis of both,
 * or where the source is not there.
 */
async function framesOf(
  { source, from, target }: VirtualPiece,
  nav: readonly number[],
  signalAxes: number,
): Promise<Map<number, number> | undefined> {
  if (!source) return undefined;
  const long = (axes: readonly AxisSelection[]): number[] => axes.flatMap((axis, i) => (selected(axis) > 1 ? [i] : []));
  const [targetAxes, sourceAxes] = [long(target.slice(0, nav.length)), long(from.slice(0, -signalAxes))];
  // A source of one frame may have no axis of frames.
  const stored = source.shape.length === signalAxes ? { ...asFrames(source) } : source;
  const axes = source.shape.length === signalAxes ? [{ start: 0, stride: 1, count: 1, block: 1 }, ...from] : from;
  if (targetAxes.length > 1 || sourceAxes.length !== targetAxes.length || stored.shape.length < signalAxes + 1)
    return undefined;
  const sourceNav = stored.shape.slice(0, stored.shape.length - signalAxes);
  // Frames that share a chunk are to follow each other.
  const isFlat =
    volume(sourceNav.slice(1)) === 1 || !stored.chunk || volume(stored.chunk.slice(0, sourceNav.length)) === 1;
  if (volume(sourceNav) > maxFrames || !isFlat) return undefined;
  const bits = new Uint8Array(volume(sourceNav));
  for await (const { first, frames, stored: all } of storedFrames(stored, sourceNav[0] as number, signalAxes))
    bits.fill(covered | (all === 'none' ? 0 : written) | (all === 'all' ? 0 : lacking), first, first + frames);
  const frames = new Map<number, number>();
  const [t, s] = [targetAxes[0], sourceAxes[0]];
  const count = t === undefined ? 1 : selected(target[t] as AxisSelection);
  const placeOf = (
    selections: readonly AxisSelection[],
    shape: readonly number[],
    axis: number | undefined,
    k: number,
  ) =>
    shape.reduce((place, n, i) => {
      const along = selections[i] as AxisSelection;
      return place * n + (i === axis ? indexAt(along, k) : along.start);
    }, 0);
  for (let k = 0; k < count; k++) {
    const frame = placeOf(target, nav, t, k);
    if (frame < volume(nav)) frames.set(frame, bits[placeOf(axes, sourceNav, s, k)] ?? covered);
  }
  return frames;
}

/** An array of one frame with an axis of frames before its own. */
const asFrames = (source: NonNullable<VirtualPiece['source']>) => ({
  shape: [1, ...source.shape],
  chunk: source.chunk && [1, ...source.chunk],
  isStored: (place: readonly number[]) => source.isStored(source.chunk ? place.slice(1) : place),
});
