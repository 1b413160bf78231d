/**
 * Sums the counts of regions, row by row. Sums of integers are exact whatever their size: values are split at 16 bits,
 * so that each partial sum is a whole number that float64 holds.
 */

import { momentsOf, type RegionValue, type RegionValues } from '../../../crystal/stream/regions.js';
import type { Frame } from '../../peaks/contract.js';
import { SpanOfPairs } from './pairs.js';
import type { Region } from './region.js';
import { type RegionDetector, type Spans, spansOf } from './spans.js';

/** Values are split here. */
const split = 2 ** 16;
/** Pixels from which partial sums of a region may exceed 2⁵², so that they are put away in time. */
const manyPixels = 2 ** 21;
const almostInexact = 2 ** 52;

/**
 * The partial sums of a region: of the low and the high parts of values, of both times fs, of both times ss, of the
 * squares of low parts, of low times high, and of the squares of high parts.
 */
const parts = { low: 0, high: 1, xLow: 2, xHigh: 3, yLow: 4, yHigh: 5, lowLow: 6, lowHigh: 7, highHigh: 8 } as const;
const partCount = 9;

/** The sums of a span: `moment` is of counts times their distance from its first pixel. */
type SpanSums = Pick<SpanOfPairs, 'sum' | 'squares' | 'moment' | 'most'>;

/** Sums regions of the frames of a detector. */
export class RegionSums {
  readonly #detector: RegionDetector;
  readonly #names: readonly string[];
  readonly #spans: Spans;
  readonly #sums: Float64Array;
  /** What was put away of them; undefined unless a region is so large that this may happen. */
  readonly #carried: bigint[] | undefined;
  readonly #max: Float64Array;
  readonly #pixels: Float64Array;
  readonly #found = new SpanOfPairs();
  /** Whether frames are of real numbers, whose sums are not exact. */
  readonly #isReal: boolean;

  /** Throws `Argument` for regions without pixels. */
  constructor(detector: RegionDetector, regions: readonly Region[]) {
    this.#detector = detector;
    this.#names = regions.map(({ name }) => name);
    this.#spans = spansOf(detector, regions);
    this.#sums = new Float64Array(partCount * regions.length);
    const isLarge = this.#spans.pixels.some((pixels) => pixels >= manyPixels);
    this.#carried = isLarge ? new Array<bigint>(this.#sums.length).fill(0n) : undefined;
    this.#max = new Float64Array(regions.length);
    this.#pixels = new Float64Array(regions.length);
    this.#isReal = detector.dtype === 'f32';
  }

