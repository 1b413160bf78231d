/**
 * Searches single frames with plans that are kept from call to call: peaks, lattices, predicted reflections and their
 * intensities, stage by stage or all at once. It is used by the run, the viewer and notebooks.
 *
 * It reads no files. Parameters may change from call to call; if a change requires a new plan, the plan is made once
 * and kept.
 */

import { numberTypes } from '../compute/arrays/numbers.js';
import { indexerRanges } from '../compute/layout/indexing.js';
import { KeptPlans } from '../compute/planner/kept-plans.js';
import { checkCell } from '../crystal/cell.js';
import type { Beam } from '../crystal/geometry/geometry.js';
import type { Detector } from '../frames/detector/detector.js';
import { leastSpots } from '../indexing/few/choice.js';
import type { Indexer } from '../indexing/indexer.js';
import type { IndexingMethods } from '../indexing/room.js';
import type { DeviceFrame, FinderName, Frame } from '../peaks/contract.js';
import type { PeakList } from '../peaks/peak-list.js';
import {
  type BorrowedFrame,
  borrowFrame,
  type DecodesFrames,
  decodesThere,
  holdFrame,
  type LendsFrames,
  type PeakFinder,
  runPacked,
} from '../peaks/peaks.js';
import type { PeaksMethods } from '../peaks/room.js';
import { spotsOf } from '../peaks/spots.js';
import type { PeakStages } from '../peaks/stage-marks.js';
import { isLost } from '../util/buffers.js';
import { EwaldError, isEwaldError } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import { checkSignal, inspect, knownOptions } from '../util/options.js';
import {
  asyncDispose,
  type Disposable,
  eachInTurn,
  type MaybeAsyncDisposable,
  namedAs,
  Resource,
} from '../util/resource.js';
import { without } from '../util/without.js';
import { centreByCell, centreIndexer, checkCentreCells } from './centre/by-cell.js';
import { centredBeam, type FrameCentre } from './centre/centred-beam.js';
import { FrameCentres, isCentred } from './centre/frame-centre.js';
import { isTuned, tunedOn } from './first-frames/tune.js';
import { gpuBatchSpots, type ImageIndexer, planImages } from './image-indexers.js';
import { checkSearch, ofPeaks } from './modes.js';
import { isList, type PeakSource } from './parameters.js';
import { FrameProfiles } from './profile/frame-profiles.js';
import { checkProfile } from './profile/options.js';
import type { Profiler } from './profile/profiler.js';
import type { RadialProfile } from './profile/radial-profile.js';
import { type Region, regionText } from './regions/region.js';
import { openRegionSums, type RegionSums } from './regions/region-sums.js';
import { type SearchSettings, settingNames } from './settings.js';
import { type FarFrame, farFrame, isFar, Tiles } from './stages/far-frame.js';
import {
  type FrameCrystal,
  type FrameResult,
  indexPeaks,
  integrateCrystals,
  integrateFar,
  latticesOf,
  orientPeaks,
  predictCrystal,
  type Setup,
  type StageBackends,
} from './stages/frame.js';
import type { Measured } from './stages/integrate.js';
import type { OrientedCrystal } from './stages/oriented.js';
import type { Reflection } from './stages/predict.js';
import { eachPeak, unsaturated } from './stages/saturated-peaks.js';

/** The methods of a context that a searcher requires. */
export type Plans = Pick<PeaksMethods, 'peaks'> & Pick<IndexingMethods, 'indexer'> & { readonly hasGpu?: boolean };

/** The detector, and the default parameters of calls. */
export interface FrameSearcherOptions<Finder extends PeakSource = PeakSource> extends SearchSettings<Finder> {
  /** The result of `ctx.detector`. */
  readonly detector: Detector;
}

/** Parameters of one call; the searcher's own are the defaults. */
export interface FrameSearchOptions extends SearchSettings {
  /** The beam of this frame; default: that of the detector's first frame. */
  readonly beam?: Beam | undefined;
  /** Peaks to be used instead of a search. */
  readonly found?: PeakList | undefined;
  /** Lattices whose orientations are known, instead of a search for them; `knownLattices` says what is done with them. */
  readonly oriented?: readonly OrientedCrystal[] | undefined;
  readonly signal?: PlatformSignal | undefined;
}

