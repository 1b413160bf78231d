/**
 * Integrates predicted reflections by rings: the pixels within the inner radius, minus the mean of those between the
 * middle and the outer radius.
 */
import type { Geometry } from '../crystal/geometry/geometry.js';
import { heightOf, widthOf } from '../crystal/geometry/pixels.js';
import type { Frame } from '../peaks/contract.js';
import { type IntegrationMethod, usualIntegration } from './integration-method.js';
import type { Reflection } from './predict.js';

/** A measured reflection. */
export interface Measured extends Reflection {
  readonly intensity: number;
  readonly sigma: number;
  /** Highest pixel. */
  readonly peak: number;
  readonly background: number;
  readonly saturated: boolean;
}

/** Radii of the rings in pixels. */
export type RingRadii = readonly [inner: number, middle: number, outer: number];

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

/** Whether a pixel is within the disc around one of these centres. */
function isWithin(centres: readonly number[], x: number, y: number, square: number): boolean {
  for (let i = 0; i + 1 < centres.length; i += 2)
    if ((x - (centres[i] as number)) ** 2 + (y - (centres[i + 1] as number)) ** 2 <= square) return true;
  return false;
}

function inPanel({ dx, dy }: Pixels, n: number, cx: number, cy: number, width: number, height: number): boolean {
  const [x, y] = [cx + (dx[n] as number), cy + (dy[n] as number)];
  return x >= 0 && y >= 0 && x < width && y < height;
}

/** How reflections are measured. */
export interface IntegrationOptions {
  /**
   * For each reflection, the centres (fs, ss, fs, ss, …) of other reflections whose discs are excluded from its
   * background.
   */
  readonly near?: readonly (readonly number[] | undefined)[];
  /** Default: not centred, with a constant background. Saturated reflections are marked with every method. */
  readonly method?: IntegrationMethod;
}

/** Maximum number of moves of a disc towards its spot. */
const mostMoves = 5;

/**
 * The pixel of the centroid of what exceeds the background around a prediction, found iteratively; the prediction itself
 * if that leads farther away than the radius of the sum or to bad pixels, or if nothing exceeds the background.
 */
function centreOfSpot(
  [startX, startY]: readonly [number, number],
  { sum, around }: Disc,
  valueAt: (x: number, y: number) => number | undefined,
): readonly [number, number] {
  const farthest = Math.max(...sum.dx);
  let [cx, cy] = [startX, startY];
  for (let move = 0; move < mostMoves; move++) {
    let [total, count] = [0, 0];
    for (let n = 0; n < around.dx.length; n++) {
      const value = valueAt(cx + (around.dx[n] as number), cy + (around.dy[n] as number));
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
 * Measures reflections. Those whose sum would include a bad pixel or the edge of a panel, or whose background has fewer
 * than ten pixels, are skipped.
 */
export function integrate(
  frame: Frame,
  width: number,
  bad: Uint8Array,
  geometry: Geometry,
  reflections: readonly Reflection[],
  rings: RingRadii,
  { near = [], method = usualIntegration }: IntegrationOptions = {},
): Measured[] {
  const measured: Measured[] = [];
  const disc = discOf(rings, width);
  const { reach, sum: own, around: other } = disc;
  const clean = cleanOf(bad, width, reach);
  const inSum = rings[0] * rings[0];
  for (const [index, reflection] of reflections.entries()) {
    const panel = geometry.panels[reflection.panel];
    if (!panel) continue;
    const predicted = [Math.floor(reflection.fs), Math.floor(reflection.ss)] as const;
    const [w, h] = [widthOf(panel), heightOf(panel)];
    const valueAt = (x: number, y: number): number | undefined => {
      const i = (y + panel.minSs) * width + panel.minFs + x;
      return x >= 0 && y >= 0 && x < w && y < h && bad[i] === 0 ? frame[i] : undefined;
    };
    const [cx, cy] = method.centred ? centreOfSpot(predicted, disc, valueAt) : predicted;
    const inside = cx >= reach && cy >= reach && cx < w - reach && cy < h - reach;
    const origin = (cy + panel.minSs) * width + panel.minFs + cx;
    const count = own.offsets.length;
    let [sum, peak, around, total, squares] = [0, Number.NEGATIVE_INFINITY, 0, 0, 0];
    let n = 0;
    const others = near[index];
    if (!others && inside && clean.about(panel.minFs + cx, panel.minSs + cy)) {
      for (; n < count; n++) {
        const value = frame[origin + (own.offsets[n] as number)] as number;
        sum += value;
        if (value > peak) peak = value;
      }
      around = other.offsets.length;
      for (n = 0; n < around; n++) {
        const value = frame[origin + (other.offsets[n] as number)] as number;
        total += value;
        squares += value * value;
      }
    } else {
      for (; n < count; n++) {
        const i = origin + (own.offsets[n] as number);
        if (!(inside || inPanel(own, n, cx, cy, w, h)) || bad[i] !== 0) break;
        const value = frame[i] as number;
        sum += value;
        if (value > peak) peak = value;
      }
      if (n < count) continue;
      for (n = 0; n < other.offsets.length; n++) {
        const i = origin + (other.offsets[n] as number);
        if (!(inside || inPanel(other, n, cx, cy, w, h)) || bad[i] !== 0) continue;
        if (others && isWithin(others, cx + (other.dx[n] as number), cy + (other.dy[n] as number), inSum)) continue;
        const value = frame[i] as number;
        around++;
        total += value;
        squares += value * value;
      }
    }
    if (around < 10) continue;
    let background = total / around;
    let variance = Math.max(0, squares / around - background * background);
    if (method.gradient) {
      const plane = new Plane();
      for (n = 0; n < other.dx.length; n++) {
        const [dx, dy] = [other.dx[n] as number, other.dy[n] as number];
        const value = valueAt(cx + dx, cy + dy);
        if (value === undefined || (others && isWithin(others, cx + dx, cy + dy, inSum))) continue;
        plane.add(dx, dy, value);
      }
      // The disc of the sum is symmetric, so the slopes cancel.
      const fitted = plane.solve();
      if (fitted) [background, variance] = [fitted.value, fitted.variance];
    }
    const gain = panel.unitsPerPhoton ?? 1;
    const intensity = sum - count * background;
    // Counting statistics of the signal, variance of the background in the sum, and uncertainty of the mean background.
    const sigma = Math.sqrt(gain * Math.max(0, intensity) + count * variance + (count * count * variance) / around);
    const { h: hh, k, l, excitation, inverseD, partiality } = reflection;
    const [fs, ss] = [reflection.fs + cx - predicted[0], reflection.ss + cy - predicted[1]];
    const saturated = peak > panel.maximum;
    measured.push({
      h: hh,
      k,
      l,
      panel: reflection.panel,
      fs,
      ss,
      excitation,
      inverseD,
      partiality,
      intensity,
      sigma,
      peak,
      background,
      saturated,
    });
  }
  return measured;
}
