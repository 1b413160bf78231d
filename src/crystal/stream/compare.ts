/** Compares a stream with another one of the same frames, or with the truth of a simulation. */
import { expects, type TextOrBytes, textOf } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import { median } from '../../util/median.js';
import { type Cell, cellFrom, reciprocal, sameLattice } from '../cell.js';
import { type Centring, centrings, primitiveOf } from '../centring.js';
import { misorientation } from '../lattice-match.js';
import { hasRightLabel } from '../symmetry/labels.js';
import { baseOf, eventNumber, matchFrames, matchTruth } from './match-frames.js';
import type { StreamChunk } from './stream.js';

/** The truth about one frame of a simulation. */
export interface TrueFrame {
  /** Reciprocal axes in 1/angstrom, and spots as x, y, h, k, l, counts. */
  readonly lattices: readonly (Readonly<Record<'astar' | 'bstar' | 'cstar', readonly number[]>> & {
    readonly spots: readonly (readonly number[])[];
  })[];
}

/** The truth of simulated frames, as `simulateFrames` and `ewald simulate frames` write it. */
export interface FrameTruth {
  readonly frames: readonly TrueFrame[];
  /** The file of frames to which it belongs; older truth files do not state it. */
  readonly file?: string | undefined;
  /** The options of the simulation, with the centring of the axes; without it they may be those of any centring. */
  readonly args?: { readonly centring?: Centring | undefined } | undefined;
}

/** A stream and the truth of its frames. */
export interface TruthComparison {
  readonly frames: number;
  /** Frames that cannot be found in the truth; nothing of them is judged. */
  readonly framesUnmatched: number;
  readonly crystalsThere: number;
  readonly crystalsRight: number;
  /** Crystals whose lattice is not in the truth. */
  readonly crystalsWrong: number;
  /** Crystals of the right lattice whose axes have wrong names: nearly equal axes are exchanged, for example. */
  readonly crystalsMislabelled: number;
  /** Median misorientation in degrees; null if no crystal is right. */
  readonly misorientationMedianDeg: number | null;
  readonly misorientationMostDeg: number | null;
  /** Fraction of the true spots above 60 counts that have a peak; null without such spots. */
  readonly recallAbove60: number | null;
  readonly recallAbove100: number | null;
  readonly peaks: number;
  readonly peaksFalse: number;
  readonly centroidMedianPx: number | null;
  readonly remarks: readonly string[];
}

/** Two streams of the same frames. */
export interface StreamComparison {
  readonly framesOfFirst: number;
  readonly framesOfSecond: number;
  readonly framesOfBoth: number;
  readonly indexedInBoth: number;
  readonly indexedInFirstAlone: number;
  readonly indexedInSecondAlone: number;
  readonly latticesThatDiffer: number;
  /** Median misorientation in degrees; null if no lattice is the same. */
  readonly misorientationMedianDeg: number | null;
  readonly misorientationMostDeg: number | null;
  readonly peaksInBoth: number;
  readonly peaksInFirstAlone: number;
  readonly peaksInSecondAlone: number;
  readonly centroidMedianPx: number | null;
  readonly remarks: readonly string[];
}

/** Peaks closer than this are the same, in pixels. */
const near = 2;

/** The points of a frame by squares of side `near`, so that the nearest is found without a look at all of them. */
class Points {
  readonly #squares = new Map<number, (readonly [x: number, y: number])[]>();

  constructor(points: Iterable<readonly [x: number, y: number]>) {
    for (const point of points) {
      const key = Points.#key(...point);
      const square = this.#squares.get(key);
      if (square) square.push(point);
      else this.#squares.set(key, [point]);
    }
  }

  // Squares that share a number cost time and change no answer.
  static #key(x: number, y: number): number {
    return Math.floor(x / near) * 2 ** 26 + Math.floor(y / near);
  }

  /** The distance to the nearest point; Infinity if none is closer than `near`. */
  distance(x: number, y: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (const dx of [-near, 0, near])
      for (const dy of [-near, 0, near])
        for (const [u, v] of this.#squares.get(Points.#key(x + dx, y + dy)) ?? []) {
          const distance = Math.hypot(u - x, v - y);
          if (distance < near && distance < least) least = distance;
        }
    return least;
  }
}

const pointsOf = ({ peaks }: StreamChunk): [number, number][] => (peaks ?? []).map(({ fs, ss }) => [fs, ss]);
const isNear = (distance: number): boolean => distance < near;
// A spread of all values would be too many arguments.
const largest = (values: readonly number[], floor: number): number => values.reduce((a, b) => Math.max(a, b), floor);

const cellOf = (rows: readonly (readonly number[])[], factor: number): Cell =>
  reciprocal(cellFrom(rows.flat().map((x) => x * factor)));
