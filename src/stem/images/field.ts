/**
 * Vector fields over a scan: rotation and flip, trend, divergence and curl, and an estimate of the rotation from the
 * scan itself.
 */

import type { UdfMeta } from '../../udf/functions/udf.js';
import { expectsNumbers } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';

/** (y, x) of each position of a run, interleaved. */
export type Field = Float64Array;
/** A plane: (y, x) at the first position, its change along the scan's first axis, and along the second. */
export type Regression = readonly (readonly [number, number])[];

type Positions = Pick<UdfMeta, 'nav' | 'roi' | 'frames'>;

/**
 * Shifts in the axes of the scan: flipped, then rotated by `scanRotation` degrees; (y, x) times [[cos, sin], [−sin,
 * cos]].
 */
export function applyRotation(
  shifts: Field,
  { scanRotation = 0, flipY = false }: { scanRotation?: number; flipY?: boolean },
): Field {
  const angle = (scanRotation * Math.PI) / 180;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const out = new Float64Array(shifts.length);
  for (let i = 0; i < shifts.length; i += 2) {
    const y = (flipY ? -1 : 1) * (shifts[i] as number);
    const x = shifts[i + 1] as number;
    out[i] = c * y + s * x;
    out[i + 1] = -s * y + c * x;
  }
  return out;
}

/** Row and column in the scan of each position of a run. */
function coordinates({ nav, roi, frames }: Positions): { y: Float64Array; x: Float64Array; flat: Uint32Array } {
  const columns = nav.at(-1) ?? 1;
  const flat = new Uint32Array(frames);
  if (roi) {
    let at = 0;
    for (let i = 0; i < roi.length; i++) if (roi[i]) flat[at++] = i;
  } else for (let i = 0; i < frames; i++) flat[i] = i;
  const [y, x] = [new Float64Array(frames), new Float64Array(frames)];
  for (let k = 0; k < frames; k++) {
    const i = flat[k] as number;
    y[k] = Math.floor(i / columns);
    x[k] = i % columns;
  }
  return { y, x, flat };
}

/**
 * The trend of a field: none (-1), its mean (0), or the least-squares plane (1), six numbers. Positions whose vector is
 * not finite are ignored.
 */
export function regress(field: Field, order: -1 | 0 | 1, meta: Positions): number[] {
  const out = [0, 0, 0, 0, 0, 0];
  if (order < 0) return out;
  if (order === 0) return [...meanOf(field), 0, 0, 0, 0];
  const { y, x } = coordinates(meta);
  const used: number[] = [];
  for (let i = 0; i < y.length; i++)
    if (Number.isFinite(field[2 * i]) && Number.isFinite(field[2 * i + 1])) used.push(i);
  if (used.length === 0) return out;
  const mean = (of: (i: number) => number): number => {
    let sum = 0;
    for (const i of used) sum += of(i);
    return sum / used.length;
  };
  const [my, mx] = [mean((i) => y[i] as number), mean((i) => x[i] as number)];
  let [yy, yx, xx] = [0, 0, 0];
  for (const i of used) {
    const [dy, dx] = [(y[i] as number) - my, (x[i] as number) - mx];
    yy += dy * dy;
    yx += dy * dx;
    xx += dx * dx;
  }
  for (const part of [0, 1]) {
    const middle = mean((i) => field[2 * i + part] as number);
    let [fy, fx] = [0, 0];
    for (const i of used) {
      const value = (field[2 * i + part] as number) - middle;
      fy += value * ((y[i] as number) - my);
      fx += value * ((x[i] as number) - mx);
    }
    // A scan of one row or column has no slope across it.
    const determinant = yy * xx - yx * yx;
    const whole = determinant > 1e-12 * yy * xx && yy > 0 && xx > 0;
    const slopeY = whole ? (fy * xx - fx * yx) / determinant : yy > 0 ? fy / yy : 0;
    const slopeX = whole ? (fx * yy - fy * yx) / determinant : yy > 0 ? 0 : xx > 0 ? fx / xx : 0;
    out[part] = middle - (slopeY * my + slopeX * mx);
    out[2 + part] = slopeY;
    out[4 + part] = slopeX;
  }
  return out;
}

