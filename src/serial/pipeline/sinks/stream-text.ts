/** The text that a frame contributes to the stream. */
import { withLists } from '../../../crystal/stream/lists.js';
import type { FrameRecord } from '../record.js';

/** Options that select the contents of the stream of a run. */
export interface StreamContents {
  /** Writes frames that are not hits to the stream. Default true. */
  readonly nonHitsInStream?: boolean | undefined;
  /** Writes the lists of peaks to the stream. Default true. */
  readonly peaksInStream?: boolean | undefined;
  /** Writes the lists of reflections to the stream. Default true; without them it cannot be merged. */
  readonly reflsInStream?: boolean | undefined;
}

/** The text of a frame in the stream; undefined if it is omitted. */
export function streamText(
  item: Pick<FrameRecord, 'hit' | 'chunk'>,
  { nonHitsInStream, peaksInStream, reflsInStream }: StreamContents,
): string | undefined {
  if (!item.hit && nonHitsInStream === false) return undefined;
  return withLists(item.chunk, { peaks: peaksInStream, reflections: reflsInStream });
}
