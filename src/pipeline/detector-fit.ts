/**
 * Determines the true position of the detector from crystals of a known cell: the factor on its distance and the shift
 * of the beam that move the peaks of a crystal onto the reflections to which they belong.
 *
 * The crystal keeps its tilts, which are fixed by the excitation of its reflections and hardly visible in positions on
 * the detector; its lengths and angles are the known ones. What remains between predicted and found positions is a
 * rotation about the beam, a scale and a shift: a similarity, which least squares yields directly. A known cell that is
 * too large looks like a detector that is too near, because the fit assumes the cell to be right.
 */

import { median } from '../base/median.js';
import { type Cell, reciprocal, type Vector } from '../crystal/cell.js';
import type { Beam, Geometry } from '../crystal/geometry/geometry.js';
import { positionOf } from '../crystal/geometry/pixels.js';
import type { PeakList } from '../peaks/peak-list.js';

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

const transposed = (m: Cell): Cell => [
  [m[0][0], m[1][0], m[2][0]],
  [m[0][1], m[1][1], m[2][1]],
  [m[0][2], m[1][2], m[2][2]],
];

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
export function orientedAs(found: Cell, known: Cell): Cell | undefined {
  let turn = product(inverse(known), found);
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
  peaks: PeakList,
  indexed: ArrayLike<number>,
  indices: ArrayLike<number>,
  geometry: Geometry,
  beam: Beam,
): DetectorFit | undefined {
  const cell = orientedAs(found, known);
  if (!cell || indexed.length < 12) return undefined;
  const [as, bs, cs] = reciprocal(cell);
  const k = 1 / beam.wavelengthA;
  let places: { x: number; y: number; px: number; py: number }[] = [];
  for (let i = 0; i < indexed.length; i++) {
    const at = indexed[i] ?? 0;
    const panel = geometry.panels[peaks.panel[at] ?? 0];
    if (!panel) continue;
    const [x, y, z] = positionOf(panel, beam, (peaks.fs[at] ?? 0) - panel.minFs, (peaks.ss[at] ?? 0) - panel.minSs);
    const [h = 0, kk = 0, l = 0] = [indices[3 * i], indices[3 * i + 1], indices[3 * i + 2]];
    const forward = h * as[2] + kk * bs[2] + l * cs[2] + k;
    if (!(forward > 0)) continue;
    const px = ((h * as[0] + kk * bs[0] + l * cs[0]) / forward) * z;
    const py = ((h * as[1] + kk * bs[1] + l * cs[1]) / forward) * z;
    places.push({ x, y, px, py });
  }
  let fit: DetectorFit | undefined;
  // Repeated without the outliers of the previous fit.
  for (let round = 0; round < 3 && places.length >= 12; round++) {
    const mean = (of: (place: (typeof places)[number]) => number): number =>
      places.reduce((sum, place) => sum + of(place), 0) / places.length;
    const [mx, my, mpx, mpy] = [mean(({ x }) => x), mean(({ y }) => y), mean(({ px }) => px), mean(({ py }) => py)];
    let [along, across, square] = [0, 0, 0];
    for (const { x, y, px, py } of places) {
      const [dx, dy, dpx, dpy] = [x - mx, y - my, px - mpx, py - mpy];
      along += dx * dpx + dy * dpy;
      across += dy * dpx - dx * dpy;
      square += dpx * dpx + dpy * dpy;
    }
    if (!(square > 0)) return undefined;
    const [scale, turn] = [along / square, across / square];
    const shift = [scale * mpx - turn * mpy - mx, scale * mpy + turn * mpx - my] as const;
    const errors = places.map(({ x, y, px, py }) =>
      Math.hypot(x + shift[0] - scale * px + turn * py, y + shift[1] - scale * py - turn * px),
    );
    const rmsM = Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length);
    fit = { scale, shiftM: shift, rmsM, count: places.length };
    places = places.filter((_, i) => (errors[i] ?? 0) < 2.5 * rmsM);
  }
  return fit;
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

/** Median and its standard error, that of a normal distribution with the same median deviation. */
function middle(values: readonly number[]): readonly [number, number] {
  const m = median(values);
  const deviation = 1.4826 * median(values.map((x) => Math.abs(x - m)));
  return [m, (1.2533 * deviation) / Math.sqrt(values.length)];
}

/** Number of crystals that a verdict requires. */
export const fewestFits = 5;

/** Combines the fits of a run, in the order of its frames; undefined with fewer than five. */
export function detectorVerdict(fits: readonly DetectorFit[]): DetectorVerdict | undefined {
  if (fits.length < fewestFits) return undefined;
  const of = (some: readonly DetectorFit[]) => ({
    scale: middle(some.map(({ scale }) => scale)),
    x: middle(some.map(({ shiftM }) => shiftM[0])),
    y: middle(some.map(({ shiftM }) => shiftM[1])),
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
    distance: { value: beam.distanceM * scale },
    shift: [{ value: beam.shiftM[0] + shiftM[0] }, { value: beam.shiftM[1] + shiftM[1] }],
  };
}
