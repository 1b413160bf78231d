/**
 * The run in one process: frames of one detector through peaks, indexing and integration, in order, several at once,
 * memory bounded. `ctx.pipeline` is this; the command spreads the same searches over an executor (task.ts).
 *
 * It knows no files of its own: datasets come open, results go to whoever iterates.
 */

import { EwaldError } from '../base/errors.js';
import type { PlatformSignal } from '../base/globals.js';
import { callback, integer, knownOptions, shown } from '../base/options.js';
import type { KnownCell } from '../crystal/cell-file.js';
import type { Geometry } from '../crystal/geometry/geometry.js';
import { type Detector, type DetectorOptions, openDetector } from '../detector/detector.js';
import { stacked } from '../detector/stacked.js';
import { minimumSpots } from '../indexing/parameters.js';
import type { FinderName } from '../peaks/contract.js';

import { type OpenFrameSearcher, type Plans, planFrameSearcher } from './frame-searcher.js';
import { checkInputs, type PipelineInput } from './inputs.js';
import { type FrameJob, letGo, type PipelineItem, searchAll } from './search-all.js';
import { type PeakParameters, type SearchSettings, settingNames, settingsOf } from './settings.js';
import { type FirstFrames, type SomeFrames, type Tuned, tuned } from './tune.js';
import { type FoundCell, unknownCell } from './unknown-cell.js';

/** What stands out of a run before and while its frames are searched. */
export type RunEvent =
  | ({ readonly kind: 'tuned'; readonly finder: FinderName } & Tuned)
  | ({ readonly kind: 'cell' } & FoundCell)
  | { readonly kind: 'progress'; readonly stage: 'cell'; readonly share: number };

/** What a run is given. */
export interface PipelineOptions extends Omit<SearchSettings, 'peaks'>, Omit<DetectorOptions, 'maxInverseD'> {
  readonly inputs: Iterable<PipelineInput> | AsyncIterable<PipelineInput>;
  /**
   * Parameters of the peak search. Default `'tune'`: they follow from the first four frames. Of some parameters the others
   * are tuned, unless the threshold (of dispersion: the gain) is among them.
   */
  readonly peaks?: 'tune' | PeakParameters;
  /** Known cells. Default: the cell is determined from the first frames; `[]`: frames are searched for peaks alone. */
  readonly cells?: readonly KnownCell[];
  /** Frames searched at once, 1 … 256; default 1. Twice as many are in memory. */
  readonly jobs?: number;
  /** Serial number of the first frame; default 1. */
  readonly serialStart?: number;
  /** Called with what the run finds out about itself: parameters, the cell, progress before the first frame. */
  readonly onEvent?: (event: RunEvent) => void;
  readonly signal?: PlatformSignal | undefined;
}

const names = ['inputs', 'geometry', 'bad', 'openOther', 'jobs', 'serialStart', 'onEvent', 'signal', ...settingNames];

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
      throw new EwaldError('Argument', 'pipeline: listed takes peaks as files have them, and finder searches for them');
  }
  if (options.geometry !== undefined && !Array.isArray((options.geometry as Geometry | null)?.panels))
    throw new EwaldError(
      'Argument',
      `pipeline: geometry is ${shown(options.geometry)}; it expects what parseGeometry(text) returns`,
    );
  const jobs = integer('pipeline: jobs', options.jobs, 1, 1, 256);
  const serialStart = integer('pipeline: serialStart', options.serialStart, 1, 0, 2 ** 31);
  callback('pipeline: onEvent', options.onEvent);
  const { signal } = options;
  const source = checkInputs(options.inputs);
  const searchers: OpenFrameSearcher[] = [];
  try {
    const inputs = new Inputs(source, options.geometry);
    const first = await inputs.first();
    const { geometry, bad, openOther, maxInverseD } = options;
    const detector = await openDetector(first.dataset, { geometry, bad, openOther, maxInverseD });
    const { searcher, settings } = await prepare(context, detector, options, (most) => inputs.frames(most));
    searchers.push(searcher);
    for (let i = 1; i < jobs; i++) searchers.push(await planFrameSearcher(context, { ...settings, detector }));
    yield* searchAll(searchers, framesOf(inputs.all(), serialStart), signal);
  } finally {
    for (const searcher of searchers) await searcher.dispose();
    await letGo(source);
  }
}

