/**
 * Integrates predicted reflections by rings: the pixels within the inner radius, minus the mean of those between the
 * middle and the outer radius.
 */
import {
  type Beam,
  differingUnits,
  type Geometry,
  type Panel,
  unitsPerPhotonOf,
} from '../../crystal/geometry/geometry.js';
import { heightOf, widthOf } from '../../crystal/geometry/pixels.js';
import type { Frame } from '../../peaks/contract.js';
import { type IntegrationMethod, usualIntegration } from './integration-method.js';
import {
  addPredicted,
  column,
  type Measured,
  type Reflection,
  ReflectionRows,
  reflectionsOf,
  rowLength,
} from './reflection-table.js';

export type { Measured } from './reflection-table.js';

/** Radii of the rings in pixels. */
export type RingRadii = readonly [inner: number, middle: number, outer: number];
/** Those of CrystFEL. */
export const usualRadii: RingRadii = [4, 5, 7];

/** Pixels around a centre, row by row. */
interface Pixels {
  readonly dx: Int32Array;
  readonly dy: Int32Array;
  /** Offsets from the centre, in a frame. */
  readonly offsets: Int32Array;
}

/** The pixels of the sum, and those of the background. */
interface Disc {
  readonly reach: number;
  readonly sum: Pixels;
  readonly around: Pixels;
}

function discOf([inner, middle, outer]: RingRadii, width: number): Disc {
  const reach = Math.ceil(outer);
  const within = (least: number, most: number): Pixels => {
    const found: [dx: number, dy: number][] = [];
    for (let dy = -reach; dy <= reach; dy++)
      for (let dx = -reach; dx <= reach; dx++) {
        const square = dx * dx + dy * dy;
        if (square >= least && square <= most) found.push([dx, dy]);
      }
    return {
      dx: Int32Array.from(found, ([dx]) => dx),
      dy: Int32Array.from(found, ([, dy]) => dy),
      offsets: Int32Array.from(found, ([dx, dy]) => dy * width + dx),
    };
  };
  const inSum = inner * inner;
  // If both start at the same radius, the closer pixels belong to the sum.
  const next = Math.max(middle * middle, Math.floor(inSum) + 1);
  return { reach, sum: within(0, inSum), around: within(next, outer * outer) };
}

/** How far from the pixel of a prediction pixels are read; a disc that is centred moves by its inner radius at most. */
export const reachOf = ([inner, , outer]: RingRadii, { centred }: IntegrationMethod): number =>
  Math.ceil(outer) + (centred ? Math.ceil(inner) : 0);

let latest: { readonly key: string; readonly disc: Disc } | undefined;

/** The disc of the previous call, if it was the same, as in all frames of a run. */
function keptDisc(rings: RingRadii, width: number): Disc {
  const key = `${rings} ${width}`;
  if (latest?.key !== key) latest = { key, disc: discOf(rings, width) };
  return latest.disc;
}

/** Finds areas without bad pixels, in which individual lookups, scattered over memory, can be skipped. */
class Clean {
  readonly #across: number;
  readonly #shift: number;
  /** Whether each square tile contains bad pixels. */
  readonly #tiles: Uint8Array;
  readonly reach: number;

  constructor(bad: Uint8Array, width: number, reach: number) {
    this.reach = reach;
    // Tiles are at least as wide as a disc, which then overlaps at most four of them.
    this.#shift = Math.max(4, Math.ceil(Math.log2(2 * reach + 1)));
    this.#across = (width >> this.#shift) + 1;
    this.#tiles = new Uint8Array(this.#across * (((bad.length / width) >> this.#shift) + 1));
    for (let i = 0; i < bad.length; i++)
      if (bad[i] !== 0) this.#tiles[this.#tile(i % width, Math.floor(i / width))] = 1;
  }

  #tile(x: number, y: number): number {
    return (y >> this.#shift) * this.#across + (x >> this.#shift);
  }