/** The cell of a crystal and the centring of its axes; undefined if they may be of any. */
interface Lattice {
  readonly cell: Cell;
  readonly centring: Centring | undefined;
}
const latticesOf = ({ crystals }: StreamChunk): Lattice[] =>
  crystals.map(({ reciprocal: rows, centering }) => ({
    cell: cellOf(rows, 0.1),
    centring: centrings.find((centring) => centring === centering) ?? 'P',
  }));

/**
 * The cells by which two lattices are compared: as they are in the same axes, otherwise the primitive ones. A truth may
 * not state its centring: then a crystal in rhombohedral axes may be one in hexagonal axes there.
 */
function* comparable(own: Lattice, other: Lattice): Generator<readonly [Cell, Cell]> {
  const { cell, centring = 'P' } = own;
  if (other.centring === undefined) {
    yield [cell, other.cell];
    if (centring === 'R') yield [cell, primitiveOf(other.cell, 'H')];
  } else if (centring === other.centring) yield [cell, other.cell];
  else yield [primitiveOf(cell, centring), primitiveOf(other.cell, other.centring)];
}

type Chunks = Iterable<StreamChunk> | AsyncIterable<StreamChunk>;
async function all(chunks: Chunks): Promise<StreamChunk[]> {
  const list: StreamChunk[] = [];
  for await (const chunk of chunks) list.push(chunk);
  return list;
}

const isTruth = (value: Chunks | FrameTruth): value is FrameTruth =>
  Array.isArray((value as Partial<FrameTruth> | null | undefined)?.frames);

function expectsChunks(what: string, value: unknown): void {
  const source = value as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  const iterable =
    typeof source?.[Symbol.asyncIterator] === 'function' || typeof source?.[Symbol.iterator] === 'function';
  const chunks = iterable && typeof value === 'object' && !ArrayBuffer.isView(value);
  expects(chunks, what, value, 'the chunks of a stream: (await readStream(lines)).chunks()');
}

/** Reads the truth of frames from its JSON text. Throws `Format`. */
export function readTruth(given: TextOrBytes, name = 'truth'): FrameTruth {
  const text = textOf('readTruth: the first argument', given);
  let truth: FrameTruth | undefined;
  try {
    truth = JSON.parse(text);
  } catch (cause) {
    throw new EwaldError('Format', `${name} is not JSON; expected what ewald simulate frames writes`, { cause });
  }
  if (!Array.isArray(truth?.frames) || !truth.frames.every((frame: TrueFrame) => Array.isArray(frame?.lattices)))
    throw new EwaldError('Format', `${name} is no truth of frames; expected what ewald simulate frames writes`);
  return truth;
}

/**
 * Compares a stream with another stream of the same frames, or with the truth of a simulation.
 *
 * Frames are matched by the name of their file and their event, a file that the other stream lacks by the last parts of
 * its name, and frames that one of the two names otherwise (`tag-1//` instead of `//0`, or without an event) by their
 * serial numbers, if both have the same. Misorientations are in degrees, centroids in pixels; peaks less than 2 pixels
 * apart are the same. `remarks` states how frames were matched otherwise than by their names, how many were not, and what
 * casts doubt on the comparison. Throws `Argument` if several files could be meant by the name of each, or if the truth
 * has fewer frames.
 */
export async function compareStreams(
  stream: Chunks,
  other: Chunks | FrameTruth,
): Promise<StreamComparison | TruthComparison> {
  expectsChunks('compareStreams: the first argument', stream);
  if (!isTruth(other)) expectsChunks('compareStreams: the second argument', other);
  const chunks = await all(stream);
  return isTruth(other) ? againstTruth(chunks, other) : againstStream(chunks, await all(other));
}

/** For each crystal, its distance from the same lattice on the other side; NaN if there is none. */
function matched(own: readonly Lattice[], others: readonly Lattice[]): number[] {
  return own.map((lattice) => {
    const turns: number[] = [];
    for (const other of others)
      for (const [cell, one] of comparable(lattice, other))
        if (sameLattice(cell, one)) turns.push(misorientation(cell, one));
    return turns.length === 0 ? Number.NaN : Math.min(...turns);
  });
}

const middleOf = (values: readonly number[]): number | null => (values.length > 0 ? median(values) : null);

