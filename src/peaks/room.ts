/** The methods that this room adds to a context; the room is loaded on first use. */
import type { Planner } from '../compute/planner/planner.js';
import type { FinderName, PeakFinder, PeaksOptions } from './peaks.js';
import { type PlansSpans, planSpans } from './spans/contract.js';

export interface PeaksMethods {
  /**
   * Plans a peak finder for frames of one detector; see `PeaksOptions`. The plan holds about 25 bytes a pixel, which it
   * fills on this thread: a tenth of a second for 4 million pixels, seconds for 67 million.
   *
   * Throws `Argument`, `Shape`, and `Limit` for frames of more than 268435456 pixels.
   */
  peaks<Finder extends FinderName = 'peakfinder8'>(
    options: PeaksOptions & { readonly finder?: Finder | undefined },
  ): Promise<PeakFinder<Finder>>;
}

export const peaksRoom = (planner: Planner): PeaksMethods & PlansSpans => ({
  peaks: async <Finder extends FinderName>(options: PeaksOptions) =>
    (await (await import('./peaks.js')).planPeaks(planner, options)) as PeakFinder<Finder>,
  [planSpans]: async (descriptor) =>
    (await planner.plan((await import('./spans/kernels.js')).spansFeature, descriptor)).kernel,
});