  /** Whether the square around a pixel contains no bad pixel; the square must be within the frame. */
  about(x: number, y: number): boolean {
    const { reach } = this;
    const tiles = this.#tiles;
    const [left, right] = [this.#tile(x - reach, y - reach), this.#tile(x + reach, y - reach)];
    const down = this.#tile(x, y + reach) - this.#tile(x, y - reach);
    return tiles[left] === 0 && tiles[right] === 0 && tiles[left + down] === 0 && tiles[right + down] === 0;
  }
}

/** The map of a detector is shared by all of its frames. */
const known = new WeakMap<Uint8Array, Clean>();

function cleanOf(bad: Uint8Array, width: number, reach: number): Clean {
  let clean = known.get(bad);
  if (clean?.reach !== reach) {
    clean = new Clean(bad, width, reach);
    known.set(bad, clean);
  }
  return clean;
}

/** The pixels of a frame, [ss, fs]: they have counts where `bad` is 0 and the value is in the valid range. */
interface FramePixels {
  readonly frame: Frame;
  readonly width: number;
  readonly bad: Uint8Array;
  /** Default: every number. */
  readonly validRange?: readonly [least: number, greatest: number] | undefined;
  /** Largest value of each pixel that is not saturated; default: the maximum of the panel. */
  readonly saturation?: Float32Array | undefined;
}

const everyNumber = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;

/** Whether a pixel is within the disc around one of these centres. */
function isWithin(centres: readonly number[], x: number, y: number, square: number): boolean {
  for (let i = 0; i + 1 < centres.length; i += 2)
    if ((x - (centres[i] as number)) ** 2 + (y - (centres[i + 1] as number)) ** 2 <= square) return true;
  return false;
}

/** Where a disc lies. One instance is used for many reflections: an object for each would be garbage. */
class Spot {
  /** The index of its centre in the frame, and the centre in pixels of its panel. */
  origin = 0;
  cx = 0;
  cy = 0;
  /** Size of the panel, and whether it contains the whole disc. */
  w = 0;
  h = 0;
  inside = false;

  /** Whether a pixel of the disc is on the panel. */
  has({ dx, dy }: Pixels, n: number): boolean {
    if (this.inside) return true;
    const x = this.cx + (dx[n] as number);
    const y = this.cy + (dy[n] as number);
    return x >= 0 && y >= 0 && x < this.w && y < this.h;
  }
}

/** A frame with its bad pixels, the panels of its detector and its beam. */
interface RecordedFrame extends FramePixels {
  readonly geometry: Geometry;
  readonly beam: Beam;
}

/** How reflections are measured. */
interface IntegrationOptions {
  /**
   * For each reflection, the centres (fs, ss, fs, ss, …) of other reflections whose discs are excluded from its
   * background.
   */
  readonly near?: readonly (readonly number[] | undefined)[];
  /** Default: not centred, with a constant background. Saturated reflections are marked with every method. */
  readonly method?: IntegrationMethod;
}

/** Maximum number of moves of a disc towards its spot. */
const maxMoves = 5;

/**
 * The pixel of the centroid of what exceeds the background around a prediction, found iteratively; the prediction itself
 * if that leads farther away than the radius of the sum or to bad pixels, or if nothing exceeds the background.
 */
function centreOfSpot(
  [startX, startY]: readonly [number, number],
  { sum, around }: Disc,
  { valueAt, backgroundAt }: PanelValues,
): readonly [number, number] {
  const farthest = Math.max(...sum.dx);
  let [cx, cy] = [startX, startY];
  for (let move = 0; move < maxMoves; move++) {
    let [total, count] = [0, 0];
    for (let n = 0; n < around.dx.length; n++) {
      const value = backgroundAt(cx + (around.dx[n] as number), cy + (around.dy[n] as number));
      if (value === undefined) continue;
      total += value;
      count++;
    }
    if (count === 0) return [startX, startY];
    let [weight, x, y] = [0, 0, 0];
    for (let n = 0; n < sum.dx.length; n++) {
      const [dx, dy] = [sum.dx[n] as number, sum.dy[n] as number];
      const value = valueAt(cx + dx, cy + dy);
      if (value === undefined) return [startX, startY];
      const above = Math.max(0, value - total / count);
      weight += above;
      x += above * dx;
      y += above * dy;
    }
    if (!(weight > 0)) return [startX, startY];
    const [dx, dy] = [Math.round(x / weight), Math.round(y / weight)];
    [cx, cy] = [cx + dx, cy + dy];
    if (Math.hypot(cx - startX, cy - startY) > farthest) return [startX, startY];
    if (dx === 0 && dy === 0) break;
  }
  return [cx, cy];
}

/** The plane fitted to pixels of a background: its value at the centre, and the mean square of the residuals. */
class Plane {
  #n = 0;
  /** Sums of dx, dy, dx², dx dy and dy², and of the value by itself and multiplied by dx, by dy and by itself. */
  readonly #sums = new Float64Array(9);

