/** What a context can do in this room; the room is fetched when it is first asked. */
import type { Planner } from '../planner/planner.js';
import type { Merger } from './merger.js';
import type { MergeOptions } from './options.js';

export interface MergingMethods {
  /**
   * Begins a merge: streams are added one after another, and merged as often as wanted; see `MergeOptions`.
   *
   * Throws `Argument`.
   */
  merger(options: MergeOptions): Promise<Merger>;
}

export const mergingRoom = (planner: Planner): MergingMethods => ({
  merger: async (options) => new (await import('./merger.js')).Merger(planner, options),
});
