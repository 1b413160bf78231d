/** The text that a frame contributes to the stream. */

import { withLists } from '../../crystal/stream/lists.js';
import type { OptionsOf } from '../../options/parameters.js';
import type { sinkRows } from '../parameters.js';
import type { FrameRecord } from '../record.js';

/** Options that select the contents of the stream of a run. */
export type StreamContents = Pick<OptionsOf<typeof sinkRows>, 'nonHitsInStream' | 'peaksInStream' | 'reflsInStream'>;

/** The text of a frame in the stream; undefined if it is omitted. */
export function streamText(
  item: Pick<FrameRecord, 'hit' | 'chunk'>,
  { nonHitsInStream, peaksInStream, reflsInStream }: StreamContents,
): string | undefined {
  if (!item.hit && nonHitsInStream === false) return undefined;
  return withLists(item.chunk, { peaks: peaksInStream, reflections: reflsInStream });
}