  add(dx: number, dy: number, value: number): void {
    const terms = [dx, dy, dx * dx, dx * dy, dy * dy, value, value * dx, value * dy, value * value];
    this.#n++;
    for (let i = 0; i < 9; i++) this.#sums[i] = (this.#sums[i] as number) + (terms[i] as number);
  }

  /** Undefined if the pixels lie on a line. */
  solve(): { value: number; variance: number } | undefined {
    const n = this.#n;
    const [x = 0, y = 0, xx = 0, xy = 0, yy = 0, v = 0, vx = 0, vy = 0, vv = 0] = this.#sums;
    // Moments about the mean, so that the slopes and the value are independent.
    const [cxx, cxy, cyy] = [xx - (x * x) / n, xy - (x * y) / n, yy - (y * y) / n];
    const [cvx, cvy] = [vx - (v * x) / n, vy - (v * y) / n];
    const determinant = cxx * cyy - cxy * cxy;
    if (!(determinant > 1e-6 * cxx * cyy)) return undefined;
    const slopeX = (cvx * cyy - cvy * cxy) / determinant;
    const slopeY = (cvy * cxx - cvx * cxy) / determinant;
    const variance = Math.max(0, (vv - (v * v) / n - slopeX * cvx - slopeY * cvy) / n);
    return { value: (v - slopeX * x - slopeY * y) / n, variance };
  }
}

/**
 * Measures reflections. Those whose sum would include a pixel without a count or the edge of a panel, or whose background has fewer
 * than ten pixels, are skipped.
 */
export function integrate(
  recorded: RecordedFrame,
  reflections: readonly Reflection[],
  rings: RingRadii,
  options: IntegrationOptions = {},
): Measured[] {
  const rows = new ReflectionRows();
  addPredicted(rows, reflections);
  integrateRows(recorded, rows, rings, options);
  return reflectionsOf(rows.table());
}

/** The columns of `panelNumbers`. */
const panelColumn = { minFs: 0, minSs: 1, width: 2, height: 3, gain: 4, maximum: 5 } as const;
const panelLength = 6;

/** What measuring needs of each panel, as plain numbers: panels of different geometries are different classes. */
function panelNumbers({ panels }: Geometry, { wavelengthA }: Beam): Float64Array {
  const numbers = new Float64Array(panelLength * panels.length);
  for (let i = 0; i < panels.length; i++) {
    const panel = panels[i] as Panel;
    const at = panelLength * i;
    numbers[at + panelColumn.minFs] = panel.minFs;
    numbers[at + panelColumn.minSs] = panel.minSs;
    numbers[at + panelColumn.width] = widthOf(panel);
    numbers[at + panelColumn.height] = heightOf(panel);
    numbers[at + panelColumn.gain] = unitsPerPhotonOf(panel, wavelengthA) ?? 1;
    numbers[at + panelColumn.maximum] = panel.maximum;
  }
  return numbers;
}

/** Like `integrate`; completes rows of predicted reflections, and removes those that are skipped. */
export function integrateRows(
  recorded: RecordedFrame,
  rows: ReflectionRows,
  rings: RingRadii,
  { near = [], method = usualIntegration }: IntegrationOptions = {},
): void {
  const { width, bad, geometry, beam } = recorded;
  const disc = keptDisc(rings, width);
  const inSum = rings[0] * rings[0];
  rows.count = measureRows(recorded, rows, {
    panels: panelNumbers(geometry, beam),
    disc,
    clean: cleanOf(bad, width, disc.reach),
    inSum,
    near,
    moved: method.centred ? centresOf(rows, disc, recorded) : undefined,
    fitted: method.gradient
      ? (panel, cx, cy, index) =>
          planeAround(disc, cx, cy, valuesOf(recorded, geometry.panels[panel] as Panel), near[index], inSum)
      : undefined,
  });
  const units = differingUnits(geometry, beam.wavelengthA);
  if (units) toCommonUnits(rows, units);
}

/**
 * Where panels have different units per photon, intensities and errors are brought to the median of these, the lower
 * one of two: crystals have one scale. Peak and background stay as they are in the frame, as limits on them do.
 */
function toCommonUnits({ values, count }: ReflectionRows, units: readonly number[]): void {
  const common = units.toSorted((a, b) => a - b)[(units.length - 1) >> 1] as number;
  for (let at = 0; at < rowLength * count; at += rowLength) {
    const factor = common / (units[values[at + column.panel] as number] as number);
    values[at + column.intensity] = factor * (values[at + column.intensity] as number);
    values[at + column.sigma] = factor * (values[at + column.sigma] as number);
  }
}

/** The pixels of the spots near predicted reflections, in pixels of their panels: x, y, x, y, … */
function centresOf({ values, count }: ReflectionRows, disc: Disc, recorded: RecordedFrame): Float64Array {
  const { panels } = recorded.geometry;
  const centres = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    const row = rowLength * i;
    const panel = panels[values[row + column.panel] as number];
    const x = Math.floor(values[row + column.fs] as number);
    const y = Math.floor(values[row + column.ss] as number);
    if (panel) centres.set(centreOfSpot([x, y], disc, valuesOf(recorded, panel)), 2 * i);
  }
  return centres;
}

