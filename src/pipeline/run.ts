/**
 * The run in one process: frames of one detector through peaks, indexing and integration, in order, several at once,
 * memory bounded. `ctx.pipeline` is this; the command spreads the same searches over an executor (task.ts).
 *
 * It knows no files of its own: datasets come open, results go to whoever iterates.
 */

import type { Dataset } from '../data/dataset.js';
import { type DetectorOptions, openDetector } from '../detector/detector.js';
import { stacked } from '../detector/stacked.js';
import { EwaldError } from '../errors.js';
import type { PlatformSignal } from '../globals.js';
import { integer, knownOptions } from '../options.js';

import { type FrameSearcher, openFrameSearcher, type Plans } from './frame-searcher.js';
import { type FrameJob, iterate, letGo, type PipelineItem, searchAll } from './search-all.js';
import { type SearchSettings, settingNames, settingsOf } from './settings.js';

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
export interface PipelineOptions extends SearchSettings, Omit<DetectorOptions, 'maxInverseD'> {
  readonly inputs: Iterable<PipelineInput> | AsyncIterable<PipelineInput>;
  /** Frames searched at once, 1 … 256; default 1. Twice as many are in memory. */
  readonly jobs?: number;
  /** Serial number of the first frame; default 1. */
  readonly serialStart?: number;
  readonly signal?: PlatformSignal;
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
  const searchers: FrameSearcher[] = [];
  try {
    const { done, value: first } = await inputs.next();
    if (done) throw new EwaldError('Argument', 'the run has no frames; needed is a file of frames at least');
    const { geometry, bad, openOther, maxInverseD } = options;
    const detector = await openDetector(first.dataset, { geometry, bad, openOther, maxInverseD });
    const settings = settingsOf(options);
    const asPictures = (input: PipelineInput): PipelineInput => ({
      ...input,
      dataset: stacked(input.dataset, options.geometry),
    });
    for (let i = 0; i < jobs; i++) searchers.push(await openFrameSearcher(context, { ...settings, detector }));
    yield* searchAll(searchers, framesOf(first, inputs, serialStart, asPictures), signal);
  } finally {
    for (const searcher of searchers) await searcher.dispose();
    await letGo(inputs);
  }
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