/** The mean of the vectors that are finite, 0 if none is. */
function meanOf(field: Field): [y: number, x: number] {
  let [sumY, sumX, count] = [0, 0, 0];
  for (let i = 0; i < field.length; i += 2) {
    const [y, x] = [field[i] as number, field[i + 1] as number];
    if (!Number.isFinite(y) || !Number.isFinite(x)) continue;
    sumY += y;
    sumX += x;
    count++;
  }
  return count === 0 ? [0, 0] : [sumY / count, sumX / count];
}

/** A field minus its trend. */
export function subtractTrend(field: Field, trend: readonly number[], meta: Positions): Field {
  if (trend.every((value) => value === 0)) return field;
  const out = new Float64Array(field.length);
  if (trend.slice(2).every((value) => value === 0)) {
    const [meanY = 0, meanX = 0] = trend;
    for (let k = 0; k < field.length; k += 2) {
      out[k] = (field[k] as number) - meanY;
      out[k + 1] = (field[k + 1] as number) - meanX;
    }
    return out;
  }
  const { y, x } = coordinates(meta);
  for (let k = 0; k < field.length; k++) {
    const [i, part] = [k >> 1, k % 2];
    out[k] =
      (field[k] as number) -
      ((trend[part] as number) +
        (trend[2 + part] as number) * (y[i] as number) +
        (trend[4 + part] as number) * (x[i] as number));
  }
  return out;
}

/** Differences along an axis: central inside, one-sided at the ends, like numpy.gradient. */
function gradient(values: Float64Array, rows: number, columns: number, axis: 0 | 1): Float64Array {
  const out = new Float64Array(values.length);
  const last = (axis === 0 ? rows : columns) - 1;
  if (last === 0) return out.fill(Number.NaN);
  const stride = axis === 0 ? columns : 1;
  for (let r = 0, at = 0; r < rows; r++)
    for (let c = 0; c < columns; c++, at++) {
      const k = axis === 0 ? r : c;
      const a = values[k === 0 ? at : at - stride] as number;
      const b = values[k === last ? at : at + stride] as number;
      out[at] = k === 0 || k === last ? b - a : (b - a) / 2;
    }
  return out;
}

/**
 * Combines derivatives on the whole scan. The result is NaN where a neighbour is NaN or not part of the run, and
 * everywhere unless there are two axes.
 */
function derive(given: readonly [Float64Array, 0 | 1, number][], meta: Positions): Float64Array {
  const { nav, frames } = meta;
  if (nav.length !== 2) return new Float64Array(frames).fill(Number.NaN);
  const [rows = 1, columns = 1] = nav;
  const out = new Float64Array(frames);
  if (!meta.roi && frames === rows * columns) {
    for (const [values, axis, sign] of given) {
      const slope = gradient(values, rows, columns, axis);
      for (let i = 0; i < frames; i++) out[i] = (out[i] as number) + sign * (slope[i] as number);
    }
    return out;
  }
  const { flat } = coordinates(meta);
  for (const [compact, axis, sign] of given) {
    const whole = new Float64Array(rows * columns).fill(Number.NaN);
    for (let i = 0; i < frames; i++) whole[flat[i] as number] = compact[i] as number;
    const slope = gradient(whole, rows, columns, axis);
    for (let i = 0; i < frames; i++) out[i] = (out[i] as number) + sign * (slope[flat[i] as number] as number);
  }
  return out;
}

/** ∂y/∂(first axis) + ∂x/∂(second axis). */
export const divergence = (y: Float64Array, x: Float64Array, meta: Positions): Float64Array =>
  derive(
    [
      [y, 0, 1],
      [x, 1, 1],
    ],
    meta,
  );

/** ∂y/∂(second axis) − ∂x/∂(first axis). */
export const curl = (y: Float64Array, x: Float64Array, meta: Positions): Float64Array =>
  derive(
    [
      [y, 1, 1],
      [x, 0, -1],
    ],
    meta,
  );