/** What is settled before the first frame is searched. */
export type RunSettings = Pick<PipelineOptions, 'peaks' | 'cells' | 'signal' | 'onEvent'> &
  Omit<SearchSettings, 'peaks' | 'cells'>;

/**
 * Settles the parameters of a run: the search is tuned and the cell determined where they are not given. The searcher that
 * looked at the first frames has these parameters then, and searches the run.
 */
export async function prepare(
  context: Plans,
  detector: Detector,
  options: RunSettings,
  firstFrames: FirstFrames,
): Promise<{ readonly searcher: OpenFrameSearcher; readonly settings: SearchSettings }> {
  const { signal, onEvent } = options;
  const { peaks: asked, cells, ...others } = { minPeaks: minimumSpots, ...settingsOf(options as SearchSettings) };
  const given = asked === undefined || (asked as unknown) === 'tune' ? {} : { peaks: asked };
  const searcher = await planFrameSearcher(context, { ...others, ...given, detector });
  try {
    const tuning = await tuned(searcher, { ...others, ...given }, firstFrames, signal);
    onEvent?.({ kind: 'tuned', finder: others.finder ?? 'peakfinder8', ...tuning });
    const { peaks, rings } = tuning;
    const settings: SearchSettings = { ...others, peaks, ...(rings === undefined ? {} : { rings }) };
    searcher.settings = { ...settings, rings: null };
    const found = cells ? undefined : await determined(context, searcher, firstFrames, options);
    const known = cells ?? (found ? [found] : []);
    searcher.settings = { ...settings, cells: known };
    await searcher.indexerFor(searcher.settings);
    return { searcher, settings: searcher.settings };
  } catch (error) {
    await searcher.dispose();
    throw error;
  }
}

async function determined(
  context: Plans,
  searcher: OpenFrameSearcher,
  firstFrames: FirstFrames,
  { signal, onEvent }: RunSettings,
): Promise<KnownCell | undefined> {
  const found = await unknownCell(context, searcher, firstFrames, {
    ...(signal ? { signal } : {}),
    onProgress: (share) => onEvent?.({ kind: 'progress', stage: 'cell', share }),
  });
  onEvent?.({ kind: 'cell', ...found });
  return found.cell;
}

async function* framesOf(inputs: AsyncIterable<PipelineInput>, serialStart: number): AsyncGenerator<FrameJob> {
  let serial = serialStart;
  for await (const { dataset, frames, filename = dataset.name } of inputs)
    for (const frame of frames ?? counting(dataset.frames)) {
      const event = dataset.shape.navigation.length > 0 ? frame : undefined;
      yield { dataset, frame, origin: { filename, event, serial: serial++ } };
    }
}

const counting = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** The inputs of a run, as pictures; those that were looked at before the run are kept for it. */
class Inputs {
  readonly #source: AsyncGenerator<PipelineInput, void, undefined>;
  readonly #geometry: Geometry | undefined;
  readonly #seen: PipelineInput[] = [];

  constructor(source: AsyncGenerator<PipelineInput, void, undefined>, geometry: Geometry | undefined) {
    this.#source = source;
    this.#geometry = geometry;
  }

  async #at(i: number): Promise<PipelineInput | undefined> {
    while (this.#seen.length <= i) {
      const { done, value } = await this.#source.next();
      if (done) return undefined;
      this.#seen.push({ ...value, dataset: stacked(value.dataset, this.#geometry) });
    }
    return this.#seen[i];
  }

  async first(): Promise<PipelineInput> {
    const first = await this.#at(0);
    if (!first) throw new EwaldError('Argument', 'the run has no frames; it needs at least one file of frames');
    return first;
  }

  /** The first frames, `most` at most. */
  async *frames(most: number): AsyncGenerator<SomeFrames> {
    let left = most;
    for (let i = 0; left > 0; i++) {
      const input = await this.#at(i);
      if (!input) return;
      const frames = (input.frames ?? counting(input.dataset.frames)).slice(0, left);
      left -= frames.length;
      yield { dataset: input.dataset, frames };
    }
  }

  /** All inputs, once. */
  async *all(): AsyncGenerator<PipelineInput> {
    yield* this.#seen;
    for await (const input of this.#source) yield { ...input, dataset: stacked(input.dataset, this.#geometry) };
  }
}
