/** The kinds of frames that a page can be restricted to. */
import type { FrameSummary, Opened } from './protocol.js';

/** Which frames are visited when stepping, and which of those that arrive are shown. */
export type Filter = 'all' | 'hits' | 'unindexed';

/** Whether a frame is of a kind; a frame that has not been searched is not a hit. */
export const isOfKind = (summary: FrameSummary | undefined, filter: Filter): boolean =>
  filter === 'all' || (summary?.hit === true && (filter === 'hits' || summary.crystals === 0));

/** The reason why frames cannot be told apart by a kind, with what to do; undefined if they can. */
export function unknownKind(filter: Filter, opened: Opened | undefined): string | undefined {
  // A stream or a run states what it has found.
  if (filter === 'all' || !opened || (opened.listed && !opened.unsearched)) return undefined;
  if (!opened.panels) return 'Hits are found by searching for peaks, which takes the geometry: drop a .geom file.';
  if (filter === 'unindexed' && opened.unsearched && !opened.cell)
    return 'Frames that arrive without a run are indexed with a known cell: drop a .cell file here.';
  return undefined;
}
