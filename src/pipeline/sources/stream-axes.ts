/** The known cell with which the peaks of a stream are indexed: what its first crystals say about it. */
import type { KnownCell } from '../../crystal/cell-file.js';
import type { StreamChunk } from '../../crystal/stream/stream.js';
import type { SettledAxes } from '../first-frames/known-axes.js';
import type { PipelineItem } from '../one-frame.js';

/** Chunks that are looked at, at most, until there are enough crystals. */
const maxChunks = 200;

/**
 * Indexes the first chunks with a known cell that is nearly more symmetric than it is. Returns what their crystals say
 * about it, undefined for other cells, and all chunks of the stream: it may come through a pipe, which is read once.
 */
export async function axesOfChunks(
  chunks: AsyncIterable<StreamChunk>,
  cells: readonly KnownCell[] | undefined,
  index: (chunk: StreamChunk) => Promise<PipelineItem>,
): Promise<{ readonly axes: SettledAxes | undefined; readonly chunks: AsyncIterable<StreamChunk> }> {
  if (cells?.length !== 1) return { axes: undefined, chunks };
  const { axesOfFrames, enoughForAxes, mayAskForAxes } = await import('../first-frames/known-axes.js');
  if (!mayAskForAxes(cells)) return { axes: undefined, chunks };
  const rest = chunks[Symbol.asyncIterator]();
  const first: StreamChunk[] = [];
  const results: Parameters<typeof axesOfFrames>[1][number][] = [];
  let crystals = 0;
  let failure: unknown;
  while (crystals < enoughForAxes && first.length < maxChunks && failure === undefined) {
    const next = await rest.next().catch((error: unknown) => {
      failure = error;
    });
    if (!next || next.done) break;
    first.push(next.value);
    const { result } = await index(next.value);
    if (!result) continue;
    results.push(result);
    crystals += result.crystals.length;
  }
  const all = async function* () {
    try {
      yield* first;
      // A stream that cannot be read further fails where it would have failed otherwise.
      if (failure !== undefined) throw failure;
      yield* { [Symbol.asyncIterator]: () => rest };
    } finally {
      await rest.return?.();
    }
  };
  return { axes: axesOfFrames(cells, results), chunks: all() };
}
