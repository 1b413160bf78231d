/**
 * Automatic contrast, from a sample of the good pixels.
 *
 * Frames are shown linearly from the 1st percentile to the median + 12 σ, which renders the background 5–15 % black and
 * weak spots half black on every detector tried. Electron patterns, whose background is not flat, use the percentiles 1
 * and 99.9.
 */

/** Values of a frame. */
export type FrameData = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array;

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

/** Limits for a sorted sample. */
export function automaticLimits(sorted: Float64Array, rule: ContrastRule): Limits {
  if (sorted.length === 0) return [0, 1];
  const low = quantile(sorted, 0.01);
  if (rule === 'range') {
    const high = quantile(sorted, 0.999);
    return [low, high > low ? high : low + 1];
  }
  const median = quantile(sorted, 0.5);
  // Photon counts whose median is 0 need a range as well: σ is at least that of counting statistics, and at least a
  // quarter.
  const spread = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 1.349;
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
