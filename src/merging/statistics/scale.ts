/** The scale and the relative B of two lists that both have errors. */
import { median } from '../../util/median.js';

/** A reflection of both lists. */
export interface ScaledPair {
  readonly x: number;
  readonly y: number;
  /** 1/d². */
  readonly q2: number;
}

/** x = scale · exp(−b/2d²) y. */
export interface PairScale {
  readonly scale: number;
  readonly b: number;
  /** Standard error of b; NaN if none was fitted. */
  readonly bError: number;
  /** The variance of the logarithm of the factor at 1/d² = q²; NaN if none was fitted, or to two pairs, which fit exactly. */
  readonly variance: (q2: number) => number;
}

/** Pairs of neighbouring resolution that share one weight. */
const blockSize = 200;
/** Differences of more scatters have no say (Tukey's biweight). */
const gate = 6;
const steps = 100;
const settled = 1e-12;
/** Of the mean intensity, below which no scatter is told from rounding. */
const rounding = 1e-9;

/** The median of ln x/y of the stronger half of the pairs: a start that no outlier moves. */
function startOf(pairs: readonly ScaledPair[]): number {
  const positive = pairs.filter(({ x, y }) => x > 0 && y > 0).sort((a, b) => b.x * b.y - a.x * a.y);
  return median(positive.slice(0, Math.ceil(positive.length / 2)).map(({ x, y }) => Math.log(x / y)));
}

/** The say of each pair, and by how much it changes with its difference, as a share of the weight of its block. */
interface Weights {
  readonly weights: Float64Array;
  readonly changes: Float64Array;
}

/** Weights of pairs by blocks of resolution: the mean intensity over the variance of differences, with no say of outliers. */
function weightsOf(differences: Float64Array, means: Float64Array): Weights {
  const n = differences.length;
  const [weights, changes] = [new Float64Array(n), new Float64Array(n)];
  const blocks = Math.max(1, Math.round(n / blockSize));
  const magnitudes = differences.map(Math.abs);
  const typical = median(means.map(Math.abs));
  for (let block = 0; block < blocks; block++) {
    const [from, to] = [block, block + 1].map((at) => Math.round((at * n) / blocks)) as [number, number];
    const scatter = Math.max(median(magnitudes.subarray(from, to)) / 0.6745, rounding * typical, Number.MIN_VALUE);
    let [sum, variance] = [0, 0];
    for (let i = from; i < to; i++) {
      const left = 1 - ((differences[i] as number) / (gate * scatter)) ** 2;
      if (!(left > 0)) continue;
      weights[i] = left * left;
      changes[i] = left * (5 * left - 4);
      sum += left * left * (means[i] as number);
      variance += (left * left * (differences[i] as number)) ** 2;
    }
    const factor = sum > 0 ? sum / Math.max(variance, (rounding * sum) ** 2) : 0;
    for (let i = from; i < to; i++) {
      weights[i] = (weights[i] as number) * factor;
      changes[i] = (changes[i] as number) * factor;
    }
  }
  return { weights, changes };
}

/** Slopes of two sums in (ln k, b), and variances of the sums. */
interface Sums {
  readonly a00: number;
  readonly a01: number;
  readonly a11: number;
  readonly v00: number;
  readonly v01: number;
  readonly v11: number;
}

/** Variances and covariance of ln k and b, from the scatter of the pairs whatever their sigmas say. */
function covarianceOf({ a00, a01, a11, v00, v01, v11 }: Sums): { kk: number; kb: number; bb: number } {
  const det = (a00 * a11 - a01 * a01) ** 2;
  return {
    kk: (a11 * a11 * v00 - 2 * a11 * a01 * v01 + a01 * a01 * v11) / det,
    kb: ((a11 * a00 + a01 * a01) * v01 - a11 * a01 * v00 - a00 * a01 * v11) / det,
    bb: (a00 * a00 * v11 - 2 * a00 * a01 * v01 + a01 * a01 * v00) / det,
  };
}

/**
 * The scale and B at which weighted sums of x/√f − √f y and of q² times it vanish, f being the factor of y. Means of
 * intensities are free of the errors of both lists, while squares and products of them are not: a regression of one on
 * the other takes noise for a smaller slope, most at high resolution. Weights are those of a resolution alone, since the
 * sigma of a reflection that was measured few times goes with its intensity. Exchange of the lists inverts the scale.
 */
export function scaleOfPairs(given: readonly ScaledPair[]): PairScale {
  const pairs = [...given].sort((a, b) => a.q2 - b.q2);
  const n = pairs.length;
  const middle = pairs.reduce((sum, { q2 }) => sum + q2, 0) / n;
  const [differences, means] = [new Float64Array(n), new Float64Array(n)];
  let [lnK, b] = [startOf(pairs), 0];
  let found = { kk: Number.NaN, kb: Number.NaN, bb: Number.NaN };
  for (let step = 0; step < steps; step++) {
    for (const [i, { x, y, q2 }] of pairs.entries()) {
      const root = Math.exp((lnK - (b * (q2 - middle)) / 2) / 2);
      differences[i] = x / root - root * y;
      means[i] = (x / root + root * y) / 2;
    }
    const { weights, changes } = weightsOf(differences, means);
    // Of (ln k, b): the slopes of the two sums, the sums; for errors the slopes with those of the weights, and variances.
    let [a00, a01, a11, r0, r1] = [0, 0, 0, 0, 0];
    let [c00, c01, c11, v00, v01, v11] = [0, 0, 0, 0, 0, 0];
    for (const [i, { q2 }] of pairs.entries()) {
      const slope = -(q2 - middle) / 2;
      const [w, m] = [weights[i] as number, means[i] as number];
      const off = w * (differences[i] as number);
      a00 += w * m;
      a01 += w * m * slope;
      a11 += w * m * slope * slope;
      r0 += off;
      r1 += off * slope;
      const c = (changes[i] as number) * m;
      c00 += c;
      c01 += c * slope;
      c11 += c * slope * slope;
      v00 += off * off;
      v01 += off * off * slope;
      v11 += off * off * slope * slope;
    }
    const det = a00 * a11 - a01 * a01;
    if (!(a00 > 0)) break;
    // One resolution alone has no B.
    const hasB = det > 1e-12 * a00 * a11;
    const by = hasB ? (r0 * a11 - r1 * a01) / det : r0 / a00;
    const more = hasB ? (r1 * a00 - r0 * a01) / det : 0;
    lnK += Math.max(-1, Math.min(1, by));
    b += Math.max(-20, Math.min(20, more));
    // A fit of two numbers leaves so much of the scatter.
    const left = n > 2 ? n / (n - 2) : Number.NaN;
    found = hasB
      ? covarianceOf({ a00: c00, a01: c01, a11: c11, v00: left * v00, v01: left * v01, v11: left * v11 })
      : { kk: (left * v00) / c00 ** 2, kb: 0, bb: Number.NaN };
    if (Math.abs(by) < settled && Math.abs(more) < settled) break;
  }
  const { kk, kb, bb } = found;
  return {
    // ln k was that at the middle of the resolutions, where it hardly depends on B.
    scale: Math.exp(lnK + (b * middle) / 2),
    b,
    bError: Math.sqrt(bb),
    variance: (q2) => {
      const off = (q2 - middle) / 2;
      return Number.isNaN(bb) ? kk : Math.max(0, kk - 2 * off * kb + off * off * bb);
    },
  };
}
