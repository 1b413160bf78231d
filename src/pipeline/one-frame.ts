/**
 * One frame, from its file to its chunk of the stream. Its stages, in their order (`FrameWork.#searched`):
 *
 * | stage | what | where |
 * |---|---|---|
 * | read | the values, those without a count marked; packed if a device decodes them | stages/read-frame.ts |
 * | headers, grid | fields of its header that are copied; its place on a chip | inputs/copied-headers.ts, grid/ |
 * | peaks | listed in its file, or found | stages/listed.ts, `#find` of frame-searcher.ts |
 * | centre, profile | the centre of the beam of electrons; the radial profile | centre/, profile/ |
 * | index | spots, and the lattices among them, or lattices of known orientation | stages/frame.ts |
 * | refine | orientation, detector and profile radius of each crystal | `describe` of stages/frame.ts |
 * | predict, integrate | its reflections, and their intensities | stages/predict.ts, stages/integrate.ts |
 * | regions | sums of regions of the frame | regions/ |
 * | write | the chunk of the stream | streams/chunk.ts |
 *
 * From peaks to integrate it is `searchBorrowed` of frame-searcher.ts, which the viewer and notebooks use as well.
 */

import { type LatticeName, latticeName } from '../crystal/lattice-name.js';
import type { RegionValues } from '../crystal/stream/regions.js';
import type { StreamChunk } from '../crystal/stream/stream.js';
import { type Dataset, fillsHere, unlitOf } from '../frames/dataset.js';
import { goodInFile } from '../frames/detector/detector.js';
import type { Frame } from '../peaks/contract.js';
import type { BorrowedFrame } from '../peaks/peaks.js';
import { ringsOfDetector } from '../peaks/rings.js';
import { EwaldError, isEwaldError } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import { checkSignal } from '../util/options.js';
import { oneLine } from '../util/plain-text.js';
import {
  type FrameSearcherMethods,
  type FrameSearchOptions,
  type OpenFrameSearcher,
  retryIfDetached,
} from './frame-searcher.js';
import { frameGrid, type RunGrid } from './grid/frame-grid.js';
import { copiedHeaders } from './inputs/copied-headers.js';
import type { Region } from './regions/region.js';
import type { RegionSums } from './regions/region-sums.js';
import { methodName } from './settings.js';
import { orientedOf, type SharedOrientations } from './sources/known-orientations.js';
import { isFar } from './stages/far-frame.js';
import { type FrameResult, integrateCrystals } from './stages/frame.js';
import { listedOf, listedPeaks } from './stages/listed.js';
import { readFrame, readPackedFrame } from './stages/read-frame.js';
import { chunkOf, type FrameOrigin } from './streams/chunk.js';

/** A finished frame. */
export interface SearchedFrame {
  readonly origin: FrameOrigin;
  readonly result: FrameResult;
  readonly chunk: StreamChunk;
  /** With `keepFrame`, the pixels that were searched, [ss, fs]; the receiver owns them. */
  readonly frame?: Frame | undefined;
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

/** A frame to search. */
interface ReadableJob {
  readonly dataset: Dataset;
  readonly frame: number;
  readonly origin: FrameOrigin;
  readonly error?: undefined;
  /**
   * Opens its file again, instead of a dataset whose file system went away, as soon as it is back; throws the error
   * that it was given if there is nothing to wait for.
   */
  readonly back?: ((error: unknown, failed?: Dataset) => Promise<Dataset>) | undefined;
}

/** A frame to search, or the reason why its file cannot be opened. */
export type FrameJob =
  | ReadableJob
  | { readonly error: EwaldError; readonly frame: number; readonly origin: FrameOrigin; readonly back?: undefined };

/** Frames that a searcher no longer uses: later ones are read into their memory. */
const spareFrames = new WeakMap<FrameSearcherMethods, Frame[]>();

function spareOf(searcher: FrameSearcherMethods): Frame[] {
  const spare = spareFrames.get(searcher) ?? [];
  spareFrames.set(searcher, spare);
  return spare;
}

/**
 * Results of frames that were searched with the same parameters, but not integrated; each is removed when it is used.
 */
export type FoundFrames = Map<string, FrameResult>;

/** The key of a frame in `FoundFrames`. */
export const frameKey = ({ name }: Dataset, frame: number): string => `${name} ${frame}`;

/** What a search does besides searching. */
export interface SearchOptions {
  /** Items contain the pixels of their frame. */
  readonly keepFrame?: boolean | undefined;
  /** Frames that have been searched, which are only integrated. */
  readonly found?: FoundFrames | undefined;
  /** Fields of the frames' headers that are copied into the results. */
  readonly copyHeader?: readonly string[] | undefined;
  /** Lattices whose orientations are known, by frame; they take the place of a search. */
  readonly orientations?: SharedOrientations | undefined;
  /** Regions of the frames whose counts are summed. */
  readonly rois?: readonly Region[] | undefined;
  /** Where the images are on a chip. */
  readonly grid?: RunGrid | undefined;
  /**
   * Cores on which frames may be read and unpacked while others are searched. If searchers on native leave none of
   * them, a frame is read by the searcher that is free, and searched while it is still in the cache. Default: enough.
   */
  readonly cores?: number | undefined;
  /** Whether so little memory is left that only one frame may be in progress. */
  readonly isTight?: (() => boolean) | undefined;
}

/** Searchers that work are taken, and given back when they are free. */
class Pool {
  readonly #free: OpenFrameSearcher[];
  readonly #waiting: ((searcher: OpenFrameSearcher) => void)[] = [];

