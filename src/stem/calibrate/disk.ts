/**
 * The disk of the direct beam fitted to a sum of frames: b + s (r − R) / R + a (1 + g · k / R) Φ((R(φ) − r) / w), with
 * R(φ) = R (1 + e1 cos 2φ + e2 sin 2φ) and k, r, φ from the centre. Levenberg-Marquardt with Poisson weights and
 * Tukey's biweight. The slope s is that of the halo of scattered electrons, which goes on below the disk and would
 * move its edge.
 */
import { inverseOf, times } from '../../util/linear.js';
import { median } from '../../util/median.js';
import type { Image } from './image.js';
import { normal } from './normal.js';
import type { Start } from './start.js';

/** cy, cx, R, w, a, b, e1, e2, gy, gx, s. */
export type DiskParameters = Float64Array;
const count = 11;

/** The parameters of a block of the scan: where the disk is, and how bright. */
export const movedOnly: readonly number[] = [0, 1, 4, 5, 8, 9, 10];
const everything: readonly number[] = [...Array(count).keys()];

/** The pixels of a fit, as flat indices. */
interface Points {
  readonly index: Int32Array;
  readonly width: number;
}

/** Normal equations at some parameters, which take other images as well. */
export interface DiskFit {
  readonly p: DiskParameters;
  readonly free: readonly number[];
  readonly points: Points;
  /** Weight of each pixel and its derivatives, [pixels, free]. */
  readonly weights: Float64Array;
  readonly slopes: Float64Array;
  readonly model: Float64Array;
  /** What the model leaves of the counts. */
  readonly residuals: Float64Array;
  readonly inverse: Float64Array;
  /** Variances expected of the counts alone. */
  readonly noise: Float64Array;
  readonly chi2: number;
  /** Share of 36 directions in which the edge is seen. */
  readonly cover: number;
}

/**
 * The model with these parameters, at a pixel; its derivatives go to `slopes`, which for the centre leave out those of
 * the ellipse.
 */
function modelOf(p: DiskParameters): (y: number, x: number, slopes?: Float64Array) => number {
  const [cy, cx, R, w, a, b, e1, e2, gy, gx, s] = p as unknown as number[] as [
    number,
    ...[number, number, number, number, number, number, number, number, number, number],
  ];
  const halo = s / R;
  return (y, x, slopes) => {
    const dy = y - cy;
    const dx = x - cx;
    const r = Math.sqrt(dy * dy + dx * dx) + 1e-9;
    const c2 = (dx * dx - dy * dy) / (r * r);
    const s2 = (2 * dy * dx) / (r * r);
    const round = 1 + e1 * c2 + e2 * s2;
    const u = (R * round - r) / w;
    // Most pixels are so far from the edge that they see none of it.
    const isNear = Math.abs(u) < 9;
    const share = isNear ? normal(u) : u > 0 ? 1 : 0;
    const level = a * (1 + (gy * dy + gx * dx) / R);
    if (slopes) {
      const edge = isNear ? (level * Math.exp((-u * u) / 2)) / (Math.sqrt(2 * Math.PI) * w) : 0;
      slopes[0] = ((edge - halo) * dy) / r - ((a * gy) / R) * share;
      slopes[1] = ((edge - halo) * dx) / r - ((a * gx) / R) * share;
      slopes[2] = edge * round - (s * r) / (R * R);
      slopes[3] = -edge * u;
      slopes[4] = (share * level) / a;
      slopes[5] = 1;
      slopes[6] = edge * R * c2;
      slopes[7] = edge * R * s2;
      slopes[8] = (a * share * dy) / R;
      slopes[9] = (a * share * dx) / R;
      slopes[10] = r / R - 1;
    }
    return b + halo * (r - R) + level * share;
  };
}

/** The good pixels around the edge. */
function pointsOf({ height, width }: Image, good: Uint8Array, p: DiskParameters): Points {
  const [cy, cx, R] = p as unknown as [number, number, number];
  const most = Math.max(1.45 * R, R + 4);
  const [top, bottom] = [Math.max(0, Math.floor(cy - most)), Math.min(height - 1, cy + most)];
  const [left, right] = [Math.max(0, Math.floor(cx - most)), Math.min(width - 1, cx + most)];
  const index = new Int32Array(Math.max(0, bottom - top + 1) * Math.max(0, right - left + 1));
  let n = 0;
  for (let y = top; y <= bottom; y++)
    for (let x = left; x <= right; x++) {
      const rr = (y - cy) ** 2 + (x - cx) ** 2;
      if (good[y * width + x] && rr < most * most && rr > (0.35 * R) ** 2) index[n++] = y * width + x;
    }
  return { index: index.subarray(0, n), width };
}

