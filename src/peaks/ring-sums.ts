/** Sums of all good pixels of rings, none clipped: what a radial profile is made of. */
import { maskedBin, peaksCapacities } from '../compute/layout/peaks.js';
import type { Frame } from './contract.js';

/** The sums of a frame. */
export interface RingSums {
  /** Sum of the good pixels of each ring, [rings]; of integers it is exact up to 2⁵³. */
  readonly sums: Float64Array;
  /** Number of good pixels of each ring, [rings]. */
  readonly pixels: Float64Array;
  /** The pixels of rings that are bad in this frame only, ascending; undefined if there are too many to be listed. */
  readonly lost: readonly number[] | undefined;
}

const { maxLost } = peaksCapacities;

/** Numbers that a kernel writes for this many rings, as `ewald_peaks_run` of cpp/include/ewald.h describes them. */
export const sumsLength = (rings: number): number => 2 * rings + 1 + maxLost;

/** The sums that a kernel has written. */
export function ringSumsOf(written: Float64Array, rings: number): RingSums {
  const lost = written[2 * rings] as number;
  const first = 2 * rings + 1;
  return {
    sums: written.slice(0, rings),
    pixels: written.slice(rings, 2 * rings),
    // In ascending order, so that what is computed of them does not depend on the order in which a kernel met them.
    lost: lost > maxLost ? undefined : Array.from(written.subarray(first, first + lost)).sort((a, b) => a - b),
  };
}

/**
 * The sums of a frame in plain code, for backends without a kernel of their own, and for images that are no frames.
 * `usable` says whether a pixel counts in this frame.
 */
export function sumRings(
  frame: Frame | Float64Array,
  bins: Uint16Array,
  rings: number,
  usable: (pixel: number, value: number) => boolean,
): RingSums {
  const sums = new Float64Array(rings);
  const pixels = new Float64Array(rings);
  const lost: number[] = [];
  for (let i = 0; i < bins.length; i++) {
    const bin = bins[i] as number;
    if (bin === maskedBin) continue;
    const value = frame[i] as number;
    if (usable(i, value)) {
      sums[bin] = (sums[bin] as number) + value;
      pixels[bin] = (pixels[bin] as number) + 1;
    } else if (lost.length <= maxLost) lost.push(i);
  }
  return { sums, pixels, lost: lost.length > maxLost ? undefined : lost };
}