export interface FrameSearcherMethods extends Disposable {
  readonly detector: Detector;
  /** All parameters: those that were given, and those that were tuned. */
  readonly settings: SearchSettings;
  /** Backend of each stage; undefined for a stage that has not been planned yet. */
  readonly backends: StageBackends;
  /**
   * Allocates memory for a frame of the detector's type, where the peak finder reads it fastest; the caller owns it.
   */
  newFrame(): Frame;
  /**
   * Tunes the parameters that were not given when the searcher was made (the peak search, the radii of integration) on
   * these frames; returns all parameters. If this is not called, the searcher tunes itself on the first frame that it
   * searches.
   */
  tune(frames: readonly Frame[]): Promise<SearchSettings>;
  /** Finds the peaks of a frame, an array [ss, fs] of the detector's type. */
  peaks(frame: Frame, options?: FrameSearchOptions): Promise<PeakList>;
  /**
   * The values with which the peak search compares the pixels of a frame: background, noise and limit of each pixel,
   * and which pixels pass. Throws `Unsupported` for zaef.
   */
  stages(frame: Frame, options?: FrameSearchOptions): Promise<PeakStages>;
  /** Indexes peaks; the result contains the spots, and the lattices without their reflections. */
  index(peaks: PeakList, options?: FrameSearchOptions): Promise<FrameResult>;
  /** Predicts the positions of a crystal's reflections. Throws `Limit` if a wrong number asks for absurdly many. */
  predict(crystal: FrameCrystal, options?: FrameSearchOptions): Reflection[];
  /** Predicts the reflections of a crystal and measures their intensities in a frame. */
  integrate(frame: Frame, crystal: FrameCrystal, options?: FrameSearchOptions): Measured[];
  /** All stages: peaks, lattices, intensities. */
  search(frame: Frame, options?: FrameSearchOptions): Promise<FrameResult>;
}

/** Searches frames of one detector; see {@link FrameSearcherMethods}. */
export type FrameSearcher = FrameSearcherMethods & MaybeAsyncDisposable;

const optionNames = [...settingNames, 'beam', 'found', 'oriented', 'signal'] as const;

/**
 * Plans a peak finder and, if cells are known, an indexer.
 *
 * Throws `Argument` for invalid options, and the errors of planning.
 */
export async function openFrameSearcher(context: Plans, options: FrameSearcherOptions): Promise<FrameSearcher> {
  knownOptions('frameSearcher', options, ['detector', ...settingNames], ofPeaks);
  checkSearch('frameSearcher', options.peaks, options.thresholds);
  const profile = checkProfile('frameSearcher: profile', options.profile);
  const { cells } = options;
  if (cells !== undefined && !(Array.isArray(cells) && cells.every((cell) => Array.isArray(cell?.cell))))
    throw new EwaldError(
      'Argument',
      `frameSearcher: cells is ${inspect(cells)}; ` +
        'expected a list of what readCell(text) returns: cells: [readCell(text)]',
    );
  const searcher = await planFrameSearcher(context, {
    ...options,
    profile,
    minPeaks: options.minPeaks ?? leastSpots(cells, options.method),
  });
  searcher.tunesItself = !isTuned(searcher.settings);
  return searcher as unknown as FrameSearcher;
}

/**
 * Like `openFrameSearcher`, but without checking the names of options; beside another searcher of the same context it
 * shares the indexer of a GPU.
 */
export async function planFrameSearcher(
  context: Plans,
  options: FrameSearcherOptions,
  beside?: OpenFrameSearcher,
): Promise<OpenFrameSearcher> {
  const { detector, ...settings } = options;
  if (typeof (detector as Partial<Detector> | undefined)?.beams !== 'function')
    throw new EwaldError(
      'Argument',
      `frameSearcher: detector is ${inspect(detector)}; it expects what await ctx.detector(dataset) returns`,
    );
  const searcher = new OpenFrameSearcher(context, detector, settings, beside);
  try {
    if (!isList(settings.finder ?? 'peakfinder8')) await searcher.finderFor(settings);
    await searcher.indexerFor(settings);
    return searcher;
  } catch (error) {
    await searcher.dispose();
    throw error;
  }
}

/** What the messages of its errors call it. */
const what = 'frame searcher';