/** Model, weights and normal equations at `p`; `robust` gives Tukey's weights to outliers. */
function evaluate({ data }: Image, points: Points, p: DiskParameters, free: readonly number[], robust: boolean) {
  const { index, width } = points;
  const [n, m] = [index.length, free.length];
  const [model, variances, residuals, all] = [n, n, n, count].map((length) => new Float64Array(length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const slopes = new Float64Array(n * m);
  const modelAt = modelOf(p);
  const lit = new Float64Array(n);
  let lits = 0;
  const [a, b] = [p[4] as number, p[5] as number];
  for (let k = 0; k < n; k++) {
    const i = index[k] as number;
    const value = modelAt(Math.floor(i / width), i % width, all);
    model[k] = value;
    residuals[k] = (data[i] as number) - value;
    // With less weight on the foot of the edge, a shape that is not quite the model's does not move the radius.
    variances[k] = Math.max(value, 0.25 * Math.abs(a) + 1e-9);
    for (let j = 0; j < m; j++) slopes[k * m + j] = all[free[j] as number] as number;
    // Most pixels outside have no count at all, and their deviations would make the whole disk an outlier.
    if (value > b + 0.1 * a) lit[lits++] = Math.abs(residuals[k] as number) / Math.sqrt(variances[k] as number);
  }
  const deviation = Math.max(1.4826 * median(lit.subarray(0, lits)), 1e-9);
  const weights = new Float64Array(n);
  for (let k = 0; k < n; k++) weights[k] = weightOf(k);
  return { model, variances, residuals, weights, slopes };

  function weightOf(k: number): number {
    const variance = variances[k] as number;
    if (!robust) return 1 / variance;
    // Misfits below 4 % of the contrast are the model's, and no outliers.
    const scale = 4.685 * Math.max(deviation, (0.04 * Math.abs(a)) / Math.sqrt(variance));
    const t = Math.min(1, Math.abs(residuals[k] as number) / Math.sqrt(variance) / scale);
    return (1 - t * t) ** 2 / variance;
  }
}

type Weighted = Pick<DiskFit, 'weights' | 'slopes' | 'free'>;

/** Σ w J Jᵀ, and Σ w J times the residuals, of the pixels that `keep` marks with 1, or of all. */
export function normalEquations(
  { weights, slopes, free }: Weighted,
  residuals: Float64Array,
  keep?: Uint8Array,
): { matrix: Float64Array; vector: Float64Array } {
  const m = free.length;
  const [matrix, vector] = [new Float64Array(m * m), new Float64Array(m)];
  for (let k = 0; k < weights.length; k++) {
    const weight = weights[k] as number;
    if (weight === 0 || keep?.[k] === 0) continue;
    const first = k * m;
    const off = weight * (residuals[k] as number);
    for (let i = 0; i < m; i++) {
      const slope = slopes[first + i] as number;
      vector[i] = (vector[i] as number) + slope * off;
      const weighted = weight * slope;
      for (let j = 0; j <= i; j++)
        matrix[i * m + j] = (matrix[i * m + j] as number) + weighted * (slopes[first + j] as number);
    }
  }
  for (let i = 0; i < m; i++) for (let j = 0; j < i; j++) matrix[j * m + i] = matrix[i * m + j] as number;
  return { matrix, vector };
}

/** Σ w J times residuals alone. */
export function pull({ weights, slopes, free }: Weighted, residuals: Float64Array): Float64Array {
  const m = free.length;
  const vector = new Float64Array(m);
  for (let k = 0; k < weights.length; k++) {
    const off = (weights[k] as number) * (residuals[k] as number);
    for (let i = 0; i < m; i++) vector[i] = (vector[i] as number) + off * (slopes[k * m + i] as number);
  }
  return vector;
}

/** The matrix with its diagonal enlarged by a share, so that it can be inverted. */
export function addDamping(matrix: Float64Array, n: number, share: number): Float64Array {
  let trace = 0;
  for (let i = 0; i < n; i++) trace += matrix[i * n + i] as number;
  return matrix.map((value, k) => (k % (n + 1) === 0 ? value * (1 + share) + 1e-13 * trace : value));
}

/** Parameters after a step, within what a disk can be. */
function stepped(p: DiskParameters, free: readonly number[], step: Float64Array): DiskParameters {
  const q = p.slice();
  for (const [j, k] of free.entries()) q[k] = (p[k] as number) + (step[j] as number);
  const limit = (k: number, low: number, high: number): void => {
    q[k] = Math.min(high, Math.max(low, q[k] as number));
  };
  limit(2, 0.5 * (p[2] as number), 1.6 * (p[2] as number));
  limit(3, 0.15, p[2] as number);
  for (const k of [6, 7]) limit(k, -0.3, 0.3);
  for (const k of [8, 9]) limit(k, -0.8, 0.8);
  return q;
}

/** Where a fit begins: the estimate, or parameters of another fit. */
export const diskParameters = ({ cy, cx, r, high, low }: Start): DiskParameters =>
  Float64Array.of(cy, cx, r, Math.max(0.5, 0.06 * r), high - low, low, 0, 0, 0, 0, 0);

/** The weighted squares of the residuals. */
function chi2Of({ weights, residuals }: Pick<DiskFit, 'weights' | 'residuals'>): number {
  let sum = 0;
  for (let k = 0; k < weights.length; k++) sum += (weights[k] as number) * (residuals[k] as number) ** 2;
  return sum;
}

/** Fits the free parameters from `start`. Undefined if the equations have no solution. */
export function fitDisk(
  image: Image,
  good: Uint8Array,
  start: DiskParameters,
  free: readonly number[] = everything,
): DiskFit | undefined {
  const m = free.length;
  let p: DiskParameters = start.slice();
  let damping = 1e-3;
  // Parameters of another fit need no rounds in which they come near.
  const early = free === everything ? 5 : 0;
  for (let round = 0; round < 40; round++) {
    const points = pointsOf(image, good, p);
    const { data } = image;
    const at = evaluate(image, points, p, free, round > early);
    const { matrix, vector } = normalEquations({ ...at, free }, at.residuals);
    const cost = chi2Of(at);
    let next = p;
    for (let attempt = 0; attempt < 8; attempt++) {
      const inverse = inverseOf(addDamping(matrix, m, damping), m);
      if (!inverse) return undefined;
      next = stepped(p, free, times(inverse, vector, m));
      const { index, width } = points;
      const nextAt = modelOf(next);
      let after = 0;
      for (let k = 0; k < index.length; k++) {
        const i = index[k] as number;
        const off = (data[i] as number) - nextAt(Math.floor(i / width), i % width);
        after += (at.weights[k] as number) * off * off;
      }
      if (after <= cost * (1 + 1e-12)) {
        damping = Math.max(damping / 5, 1e-9);
        break;
      }
      damping *= 6;
    }
    const moved = [0, 1, 2, 3].reduce((most, k) => Math.max(most, Math.abs((next[k] as number) - (p[k] as number))), 0);
    p = next;
    if (!p.every(Number.isFinite)) return undefined;
    if (moved < 1e-4 && round > early + 3) break;
  }
  return finished(image, good, p, free);
}

/** The equations of the last parameters. */
function finished(image: Image, good: Uint8Array, p: DiskParameters, free: readonly number[]): DiskFit | undefined {
  const points = pointsOf(image, good, p);
  const at = evaluate(image, points, p, free, true);
  const m = free.length;
  const { matrix } = normalEquations({ ...at, free }, at.residuals);
  const inverse = inverseOf(addDamping(matrix, m, 0), m);
  if (!inverse) return undefined;
  let used = 0;
  const seen = new Float64Array(36);
  const [cy, cx, R, w] = p as unknown as [number, number, number, number];
  const reach = Math.max(1.5, 2 * w);
  for (let k = 0; k < at.weights.length; k++) {
    const weight = at.weights[k] as number;
    if (weight > 0) used++;
    const i = points.index[k] as number;
    const [dy, dx] = [Math.floor(i / points.width) - cy, (i % points.width) - cx];
    if (Math.abs(Math.sqrt(dy * dy + dx * dx) - R) >= reach || weight * (at.variances[k] as number) <= 0.1) continue;
    const at36 = Math.floor(((Math.atan2(dy, dx) + Math.PI) / (2 * Math.PI)) * 36) % 36;
    seen[at36] = (seen[at36] as number) + 1;
  }
  const whole = ((2 * Math.PI * R) / 36) * 2 * reach;
  return {
    p,
    free,
    points,
    weights: at.weights,
    slopes: at.slopes,
    model: at.model,
    residuals: at.residuals,
    inverse,
    noise: Float64Array.from({ length: m }, (_, j) => inverse[j * m + j] as number),
    chi2: chi2Of(at) / Math.max(1, used - m),
    cover: seen.filter((n) => n > 0.35 * whole).length / 36,
  };
}