  /** The regions of a frame whose pixels without counts are marked, as `markFrame` of the detector does. */
  of(frame: Frame): RegionValues {
    const { region, count } = this.#spans;
    this.#sums.fill(0);
    this.#carried?.fill(0n);
    this.#max.fill(Number.NEGATIVE_INFINITY);
    this.#pixels.fill(0);
    const isPlain = !this.#isReal && !this.#detector.saturation;
    const pairs = isPlain ? this.#pairsOf(frame) : undefined;
    for (let span = 0; span < count.length; span++) {
      const isAdded = pairs
        ? this.#addPairs(frame as Uint16Array, pairs, span)
        : isPlain && this.#addPlain(frame, span);
      if (!isAdded) this.#addJudged(frame, span);
      if (this.#carried) this.#putAway(region[span] as number, this.#carried);
    }
    return Object.fromEntries(this.#names.map((name, i) => [name, this.#value(i)]));
  }

  /** The pixels of a frame in pairs, if they are of 16 bits and each number from 0 on may be a count. */
  #pairsOf(frame: Frame): Uint32Array | undefined {
    if (!(frame instanceof Uint16Array) || frame.byteOffset % 4 !== 0 || this.#detector.validRange[0] > 0)
      return undefined;
    return new Uint32Array(frame.buffer, frame.byteOffset, frame.length >> 1);
  }

  /** Like `#addPlain`, two pixels at a time. */
  #addPairs(frame: Uint16Array, pairs: Uint32Array, span: number): boolean {
    const { region: regions, fs: columns, ss: rows, count: counts, limit: limits } = this.#spans;
    const fs = columns[span] as number;
    const ss = rows[span] as number;
    const count = counts[span] as number;
    const region = regions[span] as number;
    const limit = limits[span] as number;
    const most = this.#max[region] as number;
    const found = this.#found;
    found.of(frame, pairs, ss * this.#detector.width + fs, count, Math.min(most, limit));
    if (found.most > limit) return false;
    this.#add(region, fs, ss, count, found);
    return true;
  }

  /**
   * Adds a span of integers in one pass without judging each; false, and nothing is added, where some are no counts,
   * saturated, or longer than 16 bits.
   */
  #addPlain(frame: Frame, span: number): boolean {
    const { width, validRange } = this.#detector;
    const { region: regions, fs: columns, ss: rows, count: counts, limit } = this.#spans;
    const [fs, ss, count] = [columns[span] as number, rows[span] as number, counts[span] as number];
    const first = ss * width + fs;
    let sum = 0;
    // The sum of all sums so far weighs each value by its distance from the end.
    let weighted = 0;
    let squares = 0;
    let [least, most] = [split, -split];
    for (let i = first; i < first + count; i++) {
      const value = frame[i] as number;
      sum += value;
      weighted += sum;
      squares += value * value;
      if (value > most) most = value;
      if (value < least) least = value;
    }
    if (least < validRange[0] || most > (limit[span] as number) || least <= -split || most >= split) return false;
    const moment = count * sum - weighted;
    this.#add(regions[span] as number, fs, ss, count, { sum, squares, moment, most });
    return true;
  }

  /** Adds the sums of a span whose counts are all used. */
  #add(region: number, fs: number, ss: number, count: number, found: SpanSums): void {
    const { sum, squares, moment, most } = found;
    const at = region * partCount;
    const sums = this.#sums;
    sums[at + parts.low] = (sums[at + parts.low] as number) + sum;
    sums[at + parts.xLow] = (sums[at + parts.xLow] as number) + fs * sum + moment;
    sums[at + parts.yLow] = (sums[at + parts.yLow] as number) + ss * sum;
    sums[at + parts.lowLow] = (sums[at + parts.lowLow] as number) + squares;
    this.#pixels[region] = (this.#pixels[region] as number) + count;
    if (most > (this.#max[region] as number)) this.#max[region] = most;
  }

  /** Adds a span and judges each value. */
  #addJudged(frame: Frame, span: number): void {
    const { width, validRange, saturation } = this.#detector;
    const { region: regions, fs: columns, ss: rows, count: counts, limit } = this.#spans;
    const [least, greatest] = validRange;
    const [fs, ss, region] = [columns[span] as number, rows[span] as number, regions[span] as number];
    const first = ss * width + fs;
    const [sums, at] = [this.#sums, region * partCount];
    let most = this.#max[region] as number;
    let pixels = 0;
    for (let i = first; i < first + (counts[span] as number); i++) {
      const value = frame[i] as number;
      // An infinite number is no count, and NaN is within no range.
      if (!(value >= least && value <= greatest && value - value === 0)) continue;
      if (value > most) most = value;
      if (value > (saturation ? Math.min(limit[span] as number, saturation[i] as number) : (limit[span] as number)))
        continue;
      pixels++;
      this.#addOne(sums, at, value, fs + i - first, ss);
    }
    this.#max[region] = most;
    this.#pixels[region] = (this.#pixels[region] as number) + pixels;
  }

  /** Adds a pixel; real numbers are added as they are, in the order of the frame. */
  #addOne(sums: Float64Array, at: number, value: number, x: number, y: number): void {
    const high = this.#isReal ? 0 : Math.floor(value / split);
    const low = value - high * split;
    sums[at + parts.low] = (sums[at + parts.low] as number) + low;
    sums[at + parts.xLow] = (sums[at + parts.xLow] as number) + low * x;
    sums[at + parts.yLow] = (sums[at + parts.yLow] as number) + low * y;
    sums[at + parts.lowLow] = (sums[at + parts.lowLow] as number) + low * low;
    if (high === 0) return;
    sums[at + parts.high] = (sums[at + parts.high] as number) + high;
    sums[at + parts.xHigh] = (sums[at + parts.xHigh] as number) + high * x;
    sums[at + parts.yHigh] = (sums[at + parts.yHigh] as number) + high * y;
    sums[at + parts.lowHigh] = (sums[at + parts.lowHigh] as number) + low * high;
    sums[at + parts.highHigh] = (sums[at + parts.highHigh] as number) + high * high;
  }

  /** Puts partial sums away that the next span might make inexact: a span adds less than 2⁵². */
  #putAway(region: number, carried: bigint[]): void {
    if (this.#isReal) return;
    for (let i = region * partCount; i < (region + 1) * partCount; i++) {
      const sum = this.#sums[i] as number;
      if (Math.abs(sum) < almostInexact) continue;
      carried[i] = (carried[i] as bigint) + BigInt(sum);
      this.#sums[i] = 0;
    }
  }

  #value(region: number): RegionValue {
    const pixels = this.#pixels[region] as number;
    const most = this.#max[region] as number;
    const max = most === Number.NEGATIVE_INFINITY ? Number.NaN : most;
    const real = (part: number): number => this.#sums[region * partCount + part] as number;
    if (this.#isReal) {
      const [sum, sumSquares] = [real(parts.low), real(parts.lowLow)];
      const centre = sum > 0 ? { x: real(parts.xLow) / sum, y: real(parts.yLow) / sum } : noCentre;
      return { sum, sumSquares, max, pixels, ...momentsOf(sum, sumSquares, pixels), ...centre };
    }
    const exact = (part: number): bigint => BigInt(real(part)) + (this.#carried?.[region * partCount + part] ?? 0n);
    const joined = (low: number, high: number): bigint => exact(low) + exact(high) * BigInt(split);
    const sum = joined(parts.low, parts.high);
    const sumSquares =
      joined(parts.lowLow, parts.lowHigh) +
      (exact(parts.lowHigh) + exact(parts.highHigh) * BigInt(split)) * BigInt(split);
    const centre =
      sum > 0n
        ? {
            x: Number(joined(parts.xLow, parts.xHigh)) / Number(sum),
            y: Number(joined(parts.yLow, parts.yHigh)) / Number(sum),
          }
        : noCentre;
    return { sum, sumSquares, max, pixels, ...momentsOf(sum, sumSquares, pixels), ...centre };
  }
}

const noCentre = { x: Number.NaN, y: Number.NaN } as const;
