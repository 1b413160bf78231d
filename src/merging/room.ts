/** The methods of a context for merging; the room is loaded on first use. */
import type { Planner } from '../compute/planner/planner.js';
import type { Merger, OpenMergeFile } from './merger.js';
import type { MergeOptions } from './options.js';

export interface MergingMethods {
  /**
   * Starts a merge: streams are added one after another, and can be merged repeatedly; see `MergeOptions`.
   *
   * Throws `Argument`.
   */
  merger(options: MergeOptions): Promise<Merger>;
}

/** `place` opens files by path or address. */
export const mergingRoom = (
  planner: Planner,
  place: () => Promise<{ readonly source: OpenMergeFile }>,
): MergingMethods => ({
  merger: async (options) =>
    new (await import('./merger.js')).Merger(planner, options, async (file) => (await place()).source(file)),
});
