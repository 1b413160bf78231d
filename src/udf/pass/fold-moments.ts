/**
 * Folds corrections into the moments of pixels: a factor of the gain multiplies squares by its own square, and a dark
 * frame does not change differences from the mean. A bad pixel is the mean of its neighbours, so that its squares do
 * not follow from theirs: it is computed for each frame, as a mask of a few weights.
 */
import type { Corrections } from '../../frames/corrections.js';
import type { KernelSums } from '../functions/kernel-part.js';
import type { PassDtype, PassStep } from './pass.js';
import { integerVarsum } from './varsum.js';

/** Bad pixels that are computed for each frame; with more of them, correcting the frames is faster. */
const most = 4096;

/**
 * Converts Σ of a pixel and Σ² (of integers up to 16 bits) or Σ (v − mean)², in place, to Σ (c − mean)² of the
 * corrected pixels c that are good in `second`. `sum` is still that of the frames as stored.
 */
export function correctMoments(
  sum: Float64Array,
  second: Float64Array,
  frames: number,
  { gain }: Corrections,
  dtype: PassDtype,
): void {
  const squares = dtype !== 'u32' && dtype !== 'i32';
  for (let p = 0; p < second.length; p++) {
    const own = second[p] as number;
    const factor = gain ? (gain[p] as number) : 1;
    second[p] = (squares ? integerVarsum(frames, sum[p] as number, own) : own) * factor * factor;
  }
}

/** The pixels that are bad in every frame, as sparse masks: each is the mean of its neighbours. */
export class BadMoments {
  readonly steps: readonly PassStep[];
  readonly #pixels: readonly number[];

  /** For passes without moments. */
  static readonly none = new BadMoments([], []);

  /** The bad pixels of a detector; undefined if there are too many of them. */
  static of(corrections: Corrections): BadMoments | undefined {
    const { mask, gain } = corrections;
    if (!mask) return BadMoments.none;
    const pixels: number[] = [];
    for (let p = 0; p < mask.length && pixels.length <= most; p++) if (mask[p]) pixels.push(p);
    if (pixels.length > most) return undefined;
    const starts = Uint32Array.from({ length: pixels.length + 1 }, () => 0);
    const places: number[] = [];
    const weights: number[] = [];
    for (const [k, pixel] of pixels.entries()) {
      const good = corrections.neighboursOf(pixel);
      for (const j of good) {
        places.push(j);
        weights.push((gain ? (gain[j] as number) : 1) / good.length);
      }
      starts[k + 1] = places.length;
    }
    const masks = { starts, pixels: Uint32Array.from(places), weights: Float64Array.from(weights) };
    return new BadMoments(pixels, pixels.length > 0 ? [{ kind: 'sparse', masks }] : []);
  }

  private constructor(pixels: readonly number[], steps: readonly PassStep[]) {
    this.#pixels = pixels;
    this.steps = steps;
  }

  /** Writes Σ (c − mean)² of the bad pixels; their sums of each frame begin at column `first`. */
  write({ nav, columns, frames }: KernelSums, first: number, second: Float64Array): void {
    for (const [k, pixel] of this.#pixels.entries()) {
      let sum = 0;
      for (let i = 0; i < frames; i++) sum += nav[i * columns + first + k] as number;
      const mean = sum / frames;
      let squares = 0;
      for (let i = 0; i < frames; i++) squares += ((nav[i * columns + first + k] as number) - mean) ** 2;
      second[pixel] = squares;
    }
  }
}
