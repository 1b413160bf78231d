/**
 * The contract of a search's stages. The code that computes them is stages.ts, which is loaded when somebody asks for
 * them.
 */
import { EwaldError } from '../util/errors.js';
import type { FinderName } from './contract.js';
import type { PeakList } from './peak-list.js';

/** What a search has found out about a pixel, in ascending order. */
export const stageMarks = {
  /** Bad, outside of the valid range, between panels, or outside of the radii. */
  excluded: 0,
  /** Searched, and not above its limit. */
  below: 1,
  /** Dispersion only: its window varies more than counts do. */
  varied: 2,
  /** Passes every test of a pixel, but belongs to no peak. */
  strong: 3,
  /** Belongs to a peak. */
  peak: 4,
} as const;

/** The stages of a search, each [ss, fs], in units of the frame. */
export interface PeakStages {
  /** Mean of the pixel's ring (peakfinder8) or window (dispersion); NaN for pixels without one. */
  readonly background: Float32Array;
  /** Sigma of the ring, or that of counts with the window's mean; NaN for pixels without one. */
  readonly noise: Float32Array;
  /** Value above which the pixel is strong; NaN for pixels without one. */
  readonly limit: Float32Array;
  /** One of `stageMarks` for each pixel. */
  readonly marks: Uint8Array;
  /** The peaks, unfiltered by `maxPeaks`, with the centroids of their blobs. */
  readonly peaks: PeakList;
}

/** Throws `Unsupported` for finders that compare no pixel with a background. */
export function checkStages(finder: FinderName): void {
  if (finder === 'zaef')
    throw new EwaldError(
      'Unsupported',
      'peaks.stages: zaef climbs along gradients and compares no pixel with a background; ' +
        'plan peakfinder8 or dispersion to see their stages',
    );
}