/** The result of `guessCorrections`: options of a centre-of-mass analysis. */
export interface GuessedCorrections {
  /** Degrees, above -180 to 180. */
  readonly scanRotation: number;
  readonly flipY: boolean;
  /** Means of the centres, without the last row and column: the reference. */
  readonly cy: number;
  readonly cx: number;
}

/**
 * Rotation and flip for which the field of centres has the least curl, since the gradient of a potential has none. Of
 * the two solutions 180° apart, the one with negative divergence at atoms is chosen (electrons are attracted to them).
 * `y` and `x` are [rows, columns] of centres or shifts; positions without one are NaN.
 */
export function guessCorrections(y: Float64Array, x: Float64Array, shape: readonly number[]): GuessedCorrections {
  expectsNumbers('guessCorrections: y', y);
  expectsNumbers('guessCorrections: x', x);
  expectsNumbers('guessCorrections: the shape', shape);
  const [rows = 0, columns = 0] = shape;
  if (rows < 3 || columns < 3 || y.length !== rows * columns || x.length !== y.length)
    throw new EwaldError(
      'Shape',
      `guessCorrections requires a scan of at least 3 × 3; this one is ${rows} × ${columns}`,
    );
  const options = [false, true].map((flipY) => {
    const v = flipY ? y.map((value) => -value) : y;
    const [y0, y1, x0, x1] = [
      gradient(v, rows, columns, 0),
      gradient(v, rows, columns, 1),
      gradient(x, rows, columns, 0),
      gradient(x, rows, columns, 1),
    ];
    // Rotated by an angle, the curl is cos · a + sin · b and the divergence cos · b − sin · a.
    const a = y1.map((value, i) => value - (x0[i] as number));
    const b = x1.map((value, i) => value + (y0[i] as number));
    let [aa, ab, bb, count] = [0, 0, 0, 0];
    for (let r = 0; r < rows - 1; r++)
      for (let c = 0; c < columns - 1; c++) {
        const [p, q] = [a[r * columns + c] as number, b[r * columns + c] as number];
        if (Number.isNaN(p) || Number.isNaN(q)) continue;
        aa += p * p;
        ab += p * q;
        bb += q * q;
        count++;
      }
    let best = { degrees: 0, rms: Number.POSITIVE_INFINITY };
    for (let degrees = -180; degrees < 180; degrees++) {
      const angle = (degrees * Math.PI) / 180;
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      const rms = Math.sqrt(Math.max(0, (c * c * aa + 2 * c * s * ab + s * s * bb) / Math.max(1, count)));
      if (rms < best.rms) best = { degrees, rms };
    }
    return { ...best, flipY, a, b };
  });
  const [straight, flipped] = options as [(typeof options)[0], (typeof options)[0]];
  const { degrees, flipY, a, b } = flipped.rms < straight.rms ? flipped : straight;
  const angle = (degrees * Math.PI) / 180;
  const spread = b.map((value, i) => Math.cos(angle) * value - Math.sin(angle) * (a[i] as number));
  const inner: number[] = [];
  for (let r = 0; r < rows - 1; r++)
    for (let c = 0; c < columns - 1; c++) {
      const value = spread[r * columns + c] as number;
      if (!Number.isNaN(value)) inner.push(value);
    }
  const range = inner.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const low = inner.filter((value) => value < -0.6 * range).length;
  const high = inner.filter((value) => value >= 0.6 * range).length;
  const turned = low < high ? degrees + 180 : degrees;
  // Like the curl: without the last row and column.
  const inside = (i: number): boolean => i % columns < columns - 1 && i < columns * (rows - 1);
  const mean = (values: Float64Array): number => {
    const there = values.filter((value, i) => inside(i) && !Number.isNaN(value));
    return there.reduce((sum, value) => sum + value, 0) / there.length;
  };
  return { scanRotation: turned > 180 ? turned - 360 : turned, flipY, cy: mean(y), cx: mean(x) };
}