  constructor(searchers: readonly OpenFrameSearcher[]) {
    this.#free = [...searchers];
  }

  take(): Promise<OpenFrameSearcher> {
    const searcher = this.#free.pop();
    return searcher ? Promise.resolve(searcher) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(searcher: OpenFrameSearcher): void {
    const next = this.#waiting.shift();
    if (next) next(searcher);
    else this.#free.push(searcher);
  }
}

/** Reads frames and searches each with the searcher that is free; all searchers have the settings of `any`. */
export class FrameWork {
  readonly #any: OpenFrameSearcher;
  readonly #pool: Pool;
  readonly #signal: PlatformSignal | undefined;
  readonly #keepFrame: boolean;
  readonly #found: FoundFrames;
  readonly #copyHeader: readonly string[];
  readonly #orientations: SharedOrientations | undefined;
  readonly #regions: RegionSums | undefined;
  readonly #grid: RunGrid | undefined;
  readonly #readsAhead: boolean;
  readonly #spare: Frame[];
  readonly #lattices: readonly LatticeName[];
  readonly #batch: number;

  constructor(
    any: OpenFrameSearcher,
    searchers: readonly OpenFrameSearcher[],
    signal: PlatformSignal | undefined,
    {
      keepFrame = false,
      found = new Map(),
      copyHeader = [],
      orientations,
      regions,
      grid,
      cores = Number.POSITIVE_INFINITY,
    }: Omit<SearchOptions, 'rois'> & { readonly regions: RegionSums | undefined },
  ) {
    this.#any = any;
    this.#pool = new Pool(searchers);
    this.#signal = signal;
    this.#keepFrame = keepFrame;
    this.#found = found;
    this.#copyHeader = copyHeader;
    this.#orientations = orientations;
    this.#regions = regions;
    this.#grid = grid;
    this.#readsAhead = any.backends.peaks !== 'native' || searchers.length < cores;
    this.#spare = spareOf(any);
    this.#batch = any.imagesAtOnce;
    this.#lattices = (any.settings.cells ?? []).map(latticeName);
  }

