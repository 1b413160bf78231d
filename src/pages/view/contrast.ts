/**
 * Automatic contrast, from a sample of the good pixels.
 *
 * Frames are shown linearly from the 1st percentile to the median + 12 σ, which renders the background 5–15 % black and
 * weak spots at least 40 % black on every detector tried. Electron patterns, whose background is not flat, use the
 * percentiles 1 and 99.9.
 */

/** Values of a frame. */
export type FrameData = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array;

/** The letter of NumPy for the kind of numbers: unsigned, signed, or floating. */
export const kindOf = (data: FrameData): 'u' | 'i' | 'f' =>
  data instanceof Float32Array ? 'f' : /^U/.test(data.constructor.name) ? 'u' : 'i';

/** Lowest and highest value that differ in colour. */
export type Limits = readonly [low: number, high: number];

/** How limits are derived from the values: for `spots` on a flat background, or from the `range` of all values. */
export type ContrastRule = 'spots' | 'range';

/** Which pixels are good. */
export interface GoodPixels {
  /** Nonzero for bad pixels; undefined: all are good. */
  readonly bad: Uint8Array | undefined;
  /** Values outside [least, greatest] are not valid counts. */
  readonly validRange: Limits;
}

/** Maximum number of sampled pixels: a prime, so that samples spread over the columns for any row length. */
const sampleSize = 65521;

/** A sorted sample of the good pixels. */
export function sampleOf(data: FrameData, { bad, validRange: [least, greatest] }: GoodPixels): Float64Array {
  const step = Math.max(1, Math.floor(data.length / sampleSize) | 1);
  const sample = new Float64Array(Math.ceil(data.length / step));
  let count = 0;
  for (let i = 0; i < data.length; i += step) {
    const value = data[i] as number;
    // NaN fails both comparisons.
    if (bad?.[i] || !(value >= least && value <= greatest)) continue;
    sample[count++] = value;
  }
  return sample.subarray(0, count).sort();
}

const quantile = (sorted: Float64Array, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

/**
 * A quantile of values that are rounded, such as counts: each value stands for the interval up to the middle between it
 * and its neighbours. The median of counts of 0 to 5 is thus not one of six numbers, which would make the limits jump.
 */
function smoothQuantile(sorted: Float64Array, share: number): number {
  const rank = sorted.length * share;
  const at = Math.min(sorted.length - 1, Math.floor(rank));
  const value = sorted[at] as number;
  const [first, end] = [rankOf(sorted, value, false), rankOf(sorted, value, true)];
  const [before, after] = [sorted[first - 1], sorted[end]];
  const above = after === undefined ? value : (value + after) / 2;
  const below = before === undefined ? 2 * value - above : (value + before) / 2;
  return below + ((above - below) * (rank - first)) / (end - first);
}

/** Number of values below a value; with `inclusive`, the number of values up to it. */
function rankOf(sorted: Float64Array, value: number, inclusive: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const tried = sorted[middle] as number;
    if (tried < value || (inclusive && tried === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The share of a normal distribution below its mean − σ. */
const shareBelowSigma = 0.1587;

/** Limits for a sorted sample. */
export function automaticLimits(sorted: Float64Array, rule: ContrastRule): Limits {
  if (sorted.length === 0) return [0, 1];
  const low = quantile(sorted, 0.01);
  if (rule === 'range') {
    const high = quantile(sorted, 0.999);
    return [low, high > low ? high : low + 1];
  }
  const median = smoothQuantile(sorted, 0.5);
  // Spots, solvent rings and the beam only raise pixels, so the noise is measured below the median. Photon counts whose
  // median is 0 need a range as well: σ is at least that of counting statistics, and at least a quarter.
  const spread = median - smoothQuantile(sorted, shareBelowSigma);
  const sigma = Math.max(spread, Math.sqrt(Math.max(0, median)) / 2, 0.25);
  return [low, median + 12 * sigma];
}

/** Counts of a sorted sample in `bins` equal steps of log(1 + value − lowest); the axis of the histogram. */
export class Histogram {
  readonly counts: Uint32Array;
  readonly #least: number;
  readonly #span: number;

  constructor(sorted: Float64Array, bins = 96) {
    this.counts = new Uint32Array(bins);
    this.#least = sorted[0] ?? 0;
    this.#span = Math.log1p(Math.max(1, (sorted.at(-1) ?? 1) - this.#least));
    for (const value of sorted) {
      const bin = Math.min(bins - 1, Math.floor(this.shareOf(value) * bins));
      this.counts[bin] = (this.counts[bin] as number) + 1;
    }
  }

  /** The position of a value on the axis, 0 … 1. */
  shareOf(value: number): number {
    return Math.min(1, Math.log1p(Math.max(0, value - this.#least)) / this.#span);
  }

  /** The value at a position on the axis, 0 … 1. */
  valueAt(share: number): number {
    return this.#least + Math.expm1(Math.max(0, Math.min(1, share)) * this.#span);
  }
}