/** Counts the right and wrong crystals and the true spots that have a peak, and measures the deviations. */
function againstTruth(chunks: readonly StreamChunk[], { frames, file, args }: FrameTruth): TruthComparison {
  const centring = centrings.find((one) => one === args?.centring);
  const files = [...new Set(chunks.map(({ filename }) => baseOf(filename)))];
  const last = largest(
    chunks.map(({ event }) => eventNumber(event) ?? 0),
    -1,
  );
  if (files.length === 1 && last >= frames.length)
    throw new EwaldError(
      'Argument',
      `the stream has event //${last}, the truth ${frames.length} frames; it is the truth of other frames`,
    );
  const { places, remarks: unsure } = matchTruth(chunks, frames.length, file);
  const turns: number[] = [];
  const offsets: number[] = [];
  let [there, wrong, mislabelled, found60, all60, found100, all100, falsePeaks, allPeaks] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (const { lattices } of frames) there += lattices.length;
  for (const [place, chunk] of chunks.entries()) {
    const frame = frames[places[place] ?? -1];
    if (!frame) continue;
    const { lattices } = frame;
    const cells = lattices.map(({ astar, bstar, cstar }) => ({
      cell: cellOf([astar, bstar, cstar], 1),
      centring,
    }));
    const own = latticesOf(chunk);
    for (const [i, turn] of matched(own, cells).entries()) {
      const pairs = cells.flatMap((truth) => [...comparable(own[i] as Lattice, truth)]);
      const labels = pairs.map(([cell, one]) => hasRightLabel(cell, one));
      if (Number.isNaN(turn)) wrong++;
      else if (labels.includes(false) && !labels.includes(true)) mislabelled++;
      else turns.push(turn);
    }
    const spots = lattices.flatMap((lattice) => lattice.spots);
    const peaks = pointsOf(chunk);
    const points = new Points(peaks);
    for (const [x = 0, y = 0, , , , counts = 0] of spots) {
      if (counts <= 60) continue;
      const nearest = points.distance(x, y);
      all60++;
      if (counts > 100) all100++;
      if (!isNear(nearest)) continue;
      found60++;
      if (counts > 100) found100++;
      offsets.push(nearest);
    }
    allPeaks += peaks.length;
    const real = new Points(spots.map(([x = 0, y = 0]) => [x, y]));
    falsePeaks += peaks.filter((peak) => !isNear(real.distance(...peak))).length;
  }
  const remarks = [
    ...unsure,
    ...(files.length > 1 ? [`the stream has frames of ${files.length} files; a truth is of one`] : []),
    ...(file !== undefined && files.length === 1 && files[0] !== baseOf(file)
      ? [`the stream is of ${files[0]}, the truth of ${baseOf(file)}`]
      : []),
    ...(turns.length === 0 && wrong > 0 ? ['no crystal of the stream is in the truth: it may be of other frames'] : []),
  ];
  return {
    frames: chunks.length,
    framesUnmatched: places.filter((place) => place === undefined).length,
    crystalsThere: there,
    crystalsRight: turns.length,
    crystalsWrong: wrong,
    crystalsMislabelled: mislabelled,
    misorientationMedianDeg: middleOf(turns),
    misorientationMostDeg: turns.length > 0 ? largest(turns, 0) : null,
    recallAbove60: all60 > 0 ? found60 / all60 : null,
    recallAbove100: all100 > 0 ? found100 / all100 : null,
    peaks: allPeaks,
    peaksFalse: falsePeaks,
    centroidMedianPx: middleOf(offsets),
    remarks,
  };
}

/** Compares the frames in both streams: in which of them each frame is indexed, and whether to the same lattice. */
function againstStream(chunks: readonly StreamChunk[], others: readonly StreamChunk[]): StreamComparison {
  const { places, remarks: unsure } = matchFrames(chunks, others);
  const turns: number[] = [];
  const offsets: number[] = [];
  let [both, indexedBoth, indexedFirst, indexedSecond, differ, common, more, fewer] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (const [place, chunk] of chunks.entries()) {
    const other = others[places[place] ?? -1];
    if (!other) continue;
    both++;
    const [own, theirs] = [latticesOf(chunk), latticesOf(other)];
    if (own.length > 0 && theirs.length > 0) indexedBoth++;
    else if (own.length > 0) indexedFirst++;
    else if (theirs.length > 0) indexedSecond++;
    if (own.length > 0 && theirs.length > 0)
      for (const turn of matched(own, theirs)) {
        if (Number.isNaN(turn)) differ++;
        else turns.push(turn);
      }
    const [peaks, otherPeaks] = [pointsOf(chunk), pointsOf(other)];
    const points = new Points(otherPeaks);
    const distances = peaks.map((peak) => points.distance(...peak)).filter(isNear);
    for (const distance of distances) offsets.push(distance);
    common += distances.length;
    more += peaks.length - distances.length;
    fewer += otherPeaks.length - distances.length;
  }
  const remarks = [
    ...(both === 0 && chunks.length > 0 && others.length > 0 ? ['the streams have no frame in common'] : []),
    ...unsure,
    ...(turns.length === 0 && differ > 0 ? ['no lattice is the same: the frames may be of different crystals'] : []),
  ];
  return {
    framesOfFirst: chunks.length,
    framesOfSecond: others.length,
    framesOfBoth: both,
    indexedInBoth: indexedBoth,
    indexedInFirstAlone: indexedFirst,
    indexedInSecondAlone: indexedSecond,
    latticesThatDiffer: differ,
    misorientationMedianDeg: middleOf(turns),
    misorientationMostDeg: turns.length > 0 ? largest(turns, 0) : null,
    peaksInBoth: common,
    peaksInFirstAlone: more,
    peaksInSecondAlone: Math.max(0, fewer),
    centroidMedianPx: middleOf(offsets),
    remarks,
  };
}