/** The searcher as used by the run, whose parameters are determined after its peak finder has been planned. */
export class OpenFrameSearcher implements FrameSearcherMethods {
  readonly detector: Detector;
  settings: SearchSettings;
  /** Whether the parameters are tuned on the first frame that is searched. */
  tunesItself = false;
  #tuning: Promise<SearchSettings> | undefined;
  #given: SearchSettings;
  readonly #context: Plans;
  readonly #finders = new KeptPlans<PeakFinder>(what);
  readonly #indexers: KeptPlans<ImageIndexer>;
  readonly #profiles: FrameProfiles;
  #centres: FrameCentres | undefined;
  /** Plans that find centres by a known cell. */
  readonly #centring = new KeptPlans<Indexer>(what);
  readonly #regions = new KeptPlans<RegionSums>(what);
  readonly #resource = new Resource(what, undefined, {
    dispose: () =>
      eachInTurn(what, [
        () => this.#finders.dispose(),
        () => this.#indexers.dispose(),
        () => this.#profiles.dispose(),
        () => this.#regions.dispose(),
        () => this.#centring.dispose(),
      ]),
  });
  /** Memory for pixels that come back from a device. */
  readonly #spare: (readonly [Frame, Tiles])[] = [];
  readonly #type: (typeof numberTypes)[keyof typeof numberTypes];

  constructor(context: Plans, detector: Detector, settings: SearchSettings, beside?: OpenFrameSearcher) {
    this.#context = context;
    this.#indexers = beside && beside.imagesAtOnce > 1 ? beside.#indexers.shared() : new KeptPlans(what);
    this.#profiles = new FrameProfiles(context, detector);
    this.detector = detector;
    this.settings = settings;
    this.#given = settings;
    this.#type = numberTypes[detector.dtype];
    Object.defineProperty(this, asyncDispose, { value: () => this.dispose() });
  }

  get backends(): StageBackends {
    return { peaks: this.#finders.latest?.backend, index: this.#indexers.latest?.backend };
  }

  /** Images that its indexer takes in a batch; 1 where each is indexed alone. */
  get imagesAtOnce(): number {
    return this.#indexers.latest?.batch ?? 1;
  }

  newFrame(): Frame {
    return this.#finders.latest?.newFrame() ?? (new this.#type(this.detector.width * this.detector.height) as Frame);
  }

  /** A frame in the memory of the finder's backend, if it would copy others; the caller gives it back. */
  borrowFrame(): BorrowedFrame | undefined {
    return (this.#finders.latest as (PeakFinder & LendsFrames) | undefined)?.[borrowFrame]();
  }

  /**
   * A frame that the finder's device decodes, from memory into which its packed bytes are read; undefined where frames
   * are decoded here, and if `read` gives none.
   */
  async holdPacked(
    read: (memory: (bytes: number) => Uint8Array) => Promise<Uint8Array | undefined>,
  ): Promise<FarFrame | undefined> {
    const finder = this.#finders.latest as (PeakFinder & DecodesFrames) | undefined;
    const { finder: name = 'peakfinder8', peaks, decodeOn = 'auto' } = this.settings;
    if (decodeOn === 'cores' || (decodeOn === 'auto' && !finder?.[decodesThere])) return undefined;
    // Such centroids are those of all pixels around a peak.
    if (!finder?.[holdFrame] || isList(name) || peaks?.centroid === 'weighted') return undefined;
    let into: DeviceFrame;
    try {
      into = await finder[holdFrame]();
    } catch (error) {
      if (isEwaldError(error, 'OutOfMemory')) return undefined;
      throw error;
    }
    try {
      const chunk = await read((bytes) => into.memory(bytes));
      if (chunk) {
        const { width, height } = this.detector;
        const [pixels, tiles] = this.#spare.pop() ?? [this.newFrame(), new Tiles(width, height)];
        return farFrame({ chunk, into }, pixels, tiles, (...done) => this.#spare.push(done));
      }
    } catch (error) {
      into.giveBack();
      throw error;
    }
    into.giveBack();
    return undefined;
  }

  async tune(frames: readonly Frame[]): Promise<SearchSettings> {
    this.#resource.assertAlive();
    if (!Array.isArray(frames) || frames.length === 0)
      throw new EwaldError('Argument', `frameSearcher.tune: frames is ${inspect(frames)}; expected a list of frames`);
    for (const frame of frames) this.#check('tune', frame);
    const searchSettings = this.#given;
    this.#tuning = isTuned(searchSettings) ? Promise.resolve(searchSettings) : tunedOn(this, searchSettings, frames);
    this.settings = await this.#tuning;
    this.tunesItself = false;
    return this.settings;
  }

  /** Tunes on the first frame, unless the call or the caller has given parameters. */
  async #tuneOn(frame: Frame, options: FrameSearchOptions): Promise<void> {
    if (!this.tunesItself || options.found || isTuned({ ...this.settings, ...options })) return;
    this.#tuning ??= this.tune([frame]);
    await this.#tuning;
  }

  async peaks(frame: Frame, options: FrameSearchOptions = none): Promise<PeakList> {
    this.#settingsOf('peaks', options);
    if (this.tunesItself) await this.#tuneOn(frame, options);
    return this.#find(frame, this.#settingsOf('peaks', options), options);
  }

  async stages(frame: Frame, options: FrameSearchOptions = none): Promise<PeakStages> {
    this.#settingsOf('stages', options);
    if (this.tunesItself) await this.#tuneOn(frame, options);
    const settings = this.#settingsOf('stages', options);
    const { signal } = options;
    const given = { ...settings.peaks, ...(signal ? { signal } : {}) };
    return namedAs(what, async () => (await this.finderFor(settings)).stages(frame, given));
  }

  async index(peaks: PeakList, options: FrameSearchOptions = none): Promise<FrameResult> {
    const settings = this.#settingsOf('index', options);
    const setup = this.#setup(settings, options);
    if (options.oriented) return orientPeaks(peaks, setup, checkOriented('index', options.oriented));
    return namedAs(what, async () => indexPeaks(peaks, setup, await this.indexerFor(settings, peaks.count)));
  }

  predict(crystal: FrameCrystal, options: FrameSearchOptions = none): Reflection[] {
    return predictCrystal(crystal, this.#setup(this.#settingsOf('predict', options), options));
  }

  integrate(frame: Frame, crystal: FrameCrystal, options: FrameSearchOptions = none): Measured[] {
    this.#check('integrate', frame);
    const setup = this.#setup(this.#settingsOf('integrate', options), options);
    return [...(integrateCrystals(this.#marked(frame), [crystal], setup)[0]?.reflections ?? [])];
  }

  async search(frame: Frame, options: FrameSearchOptions = none): Promise<FrameResult> {
    this.#settingsOf('search', options);
    this.#check('search', frame);
    if (this.tunesItself) await this.#tuneOn(frame, options);
    const marked = this.#marked(frame);
    return this.searchBorrowed({ frame: () => marked }, options);
  }

  /** A frame with the values marked that a panel declares bad: a copy, if there may be some. */
  #marked(frame: Frame): Frame {
    if (!this.detector.hasFlags) return frame;
    const marked = frame.slice();
    this.detector.markFrame(marked);
    return marked;
  }

  /**
   * Like `search`, of a tuned searcher; a borrowed frame is looked up again whenever it may have been moved. `found` is
   * called when another frame may be searched for peaks; the image may then wait for others to share its batch.
   */
  searchBorrowed(
    borrowed: Pick<BorrowedFrame, 'frame'>,
    options: FrameSearchOptions = none,
    found?: () => void,
  ): Promise<FrameResult> {
    return namedAs(what, () => this.#searchBorrowed(borrowed, options, found));
  }

  async #searchBorrowed(
    borrowed: Pick<BorrowedFrame, 'frame'>,
    options: FrameSearchOptions,
    whenFound: (() => void) | undefined,
  ): Promise<FrameResult> {
    const settings = this.#settingsOf('search', options);
    const asGiven = this.#setup(settings, options);
    const begun = performance.now();
    const profiler = settings.profile && this.#profiles.profilerFor(settings, asGiven.beam);
    const withSums = profiler?.bins.ofRings !== undefined;
    const listed =
      options.found ??
      (isFar(borrowed)
        ? await this.#findFar(borrowed, settings, options, withSums)
        : await retryIfDetached(borrowed, (frame) => this.#find(frame, settings, options, withSums)));
    const centre = await this.#centreOf(borrowed, listed, asGiven);
    const setup = centre ? { ...asGiven, beam: centredBeam(asGiven.beam, centre), centre } : asGiven;
    const spots = profiler && spotsOf(listed, setup.geometry, setup.beam);
    const profile = profiler && spots && (await this.#profileOf(borrowed, profiler, listed, spots));
    const peaks = listed.sums ? { ...listed, sums: undefined } : listed;
    const found = performance.now();
    const findsOn = options.found ? undefined : this.#finders.latest?.backend;
    whenFound?.();
    const wait = { mayWait: whenFound !== undefined, signal: options.signal };
    const result = options.oriented
      ? orientPeaks(peaks, setup, checkOriented('search', options.oriented), spots)
      : await indexPeaks(peaks, setup, await this.indexerFor(settings, peaks.count), wait, spots);
    const indexed = performance.now();
    const crystals = isFar(borrowed)
      ? await integrateFar(borrowed, result.crystals, setup)
      : integrateCrystals(borrowed.frame(), result.crystals, setup);
    const ms = { read: 0, peaks: found - begun, index: indexed - found, integrate: performance.now() - indexed };
    const backends = { ...result.backends, peaks: findsOn };
    return { ...result, crystals, ms, backends, ...(profile ? { profile } : {}) };
  }

  /** The centre of the beam in a frame; undefined if it is where the geometry has it, as far as that is known. */
  async #centreOf(
    borrowed: Pick<BorrowedFrame, 'frame'>,
    peaks: PeakList,
    { geometry, beam, settings: { frameCentre: how = 'auto', cells = [] } }: Setup,
  ): Promise<FrameCentre | undefined> {
    if (how === 'off' || !isCentred(how, beam)) return undefined;
    if (how === 'cell') {
      checkCentreCells(cells);
      const plan = (): Promise<Indexer> => this.#context.indexer(centreIndexer(cells.length));
      return centreByCell(await this.#centring.get(`${cells.length}`, plan), peaks, { geometry, beam, cells });
    }
    if (isFar(borrowed)) {
      borrowed.tiles.all();
      await borrowed.bring();
    }
    this.#centres ??= new FrameCentres(this.detector);
    return this.#centres.find(borrowed.frame(), peaks, beam, how);
  }

  /** The profile of a frame whose peaks are known. */
  async #profileOf(
    borrowed: Pick<BorrowedFrame, 'frame'>,
    profiler: Profiler,
    peaks: PeakList,
    spots: Float32Array,
  ): Promise<RadialProfile> {
    if (isFar(borrowed)) {
      if (profiler.bins.ofRings && peaks.sums?.lost)
        profiler.eachPeak(peaks, (...pixels) => borrowed.tiles.around(...pixels));
      else borrowed.tiles.all();
      await borrowed.bring();
    }
    const sums = await retryIfDetached(borrowed, (frame) => this.#profiles.sumsOf(frame, profiler, peaks));
    return profiler.of(borrowed.frame(), sums, peaks, spots);
  }

  dispose(): Promise<void> {
    return this.#resource.dispose();
  }

  /** Sums of regions of its frames. Throws `Argument` for regions without pixels. */
  regionSums(regions: readonly Region[]): Promise<RegionSums> {
    const key = regions.map(regionText).join(' ');
    return this.#regions.get(key, () => openRegionSums(this.#context, this.detector, regions));
  }

  /** The plan of the finder selected by the parameters. */
  finderFor({ finder = 'peakfinder8', minRes = 0, maxRes = 0 }: SearchSettings): Promise<PeakFinder> {
    const { detector } = this;
    if (isList(finder))
      throw new EwaldError(
        'Argument',
        `frameSearcher: the finder ${finder} takes peaks from lists; give them to index(peaks)`,
      );
    const name: FinderName = finder;
    return this.#finders.get(`${finder} ${minRes} ${maxRes}`, () =>
      this.#context.peaks({ detector, finder: name, minRes, maxRes }),
    );
  }

  /** The plan of the indexer for frames with this many peaks; undefined without cells. */
  async indexerFor(settings: SearchSettings, peaks = 0): Promise<ImageIndexer | undefined> {
    const { cells = [], method, maxSpots, knownLattices } = settings;
    if (cells.length === 0 || knownLattices !== undefined) return undefined;
    const usual = this.imagesAtOnce > 1 ? gpuBatchSpots : usualSpots;
    const room = peaks <= usual ? usualSpots : 2 ** Math.ceil(Math.log2(peaks));
    const { hasGpu = false } = this.#context;
    return this.#indexers.get(`${method} ${maxSpots} ${cells.length} ${room}`, () =>
      planImages((...sizes) => planIndexer(this.#context, settings, ...sizes), room, hasGpu, latticesOf(settings)),
    );
  }

  async #find(frame: Frame, settings: SearchSettings, { signal }: FrameSearchOptions, sums = false): Promise<PeakList> {
    const given = { ...settings.peaks, ...(sums ? { sums } : {}), ...(signal ? { signal } : {}) };
    const peakList = await namedAs(what, async () => (await this.finderFor(settings)).run(frame, given));
    return settings.useSaturated === false ? unsaturated(peakList, frame, this.detector) : peakList;
  }

  /** The peaks of a frame that the finder's device decodes. */
  async #findFar(
    far: FarFrame,
    settings: SearchSettings,
    { signal }: FrameSearchOptions,
    sums: boolean,
  ): Promise<PeakList> {
    const given = { ...settings.peaks, ...(sums ? { sums } : {}), ...(signal ? { signal } : {}) };
    const { chunk, into } = far.packed;
    const finder = (await this.finderFor(settings)) as PeakFinder & DecodesFrames;
    const peakList = await finder[runPacked](chunk, into, given);
    if (settings.useSaturated !== false) return peakList;
    if (this.detector.saturation) eachPeak(peakList, (...pixels) => far.tiles.around(...pixels));
    await far.bring();
    return unsaturated(peakList, far.frame(), this.detector);
  }

  /** The parameters of a call, with the searcher's as defaults. */
  #settingsOf(call: string, options: FrameSearchOptions): SearchSettings {
    this.#resource.assertAlive();
    if (options === none) return this.settings;
    knownOptions(`frameSearcher.${call}`, options, optionNames, ofPeaks);
    checkSignal(options.signal);
    const { peaks, ...others } = without(options, 'beam', 'found', 'oriented', 'signal');
    if (peaks === undefined) return { ...this.settings, ...others };
    // Another finder has its own parameters.
    const same = (others.finder ?? this.settings.finder) === this.settings.finder;
    return { ...this.settings, ...others, peaks: same ? { ...this.settings.peaks, ...peaks } : peaks };
  }

  #setup(settings: SearchSettings, { beam = this.detector.beam }: FrameSearchOptions): Setup {
    const { geometry, width, bad, validRange, saturation } = this.detector;
    return { geometry, beam, width, bad, validRange, saturation, settings };
  }

  #check(call: string, frame: Frame): void {
    const { width, height } = this.detector;
    if (frame instanceof this.#type && frame.length === width * height) return;
    throw new EwaldError(
      'Shape',
      `frameSearcher.${call}: the frame is ${inspect(frame)}; the detector's are ${this.#type.name}s of ` +
        `${width * height} pixels (${width} x ${height})` +
        (frame instanceof Float64Array ? '; pass Float32Array.from(frame)' : ''),
    );
  }
}

/** Checks the lattices of a frame. Throws `Argument`. */
function checkOriented(call: string, oriented: readonly OrientedCrystal[]): readonly OrientedCrystal[] {
  const named = `frameSearcher.${call}: oriented`;
  if (!Array.isArray(oriented))
    throw new EwaldError('Argument', `${named} is ${inspect(oriented)}; expected a list of { cell, inputCell }`);
  for (const { cell } of oriented) checkCell(cell, `${named}: a cell`);
  return oriented;
}

/** Most frames have fewer peaks than this; a frame with more requires a larger plan. */
const usualSpots = 4096;

/** Plans the indexer for these parameters, which include cells, and for this many spots of a frame. */
export function planIndexer(
  context: Plans,
  settings: SearchSettings,
  batch = 1,
  maxBatchSpots: number = usualSpots,
  efforts?: number,
): Promise<Indexer> {
  const { cells = [], method, maxSpots = indexerRanges.maxSpots.fallback } = settings;
  return context.indexer({
    method,
    batch,
    maxSpots,
    maxInputCells: cells.length,
    maxOutputCells: 16,
    maxBatchSpots,
    efforts,
    threads: 1,
  });
}

/** Works on a borrowed frame; starts again if its view was detached meanwhile, since its pixels remain. */
export async function retryIfDetached<T>(
  borrowed: Pick<BorrowedFrame, 'frame'>,
  work: (frame: Frame) => Promise<T>,
): Promise<T> {
  for (;;) {
    const frame = borrowed.frame();
    try {
      return await work(frame);
    } catch (error) {
      // A frame of the caller is lost for good.
      if (!isLost(frame) || borrowed.frame() === frame) throw error;
    }
  }
}

/** The options of a call that passes none. */
const none: FrameSearchOptions = {};
