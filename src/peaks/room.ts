/** The methods that this room adds to a context; the room is loaded on first use. */
import type { Planner } from '../planner/planner.js';
import type { PeakFinder, PeaksOptions } from './peaks.js';

export interface PeaksMethods {
  /** Plans a peak finder for frames of one detector; see `PeaksOptions`. */
  peaks(options: PeaksOptions): Promise<PeakFinder>;
}

export const peaksRoom = (planner: Planner): PeaksMethods => ({
  peaks: async (options) => (await import('./peaks.js')).planPeaks(planner, options),
});
