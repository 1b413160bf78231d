/** What a context can do in this room; the room is fetched when it is first asked. */
import type { Planner } from '../planner/planner.js';
import type { PeakFinder, PeaksOptions } from './peaks.js';

export interface PeaksMethods {
  /** Plans a peak finder for frames of one detector; see `PeaksOptions`. */
  peaks(options: PeaksOptions): Promise<PeakFinder>;
}

export const peaksRoom = (planner: Planner): PeaksMethods => ({
  peaks: async (options) => (await import('./peaks.js')).planPeaks(planner, options),
});
