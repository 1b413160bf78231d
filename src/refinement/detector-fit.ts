/**
 * Determines the true position of the detector from crystals of a known cell: the factor on its distance and the shift
 * of the beam that move the peaks of a crystal onto the reflections to which they belong.
 *
 * The crystal keeps its tilts, which are fixed by the excitation of its reflections and hardly visible in positions on
 * the detector; its lengths and angles are the known ones. What remains between predicted and found positions is a
 * rotation about the beam, a scale and a shift: a similarity, which least squares yields directly. A known cell that is
 * too large looks like a detector that is too near, because the fit assumes the cell to be right.
 */

import { type Cell, reciprocal, type Vector } from '../crystal/cell.js';
import type { Beam, Geometry } from '../crystal/geometry/geometry.js';
import { panelNumbers, panelNumbersLength, xOf, yOf, zOf } from '../crystal/geometry/panel-numbers.js';
import { meanDistance } from '../crystal/geometry/pixels.js';
import { transposed } from '../crystal/strain.js';
import type { PeakList } from '../peaks/peak-list.js';
import { medianWithError } from '../util/median.js';

/** The detector according to one crystal. */
export interface DetectorFit {
  /** True distance divided by that of the geometry. */
  readonly scale: number;
  /** Correction to the shift of the detector, metres. */
  readonly shiftM: readonly [number, number];
  /** Root mean square of the residuals in metres, and the number of peaks used. */
  readonly rmsM: number;
  readonly count: number;
}

/** The peaks of a crystal: their places in the list of the frame, and h, k, l of each. */
interface IndexedPeaks {
  readonly peaks: PeakList;
  readonly indexed: ArrayLike<number>;
  readonly indices: ArrayLike<number>;
}

/** The reciprocal rows are the columns of the inverse. */
const inverse = (m: Cell): Cell => transposed(reciprocal(m));

const determinant = ([a, b, c]: Cell): number =>
  a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) + a[2] * (b[0] * c[1] - b[1] * c[0]);

const rowTimes = ([x, y, z]: Vector, [a, b, c]: Cell): Vector => [
  x * a[0] + y * b[0] + z * c[0],
  x * a[1] + y * b[1] + z * c[1],
  x * a[2] + y * b[2] + z * c[2],
];
const product = (a: Cell, b: Cell): Cell => [rowTimes(a[0], b), rowTimes(a[1], b), rowTimes(a[2], b)];

const between = (a: Vector, b: Vector): Vector => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2];

/** The known cell in its orientation: rotated by the rotation closest to the map from it to the found cell. */
export function orientedAs(cell: Cell, known: Cell): Cell | undefined {
  let turn = product(inverse(known), cell);
  if (!(determinant(turn) > 0.5)) return undefined;
  // Newton's iteration for the rotation of a polar decomposition.
  for (let i = 0; i < 20; i++) {
    const other = reciprocal(turn);
    turn = [between(turn[0], other[0]), between(turn[1], other[1]), between(turn[2], other[2])];
  }
  return product(known, turn);
}

/** Fits the detector to a crystal; undefined if there are too few peaks. */
export function fitDetector(
  found: Cell,
  known: Cell,
  spots: IndexedPeaks,
  { geometry, beam }: { readonly geometry: Geometry; readonly beam: Beam },
): DetectorFit | undefined {
  const cell = orientedAs(found, known);
  if (!cell || spots.indexed.length < 12) return undefined;
  // [places, 4]: x and y of the peak, and x and y of its reflection; objects would be garbage of every frame.
  const places = new Float64Array(4 * spots.indexed.length);
  const numbers = panelNumbers(geometry, beam);
  const nodes = Float64Array.from(reciprocal(cell).flat());
  let count = fillPlaces(places, numbers, spots, nodes, beam.wavelengthA);
  const errors = new Float64Array(count);
  const motion = new Float64Array(4);
  let fit: DetectorFit | undefined;
  // Repeated without the outliers of the previous fit.
  for (let round = 0; round < 3 && count >= 12; round++) {
    if (!fitSimilarity(places, count, motion)) return undefined;
    const [scale = 1, , x = 0, y = 0] = motion;
    const rmsM = Math.sqrt(measureErrors(places, count, motion, errors) / count);
    fit = { scale, shiftM: [x, y], rmsM, count };
    count = keepNear(places, count, errors, 2.5 * rmsM);
  }
  return fit;
}

/** Fills in the places of indexed peaks and of their reflections; returns how many there are. */
function fillPlaces(
  places: Float64Array,
  panels: Float64Array,
  { peaks: { fs, ss, panel: panelOf }, indexed, indices }: IndexedPeaks,
  nodes: Float64Array,
  wavelengthA: number,
): number {
  const k0 = 1 / wavelengthA;
  let to = 0;
  for (let i = 0; i < indexed.length; i++) {
    const peak = indexed[i] as number;
    const panel = panelNumbersLength * (panelOf[peak] ?? 0);
    if (!(panel < panels.length)) continue;
    const h = indices[3 * i] as number;
    const k = indices[3 * i + 1] as number;
    const l = indices[3 * i + 2] as number;
    const forward = h * (nodes[2] as number) + k * (nodes[5] as number) + l * (nodes[8] as number) + k0;
    if (!(forward > 0)) continue;
    const z = zOf(panels, panel, fs[peak] as number, ss[peak] as number);
    places[to] = xOf(panels, panel, fs[peak] as number, ss[peak] as number);
    places[to + 1] = yOf(panels, panel, fs[peak] as number, ss[peak] as number);
    const nodeX = h * (nodes[0] as number) + k * (nodes[3] as number) + l * (nodes[6] as number);
    const nodeY = h * (nodes[1] as number) + k * (nodes[4] as number) + l * (nodes[7] as number);
    places[to + 2] = (nodeX / forward) * z;
    places[to + 3] = (nodeY / forward) * z;
    to += 4;
  }
  return to / 4;
}

