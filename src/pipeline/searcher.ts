/** Searches frames of one detector: a peak finder and an indexer, made once. */

import { numberTypes } from '../arrays/numbers.js';
import type { Dataset } from '../data/dataset.js';
import { EwaldError, messageOf } from '../errors.js';
import type { PlatformSignal } from '../globals.js';
import type { Indexer } from '../indexing/indexer.js';
import type { IndexingMethods } from '../indexing/room.js';
import type { Frame } from '../peaks/contract.js';
import type { PeakList } from '../peaks/peak-list.js';
import type { PeakFinder } from '../peaks/peaks.js';
import type { PeaksMethods } from '../peaks/room.js';
import type { Disposable } from '../resource.js';
import type { Detector } from './detector.js';
import { type FrameResult, type Stages, searchFrame } from './frame.js';
import { listedPeaks } from './listed.js';
import type { SearchSettings } from './settings.js';

/** What a run needs of a context. */
export type Plans = Pick<PeaksMethods, 'peaks'> & Pick<IndexingMethods, 'indexer'>;

/** One frame at a time; several searchers of one detector work side by side. */
export class Searcher implements Disposable {
  readonly detector: Detector;
  readonly settings: SearchSettings;
  /** Frames that are done with: the next ones are read into their memory. */
  readonly spare: Frame[] = [];
  /** Undefined where peaks are listed. */
  readonly #finder: PeakFinder | undefined;
  readonly #indexer: Indexer | undefined;

  private constructor(
    detector: Detector,
    settings: SearchSettings,
    finder: PeakFinder | undefined,
    indexer: Indexer | undefined,
  ) {
    this.detector = detector;
    this.settings = settings;
    this.#finder = finder;
    this.#indexer = indexer;
  }

  static async open(context: Plans, detector: Detector, settings: SearchSettings): Promise<Searcher> {
    const { width, height, dtype, rings } = detector;
    const options = { width, height, dtype, rings, ...(settings.finder ? { finder: settings.finder } : {}) };
    const finder = settings.listed ? undefined : await context.peaks(options);
    try {
      return new Searcher(detector, settings, finder, await openIndexer(context, settings));
    } catch (error) {
      await finder?.dispose();
      throw error;
    }
  }

  /** Memory for a frame: of one that is done with, or new; undefined: any will do, since nothing is searched. */
  memory(): Frame | undefined {
    return this.spare.pop() ?? this.#finder?.newFrame();
  }

  /** Whether a GPU finds its peaks: the thread has its hands free meanwhile. */
  get onDevice(): boolean {
    return !['wasm', 'native', undefined].includes(this.#finder?.backend);
  }

  /** Searches the numbers of a frame; `frame` is its number in `dataset`, whose file may hold its beam and its peaks. */
  async search(
    numbers: Frame,
    dataset: Dataset,
    frame: number,
    readMs: number,
    signal: PlatformSignal | undefined,
  ): Promise<FrameResult> {
    return searchFrame(numbers, await this.#stages(dataset, frame, signal), readMs);
  }

  async #stages(dataset: Dataset, frame: number, signal: PlatformSignal | undefined): Promise<Stages> {
    const { geometry, width, bad } = this.detector;
    const beam = (await this.detector.beams(dataset.name))(frame);
    return {
      geometry,
      beam,
      width,
      bad,
      find: (numbers) => this.#find(numbers, dataset, frame, signal),
      findsOn: this.#finder?.backend,
      indexer: this.#indexer,
      settings: this.settings,
      bandwidth: geometry.bandwidth ?? 0,
    };
  }

  async #find(numbers: Frame, dataset: Dataset, frame: number, signal: PlatformSignal | undefined): Promise<PeakList> {
    const { peaks, listed } = this.settings;
    if (this.#finder) return this.#finder.run(numbers, { ...peaks, validRange: this.detector.validRange });
    return listedPeaks(dataset, frame, this.detector, listed ?? {}, signal);
  }

  async dispose(): Promise<void> {
    this.spare.length = 0;
    await this.#finder?.dispose();
    await this.#indexer?.dispose();
  }
}

/** The indexer of these settings; undefined without cells. */
export async function openIndexer(context: Plans, settings: SearchSettings): Promise<Indexer | undefined> {
  const { cells = [], method = 'fast', maxSpots = 300 } = settings;
  if (cells.length === 0) return undefined;
  return context.indexer({
    method,
    batch: 1,
    maxSpots,
    maxInputCells: cells.length,
    maxOutputCells: 16,
    maxBatchSpots: 4096,
    threads: 1,
  });
}

/**
 * Reads a frame as the type that is searched; a file of another shape or type than the first is refused. `into`, where
 * given, is memory for it.
 */
export async function readFrame(
  dataset: Dataset,
  frame: number,
  { width, height, dtype }: Detector,
  signal: PlatformSignal | undefined,
  into?: Frame,
): Promise<Frame> {
  const type = dataset.dtype === 'f64' ? 'f32' : dataset.dtype;
  if (dataset.shape.signal.join() !== `${height},${width}` || type !== dtype)
    throw new EwaldError(
      'Shape',
      `${dataset.name}: frames are ${dataset.dtype} [${dataset.shape.signal}], those of the first file ${dtype} [${height},${width}]; a run is of one detector`,
    );
  try {
    if (dataset.dtype === 'f64')
      return Float32Array.from((await dataset.read(frame, 1, undefined, { signal })) as Float64Array);
    // Not as the dataset would give it, which may be the caller's own memory.
    const numbers = into ?? new numberTypes[dtype](width * height);
    await dataset.read(frame, 1, numbers, { signal });
    return numbers;
  } catch (error) {
    if (error instanceof EwaldError) throw error;
    throw new EwaldError('Format', `${dataset.name}: frame ${frame} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
