/**
 * The run in one process: frames of one detector through peaks, indexing and integration, in order, several at once,
 * memory bounded. `ctx.pipeline` is this; the command spreads the same searches over an executor (task.ts).
 *
 * It knows no files of its own: datasets come open, results go to whoever iterates.
 */

import type { StreamChunk } from '../crystal/stream/stream.js';
import type { Dataset } from '../data/dataset.js';
import { EwaldError } from '../errors.js';
import type { PlatformSignal } from '../globals.js';
import { checkSignal, integer, knownOptions } from '../options.js';
import { oneLine } from '../plain-text.js';
import { chunkOf, type FrameOrigin, latticeName } from './chunk.js';
import { type DetectorOptions, openDetector } from './detector.js';
import type { FrameResult } from './frame.js';
import { type Plans, readFrame, Searcher } from './searcher.js';
import { methodName, type SearchSettings, settingNames } from './settings.js';
import { stacked } from './stacked.js';

/** Frames to be searched: all of a dataset, or some. */
export interface PipelineInput {
  /** Open, and the caller's. */
  readonly dataset: Dataset;
  /** As the stream names the file; default: the dataset's own name. */
  readonly filename?: string;
  /** Numbers of frames; default: all. */
  readonly frames?: readonly number[];
}

/** What a run is told. */
export interface PipelineOptions extends SearchSettings, Omit<DetectorOptions, 'minRes' | 'maxRes' | 'maxInverseD'> {
  readonly inputs: Iterable<PipelineInput> | AsyncIterable<PipelineInput>;
  /** Frames searched at once, 1 … 256; default 1. Twice as many are in memory. */
  readonly jobs?: number;
  /** Serial number of the first frame; default 1. */
  readonly serialStart?: number;
  readonly signal?: PlatformSignal;
}

/** A frame that is done. */
export interface SearchedFrame {
  readonly origin: FrameOrigin;
  readonly result: FrameResult;
  readonly chunk: StreamChunk;
  readonly error?: undefined;
}

/** A frame that could not be read. */
export interface FailedFrame {
  readonly origin: FrameOrigin;
  readonly error: EwaldError;
  readonly result?: undefined;
  readonly chunk?: undefined;
}

export type PipelineItem = SearchedFrame | FailedFrame;

/** A frame that is to be searched. */
export interface FrameJob {
  readonly dataset: Dataset;
  readonly frame: number;
  readonly origin: FrameOrigin;
}

const names = ['inputs', 'geometry', 'bad', 'openOther', 'jobs', 'serialStart', 'signal', ...settingNames];

/**
 * Runs frames through all stages; results come in the order of the frames, one that cannot be read as `error`.
 *
 * Throws `Argument`, `Shape`, `Format` before the first frame, `Aborted` at its signal.
 */
export async function* runPipeline(
  context: Plans,
  options: PipelineOptions,
): AsyncGenerator<PipelineItem, void, undefined> {
  knownOptions('pipeline', options, names);
  if (options.listed) {
    knownOptions('pipeline: listed', options.listed, ['path', 'halfPixel', 'validate']);
    if (options.finder !== undefined)
      throw new EwaldError('Argument', `pipeline: listed takes peaks as files have them; finder is of a search`);
  }
  const jobs = integer('pipeline: jobs', options.jobs, 1, 1, 256);
  const serialStart = integer('pipeline: serialStart', options.serialStart, 1, 0, 2 ** 31);
  const { signal } = options;
  const inputs = iterate(options.inputs);
  const searchers: Searcher[] = [];
  try {
    const { done, value: first } = await inputs.next();
    if (done) throw new EwaldError('Argument', 'the run has no frames; needed is a file of frames at least');
    const { inputs: _, signal: __, jobs: ___, ...rest } = options;
    const detector = await openDetector(first.dataset, rest);
    const asPictures = (input: PipelineInput): PipelineInput => ({
      ...input,
      dataset: stacked(input.dataset, options.geometry),
    });
    for (let i = 0; i < jobs; i++) searchers.push(await Searcher.open(context, detector, options));
    yield* searchAll(searchers, framesOf(first, inputs, serialStart, asPictures), signal);
  } finally {
    for (const searcher of searchers) await searcher.dispose();
    await letGo(inputs);
  }
}