type FittedPlane = (panel: number, cx: number, cy: number, index: number) => ReturnType<Plane['solve']>;

/** How the rows of a frame are measured. */
interface Measuring {
  /** See `panelNumbers`. */
  readonly panels: Float64Array;
  readonly disc: Disc;
  readonly clean: Clean;
  /** The square of the radius of the sum. */
  readonly inSum: number;
  readonly near: NonNullable<IntegrationOptions['near']>;
  /** The centres of the discs; undefined: the predictions. */
  readonly moved: Float64Array | undefined;
  readonly fitted: FittedPlane | undefined;
}

/**
 * Measures the rows and returns how many are kept. Per reflection it uses only numbers and arrays of numbers: the
 * engine would compile it again, in the first frames of a run, for each class of panels.
 */
function measureRows(
  pixels: FramePixels,
  rows: ReflectionRows,
  { panels, disc, clean, inSum, near, moved, fitted }: Measuring,
): number {
  const { frame, width, saturation, validRange = everyNumber } = pixels;
  const { reach, sum: inner, around: outer } = disc;
  const { values, count: predictedCount } = rows;
  const sums = new Float64Array(5);
  const spot = new Spot();
  const count = inner.offsets.length;
  // Pixels are found by 32-bit integers.
  const isSmall = frame.length < 2 ** 31;
  let kept = 0;
  for (let index = 0; index < predictedCount; index++) {
    const row = rowLength * index;
    const at = panelLength * (values[row + column.panel] as number);
    if (!(at < panels.length)) continue;
    const minFs = panels[at + panelColumn.minFs] as number;
    const minSs = panels[at + panelColumn.minSs] as number;
    const w = panels[at + panelColumn.width] as number;
    const h = panels[at + panelColumn.height] as number;
    const x = Math.floor(values[row + column.fs] as number);
    const y = Math.floor(values[row + column.ss] as number);
    const cx = moved ? (moved[2 * index] as number) : x;
    const cy = moved ? (moved[2 * index + 1] as number) : y;
    const inside = cx >= reach && cy >= reach && cx < w - reach && cy < h - reach;
    const origin = (cy + minSs) * width + minFs + cx;
    if (isSmall && index + 1 < predictedCount) touchNext(frame, width, panels, values, row + rowLength, reach);
    const others = near[index];
    const maximum = panels[at + panelColumn.maximum] as number;
    // A pixel that is saturated has no place in a background.
    const limit = saturation ? validRange[1] : Math.min(validRange[1], maximum);
    const isClean = !others && isSmall && inside && clean.about(minFs + cx, minSs + cy);
    if (
      !isClean ||
      !sumClean(frame, origin | 0, disc, validRange, limit, sums) ||
      (saturation && isAbove(frame, saturation, origin, outer.offsets))
    ) {
      spot.origin = origin;
      spot.cx = cx;
      spot.cy = cy;
      spot.w = w;
      spot.h = h;
      spot.inside = inside;
      if (!sumInner(pixels, spot, inner, sums)) continue;
      sumOuter(pixels, spot, outer, limit, others && { others, inSum }, sums);
    }
    const around = sums[sumOf.around] as number;
    if (around < 10) continue;
    let background = (sums[sumOf.total] as number) / around;
    let variance = Math.max(0, (sums[sumOf.squares] as number) / around - background * background);
    if (fitted) {
      const plane = fitted(at / panelLength, cx, cy, index);
      // The disc of the sum is symmetric, so the slopes cancel.
      if (plane) {
        background = plane.value;
        variance = plane.variance;
      }
    }
    const peak = sums[sumOf.peak] as number;
    const intensity = (sums[sumOf.sum] as number) - count * background;
    // A row moves towards the start, past those that were skipped.
    const to = rowLength * kept++;
    if (to !== row) for (let i = 0; i < column.intensity; i++) values[to + i] = values[row + i] as number;
    values[to + column.fs] = (values[to + column.fs] as number) + cx - x;
    values[to + column.ss] = (values[to + column.ss] as number) + cy - y;
    values[to + column.intensity] = intensity;
    // Counting statistics of the signal, variance of the background in the sum, and uncertainty of the mean background.
    values[to + column.sigma] = Math.sqrt(
      (panels[at + panelColumn.gain] as number) * Math.max(0, intensity) +
        count * variance +
        (count * count * variance) / around,
    );
    values[to + column.peak] = peak;
    values[to + column.background] = background;
    const isSaturated = saturation ? isAbove(frame, saturation, origin, inner.offsets) : peak > maximum;
    values[to + column.saturated] = isSaturated ? 1 : 0;
  }
  return kept;
}

