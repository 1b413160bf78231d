/** The sum of each frame under one mask of 0 and 1. */

import type { Scan } from '../../udf/scans/scan.js';
import { masksUdf } from '../builtin/masks.js';
import { type Made, navChannel, realOrComplex } from './analysis.js';
import { type LeftOut, leftOutNote } from './left-out.js';

/** What the sum is called, and what its mask selects. */
interface MaskWords {
  readonly title: string;
  readonly desc: string;
  readonly of: string;
}

/** What a sum under a mask is multiplied with, in words; it is that of pixels with a count. */
export const timesText = (times: number): string =>
  Number.isFinite(times)
    ? `the sum is that of the others, times ${times.toPrecision(5)}`
    : 'none is left, and the sum is NaN';

/**
 * The sum under a mask; pixels without a count take the mean of the others. The mask stays one of 0 and 1, whose sums
 * of whole numbers are exact.
 */
export function underMask(
  scan: Scan,
  mask: Uint8Array,
  { title, desc, of }: MaskWords,
  { marks }: LeftOut,
): Made<'intensity'> {
  const used = marks ? mask.map((isIn, i) => (isIn && !marks[i] ? 1 : 0)) : mask;
  const count = (one: Uint8Array): number => {
    let sum = 0;
    for (let i = 0; i < one.length; i++) sum += one[i] as number;
    return sum;
  };
  const [pixels, left] = [count(mask), marks ? count(used) : 0];
  const times = marks ? pixels / left : 1;
  const isScaled = times !== 1;
  return {
    notes: isScaled ? leftOutNote({ without: pixels - left, pixels }, of, timesText(times)) : [],
    udf: masksUdf.withParams({ masks: [used] }),
    complexFrames: true,
    channels({ intensity }) {
      // 0 times infinity is NaN: nothing is left of the mask.
      const data = isScaled ? Float64Array.from(intensity.data as Float64Array, (sum) => sum * times) : intensity.data;
      return realOrComplex(navChannel(scan, 'intensity', title, desc, data, 'counts'), intensity);
    },
  };
}