async function* iterate<T>(source: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  yield* source;
}

async function* framesOf(
  first: PipelineInput,
  rest: AsyncIterable<PipelineInput>,
  serialStart: number,
  asPictures: (input: PipelineInput) => PipelineInput,
): AsyncGenerator<FrameJob> {
  let serial = serialStart;
  const jobsOf = function* ({ dataset, frames, filename = dataset.name }: PipelineInput): Generator<FrameJob> {
    for (const frame of frames ?? Array.from({ length: dataset.frames }, (_, i) => i)) {
      const event = dataset.shape.navigation.length > 0 ? frame : undefined;
      yield { dataset, frame, origin: { filename, event, serial: serial++ } };
    }
  };
  yield* jobsOf(asPictures(first));
  for await (const input of rest) yield* jobsOf(asPictures(input));
}

/** Searches frames with as many searchers as there are; twice as many frames are read or under way, not more. */
export async function* searchAll(
  searchers: readonly Searcher[],
  jobs: Iterable<FrameJob> | AsyncIterable<FrameJob>,
  signal: PlatformSignal | undefined,
): AsyncGenerator<PipelineItem, void, undefined> {
  const free = [...searchers];
  const waiting: ((searcher: Searcher) => void)[] = [];
  const take = (): Promise<Searcher> => {
    const searcher = free.pop();
    return searcher ? Promise.resolve(searcher) : new Promise((resolve) => waiting.push(resolve));
  };
  const give = (searcher: Searcher): void => {
    const next = waiting.shift();
    if (next) next(searcher);
    else free.push(searcher);
  };
  const [any] = searchers;
  if (!any) return;
  const { detector, settings, spare } = any;
  const lattices = (settings.cells ?? []).map(latticeName);
  const work = async ({ dataset, frame, origin }: FrameJob): Promise<PipelineItem> => {
    try {
      checkSignal(signal);
      // No stream can hold such a name: the frame fails before it is read, the others go on.
      oneLine(origin.filename, 'the name of the file');
      const begun = performance.now();
      // Read before a searcher is free: the next frame is decoded while this one is searched.
      const numbers = await readFrame(dataset, frame, detector, signal, any.memory());
      const readMs = performance.now() - begun;
      const searcher = await take();
      try {
        checkSignal(signal);
        const result = await searcher.search(numbers, dataset, frame, readMs, signal);
        return { origin, result, chunk: chunkOf(origin, result, detector.geometry, lattices, methodName(settings)) };
      } finally {
        give(searcher);
        spare.push(numbers);
      }
    } catch (error) {
      // A lost device finds nothing in the frames to come either: that is no fault of theirs.
      if (!(error instanceof EwaldError) || ['Aborted', 'Disposed', 'DeviceLost'].includes(error.tag)) throw error;
      return { origin, error };
    }
  };
  const queue: Promise<PipelineItem>[] = [];
  const source = iterate(jobs);
  const most = 2 * searchers.length;
  let coming: Promise<IteratorResult<FrameJob, void>> | undefined;
  let ended = false;
  try {
    while (!ended || queue.length > 0) {
      checkSignal(signal);
      const [first] = queue;
      if (!ended && queue.length < most) {
        coming ??= source.next();
        // A source that waits for its next frame does not hold back those that are done.
        const next = await (first ? Promise.race([coming, first.then(noJob, noJob)]) : coming);
        if (next) {
          coming = undefined;
          if (next.done) ended = true;
          else {
            const item = work(next.value);
            // Whoever iterates sees it in its turn.
            item.catch(noJob);
            queue.push(item);
          }
          continue;
        }
      }
      queue.shift();
      yield (await first) as PipelineItem;
    }
  } finally {
    // Nobody disposes a searcher that is at work.
    await Promise.allSettled(queue);
    await letGo(source);
  }
}

const noJob = (): undefined => undefined;

/** Ends a source; one that still waits for its next item ends behind it, and nobody waits for that. */
async function letGo(source: AsyncGenerator<unknown, void, undefined>): Promise<void> {
  const ended = source.return();
  ended.catch(noJob);
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 0))]);
}