/** What is summed of a reflection: sum and peak of the inner pixels; number, total and squares of the outer ones. */
const sumOf = { sum: 0, peak: 1, around: 2, total: 3, squares: 4 } as const;

/** Whether one of the pixels at these offsets is saturated. */
function isAbove(frame: Frame, saturation: Float32Array, origin: number, offsets: Int32Array): boolean {
  for (let n = 0; n < offsets.length; n++) {
    const i = origin + (offsets[n] as number);
    if ((frame[i] as number) > (saturation[i] as number)) return true;
  }
  return false;
}

/**
 * Sums the pixels of a reflection, none of which is bad; returns false if the value of one is not a count, or above the
 * limit of a background.
 */
function sumClean(
  frame: Frame,
  origin: number,
  { sum: { offsets: inner }, around: { offsets: outer } }: Disc,
  [least, greatest]: readonly [number, number],
  limit: number,
  sums: Float64Array,
): boolean {
  let sum = 0;
  let peak = Number.NEGATIVE_INFINITY;
  for (let n = 0; n < inner.length; n++) {
    const value = frame[origin + (inner[n] as number)] as number;
    if (!(value >= least && value <= greatest)) return false;
    sum += value;
    if (value > peak) peak = value;
  }
  let total = 0;
  let squares = 0;
  for (let n = 0; n < outer.length; n++) {
    const value = frame[origin + (outer[n] as number)] as number;
    if (!(value >= least && value <= limit)) return false;
    total += value;
    squares += value * value;
  }
  sums[sumOf.sum] = sum;
  sums[sumOf.peak] = peak;
  sums[sumOf.around] = outer.length;
  sums[sumOf.total] = total;
  sums[sumOf.squares] = squares;
  return true;
}

/** Sums the inner pixels of a reflection; returns false if one of them is not good. */
function sumInner(
  { frame, bad, validRange: [least, greatest] = everyNumber }: FramePixels,
  spot: Spot,
  inner: Pixels,
  sums: Float64Array,
): boolean {
  let sum = 0;
  let peak = Number.NEGATIVE_INFINITY;
  for (let n = 0; n < inner.offsets.length; n++) {
    const i = spot.origin + (inner.offsets[n] as number);
    if (!spot.has(inner, n) || bad[i] !== 0) return false;
    const value = frame[i] as number;
    if (!(value >= least && value <= greatest)) return false;
    sum += value;
    if (value > peak) peak = value;
  }
  sums[sumOf.sum] = sum;
  sums[sumOf.peak] = peak;
  return true;
}

