/**
 * Runs frames through searchers: several concurrently with bounded memory, and yields the results in order. Both the run in
 * one process and the tasks of workers use this. What is done with a frame is one-frame.ts.
 */

import { numberTypes } from '../compute/arrays/numbers.js';
import { closeIterator } from '../util/aborted.js';
import type { PlatformSignal } from '../util/globals.js';
import { checkSignal } from '../util/options.js';
import type { OpenFrameSearcher } from './frame-searcher.js';
import { type FrameJob, FrameWork, type PipelineItem, type SearchOptions } from './one-frame.js';

/** Frames that wait for others to be indexed with them: as many as a batch takes, in at most 256 MiB. */
function waitingFrames({ imagesAtOnce, detector: { width, height, dtype } }: OpenFrameSearcher): number {
  const bytes = width * height * numberTypes[dtype].BYTES_PER_ELEMENT;
  return imagesAtOnce === 1 ? 0 : Math.min(imagesAtOnce, Math.floor(2 ** 28 / bytes));
}

/** Frames that may be under way at once: twice as many as searchers, and those that wait to be indexed together. */
export const framesUnderWay = (searchers: readonly OpenFrameSearcher[]): number =>
  2 * searchers.length + (searchers[0] ? waitingFrames(searchers[0]) : 0);

/**
 * Searches frames with all given searchers; at most twice as many frames are read or in flight, and those that wait to
 * be indexed in a batch.
 */
export async function* searchAll(
  searchers: readonly OpenFrameSearcher[],
  jobs: Iterable<FrameJob> | AsyncIterable<FrameJob>,
  signal: PlatformSignal | undefined,
  { rois = [], ...options }: SearchOptions = {},
): AsyncGenerator<PipelineItem, void, undefined> {
  const [any] = searchers;
  if (!any) return;
  const regions = rois.length > 0 ? await any.regionSums(rois) : undefined;
  const search = new FrameWork(any, searchers, signal, { ...options, regions });
  const queue: Promise<PipelineItem>[] = [];
  const source = iterate(jobs);
  const most = framesUnderWay(searchers);
  let coming: Promise<IteratorResult<FrameJob, void>> | undefined;
  let ended = false;
  /** Why the source has ended too early. */
  const failures: unknown[] = [];
  try {
    while (!ended || queue.length > 0) {
      checkSignal(signal);
      const [first] = queue;
      if (!ended && queue.length < (options.isTight?.() ? 1 : most)) {
        coming ??= source.next();
        // A source that waits for its next frame must not delay finished results.
        const next = await (first ? Promise.race([coming, first.then(noJob, noJob)]) : coming).catch((cause) => {
          failures.push(cause);
        });
        if (failures.length > 0) ended = true;
        else if (next) {
          coming = undefined;
          if (next.done) ended = true;
          else {
            const item = search.item(next.value);
            // The consumer receives the error when it reaches this item.
            item.catch(noJob);
            queue.push(item);
          }
          continue;
        }
      }
      if (!first) break;
      queue.shift();
      yield await first;
    }
    // Frames that were read before the source failed are finished.
    if (failures.length > 0) throw failures[0];
  } finally {
    // A searcher must not be disposed while it is working.
    await Promise.allSettled(queue);
    await closeIterator(source);
  }
}

/** Wraps any source in a generator, so that it can be ended. */
async function* iterate<T>(source: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  yield* source;
}

const noJob = (): undefined => undefined;