/** Fits scale, turn and shift (x, y) by least squares; returns false if all reflections are at one place. */
function fitSimilarity(places: Float64Array, count: number, motion: Float64Array): boolean {
  let mx = 0;
  let my = 0;
  let mpx = 0;
  let mpy = 0;
  for (let at = 0; at < 4 * count; at += 4) {
    mx += places[at] as number;
    my += places[at + 1] as number;
    mpx += places[at + 2] as number;
    mpy += places[at + 3] as number;
  }
  mx /= count;
  my /= count;
  mpx /= count;
  mpy /= count;
  let along = 0;
  let across = 0;
  let square = 0;
  for (let at = 0; at < 4 * count; at += 4) {
    const dx = (places[at] as number) - mx;
    const dy = (places[at + 1] as number) - my;
    const dpx = (places[at + 2] as number) - mpx;
    const dpy = (places[at + 3] as number) - mpy;
    along += dx * dpx + dy * dpy;
    across += dy * dpx - dx * dpy;
    square += dpx * dpx + dpy * dpy;
  }
  const scale = along / square;
  const turn = across / square;
  motion[0] = scale;
  motion[1] = turn;
  motion[2] = scale * mpx - turn * mpy - mx;
  motion[3] = scale * mpy + turn * mpx - my;
  return square > 0;
}

/** Fills in the distances between peaks and their reflections after a fit; returns the sum of their squares. */
function measureErrors(places: Float64Array, count: number, motion: Float64Array, errors: Float64Array): number {
  const scale = motion[0] as number;
  const turn = motion[1] as number;
  const x = motion[2] as number;
  const y = motion[3] as number;
  let squares = 0;
  for (let i = 0, at = 0; i < count; i++, at += 4) {
    const px = places[at + 2] as number;
    const py = places[at + 3] as number;
    const dx = (places[at] as number) + x - scale * px + turn * py;
    const dy = (places[at + 1] as number) + y - scale * py - turn * px;
    const error = Math.sqrt(dx * dx + dy * dy);
    errors[i] = error;
    squares += error * error;
  }
  return squares;
}

/** Removes the places whose error is not below `limit`; returns how many are left. */
function keepNear(places: Float64Array, count: number, errors: Float64Array, limit: number): number {
  let kept = 0;
  for (let i = 0; i < count; i++) {
    if (!((errors[i] as number) < limit)) continue;
    places.copyWithin(4 * kept++, 4 * i, 4 * i + 4);
  }
  return kept;
}

/** The combined result of the crystals of a run. */
export interface DetectorVerdict {
  readonly scale: number;
  readonly shiftM: readonly [number, number];
  /** Standard errors of the scale and of the shift. */
  readonly scaleError: number;
  readonly shiftErrorM: readonly [number, number];
  /** Change from the first third of the run to the last, and its standard error. */
  readonly drift: {
    readonly scale: number;
    readonly scaleError: number;
    readonly shiftM: readonly [number, number];
    readonly shiftErrorM: readonly [number, number];
  };
  readonly crystals: number;
}

/** Number of crystals that a verdict requires. */
export const fewestFits = 5;

/** Combines the fits of a run, in the order of its frames; undefined with fewer than five. */
export function detectorVerdict(fits: readonly DetectorFit[]): DetectorVerdict | undefined {
  if (fits.length < fewestFits) return undefined;
  const of = (some: readonly DetectorFit[]) => ({
    scale: medianWithError(some.map(({ scale }) => scale)),
    x: medianWithError(some.map(({ shiftM }) => shiftM[0])),
    y: medianWithError(some.map(({ shiftM }) => shiftM[1])),
  });
  const all = of(fits);
  const third = Math.max(1, Math.floor(fits.length / 3));
  const [begin, end] = [of(fits.slice(0, third)), of(fits.slice(-third))];
  return {
    scale: all.scale[0],
    shiftM: [all.x[0], all.y[0]],
    scaleError: all.scale[1],
    shiftErrorM: [all.x[1], all.y[1]],
    drift: {
      scale: end.scale[0] - begin.scale[0],
      scaleError: Math.hypot(begin.scale[1], end.scale[1]),
      shiftM: [end.x[0] - begin.x[0], end.y[0] - begin.y[0]],
      shiftErrorM: [Math.hypot(begin.x[1], end.x[1]), Math.hypot(begin.y[1], end.y[1])],
    },
    crystals: fits.length,
  };
}

/** A geometry with the detector at the position found by the crystals. */
export function refinedGeometry(geometry: Geometry, beam: Beam, { scale, shiftM }: DetectorVerdict): Geometry {
  return {
    ...geometry,
    distance: { value: beam.distanceM + (scale - 1) * meanDistance(geometry, beam) },
    shift: [{ value: beam.shiftM[0] + shiftM[0] }, { value: beam.shiftM[1] + shiftM[1] }],
  };
}