  async item(job: FrameJob): Promise<PipelineItem> {
    const { origin } = job;
    if (job.error) return { origin, error: job.error };
    try {
      checkSignal(this.#signal);
      // If a stream cannot contain the name, the frame fails before it is read, and the others are processed.
      oneLine(origin.filename, 'the name of the file');
      return await this.#searched(job);
    } catch (error) {
      // A lost device would fail on all remaining frames as well, through no fault of theirs.
      if (!(error instanceof EwaldError) || ['Aborted', 'Disposed', 'DeviceLost'].includes(error.tag)) throw error;
      return { origin, error };
    }
  }

  async #searched(job: ReadableJob): Promise<SearchedFrame> {
    const { frame, origin, back } = job;
    let { dataset } = job;
    const key = frameKey(dataset, frame);
    const oriented = this.#orientations && { oriented: orientedOf(origin, this.#orientations) };
    const earlier = oriented ? undefined : this.#found.get(key);
    this.#found.delete(key);
    // Usually the frame is read before a searcher is free: the next frame is decoded while this one is searched.
    let searcher = this.#readsAhead ? undefined : await this.#pool.take();
    let held: BorrowedFrame | undefined;
    const give = (): void => {
      if (searcher) this.#pool.give(searcher);
      searcher = undefined;
    };
    try {
      const begun = performance.now();
      const isWhole = earlier !== undefined;
      held = await this.#hold(dataset, frame, isWhole).catch(async (error) => {
        if (!back) throw error;
        dataset = await back(error, dataset);
        return this.#hold(dataset, frame, isWhole);
      });
      const copied = this.#copyHeader;
      const headers = copied.length > 0 ? { headers: await copiedHeaders(dataset, frame, copied) } : {};
      const grid = this.#grid ? { grid: await frameGrid(this.#grid, dataset, frame, origin) } : {};
      const readMs = performance.now() - begun;
      searcher ??= await this.#pool.take();
      checkSignal(this.#signal);
      const found = this.#batch === 1 ? undefined : give;
      const how = { readMs, signal: this.#signal, found, ...oriented };
      let searched: FrameResult;
      if (earlier) searched = integrated(searcher, held.frame(), earlier, readMs);
      else
        try {
          searched = await searchOne(searcher, { ...job, dataset }, held, how);
        } catch (error) {
          // Cores have the last word on a chunk that a device refuses.
          if (!isFar(held) || !(isEwaldError(error, 'Format') || isEwaldError(error, 'Limit'))) throw error;
          held.giveBack();
          held = undefined;
          held = await this.#hold(dataset, frame, true);
          searcher ??= await this.#pool.take();
          searched = await searchOne(searcher, { ...job, dataset }, held, how);
        }
      const rois = this.#regions && { rois: await this.#regionsOf(held, this.#regions) };
      const { detector, settings } = this.#any;
      const maskedByFirst = await goodInFile(detector, dataset);
      const masked = maskedByFirst > 0 ? { maskedByFirst } : {};
      const unlit = dataset[unlitOf]?.(frame);
      const dark = unlit === undefined ? {} : { unlit };
      const result = { ...searched, ...headers, ...rois, ...grid, ...masked, ...dark };
      const chunk = chunkOf(origin, result, detector.geometry, this.#lattices, methodName(settings));
      return { origin, result, chunk, ...(this.#keepFrame ? { frame: held.frame() } : {}) };
    } finally {
      held?.giveBack();
      give();
    }
  }

  /** The regions of a frame, whose pixels may have to be brought here. */
  async #regionsOf(held: BorrowedFrame, regions: RegionSums): Promise<RegionValues> {
    if (isFar(held)) {
      const { ss, fs, count } = regions.spans;
      for (let i = 0; i < count.length; i++) {
        const [x, y] = [fs[i] as number, ss[i] as number];
        held.tiles.add(x, y, x + (count[i] as number) - 1, y);
      }
      await held.bring();
    }
    return regions.of(held.frame());
  }

  /**
   * Reads a frame: packed, if the device of the finder decodes it and not all of its pixels are wanted here; if this thread alone unpacks it, into memory of the finder, which need not copy it then. */
  async #hold(dataset: Dataset, frame: number, isWhole: boolean): Promise<BorrowedFrame> {
    const { detector, settings } = this.#any;
    const [keepFrame, signal, spare] = [this.#keepFrame, this.#signal, this.#spare];
    if (!isWhole && !keepFrame) {
      const far = await this.#any.holdPacked((memory) => readPackedFrame(dataset, frame, detector, signal, memory));
      if (far) return far;
    }
    const isPlain = keepFrame || listedOf(settings) || dataset.dtype === 'f64' || !(await dataset[fillsHere]?.());
    const borrowed = isPlain ? undefined : this.#any.borrowFrame();
    if (borrowed) {
      try {
        await retryIfDetached(borrowed, (into) => readFrame(dataset, frame, detector, signal, into));
        return borrowed;
      } catch (error) {
        borrowed.giveBack();
        throw error;
      }
    }
    const memory = keepFrame ? undefined : listedOf(settings) ? spare.pop() : (spare.pop() ?? this.#any.newFrame());
    const numbers = await readFrame(dataset, frame, detector, signal, memory);
    return { frame: () => numbers, giveBack: () => void (keepFrame || spare.push(numbers)) };
  }
}

/** Searches one frame that has been read; its file may contain its beam and its peaks. */
async function searchOne(
  searcher: OpenFrameSearcher,
  { dataset, frame }: ReadableJob,
  held: BorrowedFrame,
  {
    readMs,
    signal,
    found: whenFound,
    oriented,
  }: {
    readMs: number;
    signal: PlatformSignal | undefined;
    found?: (() => void) | undefined;
    oriented?: FrameSearchOptions['oriented'];
  },
): Promise<FrameResult> {
  const { detector, settings } = searcher;
  const beam = (await detector.beams(dataset.name))(frame);
  const begun = performance.now();
  const { minRes = 0, maxRes = 0 } = settings;
  const listed = listedOf(settings);
  const rings = listed && ringsOfDetector(detector, { minRadius: minRes, maxRadius: maxRes });
  const peakList = listed && rings && (await listedPeaks(dataset, frame, detector, rings, listed, signal));
  const listing = performance.now() - begun;
  const given = { beam, ...(peakList ? { found: peakList } : {}), ...(oriented ? { oriented } : {}) };
  const result = await searcher.searchBorrowed(held, given, whenFound);
  return { ...result, ms: { ...result.ms, read: readMs, peaks: result.ms.peaks + listing } };
}

/** The result of a frame that has been searched, with the intensities of its crystals. */
function integrated(
  { detector, settings }: FrameSearcherMethods,
  numbers: Frame,
  earlier: FrameResult,
  readMs: number,
): FrameResult {
  const { beam, ms } = earlier;
  const { geometry, width, bad, validRange, saturation } = detector;
  const begun = performance.now();
  const setup = { geometry, beam, width, bad, validRange, saturation, settings };
  const crystals = integrateCrystals(numbers, earlier.crystals, setup);
  return { ...earlier, crystals, ms: { ...ms, read: readMs, integrate: performance.now() - begun } };
}