/** Sums the good outer pixels of a reflection that are not saturated, without the discs of other ones. */
function sumOuter(
  { frame, bad, saturation, validRange: [least] = everyNumber }: FramePixels,
  spot: Spot,
  outer: Pixels,
  limit: number,
  without: { readonly others: readonly number[]; readonly inSum: number } | undefined,
  sums: Float64Array,
): void {
  let around = 0;
  let total = 0;
  let squares = 0;
  for (let n = 0; n < outer.offsets.length; n++) {
    const i = spot.origin + (outer.offsets[n] as number);
    if (!spot.has(outer, n) || bad[i] !== 0) continue;
    const x = spot.cx + (outer.dx[n] as number);
    const y = spot.cy + (outer.dy[n] as number);
    if (without && isWithin(without.others, x, y, without.inSum)) continue;
    const value = frame[i] as number;
    if (!(value >= least && value <= limit) || (saturation && value > (saturation[i] as number))) continue;
    around++;
    total += value;
    squares += value * value;
  }
  sums[sumOf.around] = around;
  sums[sumOf.total] = total;
  sums[sumOf.squares] = squares;
}

/** Loads the rows around the prediction in a row of the table; see `touchRows`. */
function touchNext(
  frame: Frame,
  width: number,
  panels: Float64Array,
  values: Float64Array,
  row: number,
  reach: number,
): void {
  const at = panelLength * (values[row + column.panel] as number);
  if (!(at < panels.length)) return;
  const x = Math.floor(values[row + column.fs] as number) + (panels[at + panelColumn.minFs] as number);
  const y = Math.floor(values[row + column.ss] as number) + (panels[at + panelColumn.minSs] as number);
  touchRows(frame, (y * width + x) | 0, reach, width);
}

/** The sum of touched pixels; it is never used, but engines would omit loads without a result. */
let touched = 0;

/**
 * Loads both ends of each row of a disc, all of them at once, so that a reflection is in the cache when it is measured.
 * Its pixels are scattered over a frame of megabytes, and measuring it has only a few of its rows in flight at a time:
 * this halves the time of integration.
 */
function touchRows(frame: Frame, centre: number, reach: number, width: number): void {
  const last = centre + reach * width;
  let at = centre - reach * width;
  if (at < reach || last + reach >= frame.length) return;
  let sum = 0;
  for (; at <= last; at += width) sum = (sum + (frame[at - reach] as number) + (frame[at + reach] as number)) | 0;
  touched = (touched + sum) | 0;
}

type ValueAt = (x: number, y: number) => number | undefined;

/** The values of good pixels of a panel, and of those that may be in a background; undefined for the others. */
interface PanelValues {
  readonly valueAt: ValueAt;
  readonly backgroundAt: ValueAt;
}

function valuesOf({ frame, bad, width, saturation, validRange = everyNumber }: FramePixels, panel: Panel): PanelValues {
  const [w, h] = [widthOf(panel), heightOf(panel)];
  const [least, greatest] = validRange;
  const indexOf = (x: number, y: number): number => (y + panel.minSs) * width + panel.minFs + x;
  const valueAt = (x: number, y: number): number | undefined => {
    const i = indexOf(x, y);
    if (!(x >= 0 && y >= 0 && x < w && y < h && bad[i] === 0)) return undefined;
    const value = frame[i] as number;
    return value >= least && value <= greatest ? value : undefined;
  };
  const backgroundAt = (x: number, y: number): number | undefined => {
    const value = valueAt(x, y);
    const limit = saturation ? (saturation[indexOf(x, y)] as number) : panel.maximum;
    return value !== undefined && value > limit ? undefined : value;
  };
  return { valueAt, backgroundAt };
}

/** The plane fitted to the background around a pixel, without the discs of other reflections. */
function planeAround(
  { around }: Disc,
  cx: number,
  cy: number,
  { backgroundAt }: PanelValues,
  others: readonly number[] | undefined,
  inSum: number,
): ReturnType<Plane['solve']> {
  const plane = new Plane();
  for (let n = 0; n < around.dx.length; n++) {
    const [dx, dy] = [around.dx[n] as number, around.dy[n] as number];
    const value = backgroundAt(cx + dx, cy + dy);
    if (value === undefined || (others && isWithin(others, cx + dx, cy + dy, inSum))) continue;
    plane.add(dx, dy, value);
  }
  return plane.solve();
}
