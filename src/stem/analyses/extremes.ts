/** The largest and the smallest count of each pixel over the scan. */

import type { Scan } from '../../udf/scans/scan.js';
import { maxUdf, minUdf } from '../builtin/extremes.js';
import { analysis, type Made, roundedDoubt, sigChannel } from './analysis.js';
import { areNaN, leftOutOf, leftOutOfFrames, withoutCounts } from './left-out.js';

function extreme(
  udf: typeof maxUdf,
  words: string,
  scan: Scan,
  options: { readonly calibration?: unknown },
  what: string,
): Made<'intensity'> {
  const leftOut = leftOutOf(scan, what, options);
  return {
    notes: leftOutOfFrames(leftOut, areNaN),
    udf,
    doubts: ({ intensity }) => roundedDoubt(scan, intensity.data),
    channels: ({ intensity }) => [
      {
        ...sigChannel(scan, 'intensity', words, `${words} of each pixel`, withoutCounts(intensity.data, leftOut), true),
        unit: 'counts',
      },
    ],
  };
}

/** Largest count of each pixel in all frames: weak spots of single frames show, and hot pixels. */
export const maxAnalysis = /* @__PURE__ */ analysis('max', (scan, options, what) =>
  extreme(maxUdf, 'largest count', scan, options, what),
);

/** Smallest count of each pixel in all frames: what is in every frame, such as a background. */
export const minAnalysis = /* @__PURE__ */ analysis('min', (scan, options, what) =>
  extreme(minUdf, 'smallest count', scan, options, what),
);
