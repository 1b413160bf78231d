/**
 * Peaks in detector frames: peakfinder8 and zaef, with CrystFEL's parameter names and meanings, and dispersion.
 *
 * Source: Barty et al., Cheetah (J. Appl. Cryst. 47 (2014), doi 10.1107/S1600576714007626); Zaefferer, J. Appl. Cryst.
 * 33 (2000) 10; Winter et al., Acta Cryst. D74 (2018) 85; cpp/peaks/README.md describes the algorithms.
 */

import type { DataType, FrameArray } from '../bytes/dtype.js';
import { numberTypes } from '../compute/arrays/numbers.js';
import type { BackendName } from '../compute/backends/names.js';
import {
  finders,
  largestFrame,
  maskedBin,
  numbers,
  peak,
  peaksDescriptor,
  peaksPanel,
  peaksParams,
} from '../compute/layout/peaks.js';
import { pack, structBytes, wordOf } from '../compute/layout/struct.js';
import type { Planner } from '../compute/planner/planner.js';
import { unpackingWork } from '../compute/planner/works.js';
import type { Geometry } from '../crystal/geometry/geometry.js';
import type { Detector } from '../frames/detector/detector.js';
import { checkedValue, row } from '../options/call-options.js';
import { checked, defaultsOf, type NameOption, namesOf } from '../options/parameters.js';
import { asItIs, assertIntact, lengthOf } from '../util/buffers.js';
import { EwaldError } from '../util/errors.js';
import type { Own, PlatformSignal } from '../util/globals.js';
import { joined } from '../util/joined.js';
import type { Filled } from '../util/members.js';
import { checkSignal, inspect, kindOf, knownOptions, ofRun, withArticle } from '../util/options.js';
import { asyncDispose, type Disposable, type MaybeAsyncDisposable, Resource } from '../util/resource.js';
import { without } from '../util/without.js';
import { weighCentroids } from './centroids.js';
import type { DeviceFrame, FinderName, Frame, FrameDtype, PeaksKernel } from './contract.js';
import { peaksFeature } from './kernels.js';
import type { FinderParameters, PeakSearchParameters } from './parameter-types.js';
import { finderRows, refuseEmptyRing, refuseEmptySizes, refuseOtherFinders, runRows } from './parameters.js';
import { type PeakList, selectPeaks } from './peak-list.js';
import { ringSumsOf, sumsLength } from './ring-sums.js';
import { type Reach, type Rings, ringsAround, ringsOf, ringsOfDetector, type SearchedPanel } from './rings.js';
import { checkStages, type PeakStages } from './stage-marks.js';

export type { FinderName, Frame, FrameDtype } from './contract.js';
export type { FinderParameters, PeakSearchParameters } from './parameter-types.js';

/** A peak finder for frames of these sizes. */
export interface FramePeaksOptions extends FinderParameters {
  readonly detector?: undefined;
  /** Pixels of a frame along the fast axis, 1 … 65536; a frame has at most 268435456 in all (`Limit`). */
  readonly width: number;
  /** Pixels of a frame along the slow axis, 1 … 65536. */
  readonly height: number;
  /** Type of the frames' numbers: u8 … i32, f32, and f64, which is searched as f32; `Argument` for others. */
  readonly dtype: FrameDtype | DataType;
  /** Panels and rings; without it the frame is one panel, with rings around `centre`. */
  readonly geometry?: Geometry | undefined;
  /** Beam in pixels from the corner of the frame: fs, ss; default: the middle. */
  readonly centre?: readonly [number, number] | undefined;
  /** Rings from `ringsOf` for the same geometry, bad pixels and radii, which several finders can share. */
  readonly rings?: Rings | undefined;
  /** Pixels that are bad in every frame, nonzero where bad, [ss, fs]. */
  readonly bad?: Uint8Array | undefined;
}

/** The options that a detector replaces. */
const ofDetector = ['width', 'height', 'dtype', 'geometry', 'centre', 'rings', 'bad'] as const;

/** A peak finder for the frames of a detector; it finds the same peaks as a run with this detector. */
export interface DetectorPeaksOptions
  extends FinderParameters,
    Readonly<Partial<Record<(typeof ofDetector)[number], undefined>>> {
  /** The result of `ctx.detector`: it knows the frames' size and type, its panels, bad pixels and valid range. */
  readonly detector: Detector;
}

/** Sizes of a peak finder, or the detector it is for. */
export type PeaksOptions = FramePeaksOptions | DetectorPeaksOptions;

/** The parameters that these finders use. */
type ParametersOf<Finder extends FinderName> = {
  [Name in keyof PeakSearchParameters as (typeof runRows)[Name] extends { readonly of: readonly (infer User)[] }
    ? Finder extends User
      ? Name
      : never
    : Name]: PeakSearchParameters[Name];
};

/** Parameters of one search; defaults are CrystFEL's. Parameters of finders other than the plan's are rejected. */
export type PeaksRunOptions<Finder extends FinderName = FinderName> = ParametersOf<Finder> & {
  /**
   * Values outside [least, greatest] mark bad pixels; default: the detector's range, or no limits without a detector.
   */
  readonly validRange?: readonly [number, number] | undefined;
  /** Pixels that are bad in this frame, nonzero where bad, [ss, fs]. */
  readonly bad?: Uint8Array | undefined;
  readonly signal?: PlatformSignal | undefined;
};

export interface PeakFinderMethods<Finder extends FinderName = FinderName> extends Disposable {
  /**
   * Zeroed memory for a frame of the plan's type, owned by the caller and allocated where the backend reads fastest: on
   * native in huge pages, in which unpacking and searching a frame of 4 million pixels is a tenth faster; on CUDA in
   * page-locked memory. Datasets of f64 are read without it: `run` takes what they return.
   */
  newFrame(): Frame;
  readonly backend: BackendName;
  /** Its algorithm. */
  readonly finder: Finder;
  /**
   * Bytes the plan holds on its backend. They may grow with the number of peaks of a frame, and on CPUs once by four for
   * each pixel, when peakfinder8 first meets a ring whose counts vary too much to be judged by a sample.
   */
  readonly bytes: number;
  /** Rectangles that are searched, in the order of `PeakList.panel`. */
  readonly panels: readonly SearchedPanel[];
  /**
   * Finds the peaks of a frame, [ss, fs] of the plan's type, as `dataset.read` returns it; a Float64Array is converted
   * for a plan of f32. Runs of one plan are executed in order.
   *
   * Throws `Argument`, `Shape`, `Aborted`, `Disposed`.
   */
  run(frame: Frame | FrameArray, options?: PeaksRunOptions<Finder>): Promise<PeakList>;
  /**
   * Finds the peaks of a frame and returns what the search compared its pixels with: background, noise and limit of
   * each pixel, and which pixels passed. For pictures and for choosing parameters; it takes several times as long as
   * `run`.
   *
   * Throws what `run` throws, and `Unsupported` for zaef.
   */
  stages(frame: Frame | FrameArray, options?: PeaksRunOptions<Finder>): Promise<PeakStages>;
}
/** A planned peak finder. */
export type PeakFinder<Finder extends FinderName = FinderName> = PeakFinderMethods<Finder> & MaybeAsyncDisposable;

/** A frame in the memory of a plan; see `BorrowedMemory`. */
export interface BorrowedFrame {
  frame(): Frame;
  giveBack(): void;
}

/** Of a planned peak finder: lends a frame that is searched without being copied; undefined if none are. @internal */
export const borrowFrame = Symbol('borrowFrame');

export type LendsFrames = { readonly [borrowFrame]: () => BorrowedFrame | undefined };

/**
 * Of a planned peak finder: lends memory of its device for a frame that is decoded there, and finds the peaks of a frame
 * that is sent packed, without centroids of pixels around them. The first is absent where the backend does not decode;
 * `decodesThere` is whether that pays, by the measured rule of the planner. @internal
 */
export const decodesThere = Symbol('decodesThere');
export const holdFrame = Symbol('holdFrame');
export const runPacked = Symbol('runPacked');

export type DecodesFrames = {
  readonly [decodesThere]: boolean;
  readonly [holdFrame]?: () => Promise<DeviceFrame>;
  readonly [runPacked]: (chunk: Uint8Array, into: DeviceFrame, options?: PeaksRunOptions) => Promise<PeakList>;
};

function checkMask(what: string, mask: Uint8Array | undefined, pixels: number): void {
  if (mask === undefined) return;
  if (!(mask instanceof Uint8Array) || lengthOf(mask) !== pixels)
    throw new EwaldError('Shape', `${what} is ${inspect(mask)}; expected a Uint8Array of ${pixels} pixels`);
}

function checkRings(rings: Rings | undefined): Rings | undefined {
  const { bins, rings: count, panels } = (rings ?? {}) as Partial<Rings>;
  const whole = bins instanceof Uint16Array && Number.isInteger(count) && Array.isArray(panels);
  if (rings === undefined || whole) return rings;
  throw new EwaldError('Argument', `peaks: rings is ${inspect(rings)}; expected the result of ringsOf`);
}

/** Rejects an invalid detector, and options that it replaces. */
function checkDetector(options: PeaksOptions): Detector | undefined {
  const { detector } = options;
  if (detector === undefined) return undefined;
  if (typeof (detector as Partial<Detector> | null)?.beams !== 'function')
    throw new EwaldError(
      'Argument',
      `peaks: detector is ${inspect(detector)}; it expects what await ctx.detector(dataset) returns`,
    );
  const twice = ofDetector.find((name) => options[name] !== undefined);
  if (twice !== undefined)
    throw new EwaldError(
      'Argument',
      `peaks: ${twice} is given in addition to detector, which has its own; pass only one of them`,
    );
  return detector;
}

function ringsFor(options: PeaksOptions, reach: Reach, width: number, height: number): Rings {
  const { detector, geometry, centre = [width / 2, height / 2], bad } = options;
  if (detector) return ringsOfDetector(detector, reach);
  if (geometry !== undefined && !Array.isArray((geometry as Geometry | null)?.panels))
    throw new EwaldError('Argument', `peaks: geometry is ${inspect(geometry)}; expected the result of parseGeometry`);
  if (geometry) return ringsOf(geometry, width, height, reach, bad);
  if (!Array.isArray(centre) || centre.length !== 2 || !centre.every(Number.isFinite))
    throw new EwaldError('Argument', `peaks: centre is ${inspect(centre)}; expected two numbers of pixels, fs and ss`);
  return ringsAround(width, height, centre, reach, bad);
}

/** The parameters of a run. */
const runNames: readonly string[] = [...namesOf(runRows), 'validRange', 'bad', 'signal'];

/** What a plan searches, as checked. */
interface Searched {
  readonly detector: Detector | undefined;
  readonly finder: FinderName;
  readonly dtype: FrameDtype;
  readonly width: number;
  readonly height: number;
  readonly pixels: number;
  readonly rings: Rings;
  readonly sumsOnly: boolean;
}

/** Checks the options of a plan. */
function searchedBy(options: PeaksOptions): Searched {
  if (typeof options !== 'object' || options === null)
    throw new EwaldError('Argument', 'peaks requires the options width, height and dtype of the frames');
  const known = ['detector', ...ofDetector, ...namesOf(finderRows)];
  knownOptions('peaks', options, known, ofRun(runNames, 'finder.run(frame, { … })'));
  const names = Object.keys(numbers) as FrameDtype[];
  const detector = checkDetector(options);
  const frames: { width?: number | undefined; height?: number | undefined; dtype?: string | undefined } =
    detector ?? options;
  const width = checkedValue('peaks: width', frames.width, row.required(row.integer(1, largestFrame.side)));
  const height = checkedValue('peaks: height', frames.height, row.required(row.integer(1, largestFrame.side)));
  const stated = checkedValue('peaks: dtype', frames.dtype, row.required(row.choice([...names, 'f64'])));
  const dtype = stated === 'f64' ? 'f32' : (stated as FrameDtype);
  const {
    finder = 'peakfinder8',
    minRes = 0,
    maxRes = 0,
    sumsOnly = false,
  } = checked(finderRows, { ...options }, (name) => `peaks: ${name}`);
  refuseEmptyRing('peaks', { minRes, maxRes });
  const pixels = width * height;
  if (pixels > largestFrame.pixels)
    throw new EwaldError(
      'Limit',
      `peaks: a frame of ${width} x ${height} has ${pixels} pixels; expected at most ${largestFrame.pixels}`,
    );
  checkMask('peaks: bad', options.bad, pixels);
  const rings = checkRings(options.rings) ?? ringsFor(options, { minRadius: minRes, maxRadius: maxRes }, width, height);
  if (rings.bins.length !== pixels)
    throw new EwaldError(
      'Shape',
      `peaks: rings are of ${rings.bins.length} pixels; a frame has ${pixels} (${width} x ${height})`,
    );
  return { detector, finder, dtype, width, height, pixels, rings, sumsOnly };
}

/** A plan with its kernel. */
interface Planned extends Searched {
  readonly kernel: PeaksKernel;
  readonly resource: Resource;
}

/** Plans peaks on a context. */
export async function planPeaks(planner: Planner, options: PeaksOptions): Promise<PeakFinder> {
  const searched = searchedBy(options);
  const { finder, dtype, width, height, pixels, sumsOnly } = searched;
  const { bins, rings, panels } = searched.rings;
  const bytesOfNumber = numberTypes[dtype].BYTES_PER_ELEMENT;
  const { backend, kernel } = await planner.plan(peaksFeature, {
    fields: pack(peaksDescriptor, {
      width,
      height,
      panels: panels.length,
      dtype: numbers[dtype],
      finder: finders[finder],
      sumsOnly: sumsOnly ? 1 : 0,
    }),
    finder,
    panels: joined(
      Uint8Array,
      panels.map(({ fs, ss, endFs, endSs }) => pack(peaksPanel, { fs, ss, endFs, endSs })),
    ),
    bins,
    rings,
    pixels,
    bytesOfNumber,
    sumsOnly,
  });
  const resource = new Resource('peak finder', planner.resource, kernel);
  const planned: Planned = { ...searched, kernel, resource };
  const plan: PeakFinderMethods = {
    backend: backend.name,
    finder,
    get bytes() {
      return kernel.bytes;
    },
    panels,
    newFrame: () => newFrame(planned),
    stages: async (frame, run = {}) => stagesIn(planned, plan, searchedFrame(frame, searched), run),
    run: async (frame, run = {}) => peaksIn(planned, searchedFrame(frame, searched), run),
    dispose: () => resource.dispose(),
  };
  Object.defineProperty(plan, asyncDispose, { value: () => resource.dispose() });
  Object.defineProperty(plan, borrowFrame, { value: () => lentFrame(planned) });
  if (kernel.hold) {
    const isThere = !kernel.isSoftware && (await planner.pays(unpackingWork({ pixels, bytesOfNumber }), backend.name));
    Object.defineProperty(plan, decodesThere, { value: isThere });
    Object.defineProperty(plan, holdFrame, { value: () => heldFrame(planned) });
  }
  Object.defineProperty(plan, runPacked, {
    value: (chunk: Uint8Array, into: DeviceFrame, run: PeaksRunOptions = {}) => packedIn(planned, chunk, into, run),
  });
  return plan as PeakFinder;
}

/**
 * A frame in the type in which it is searched, with the values marked that a panel declares bad; `checkFrame` refuses
 * other types.
 */
function searchedFrame(frame: Frame | FrameArray, { dtype, detector }: Searched): Frame {
  const searched = dtype === 'f32' && frame instanceof Float64Array ? Float32Array.from(frame) : (frame as Frame);
  if (!detector?.hasFlags || !(searched instanceof numberTypes[dtype])) return searched;
  const marked = searched === frame ? searched.slice() : searched;
  detector.markFrame(marked);
  return marked;
}

function newFrame({ resource, kernel, dtype, pixels }: Planned): Frame {
  resource.assertAlive();
  const type = numberTypes[dtype];
  const memory = kernel.memory?.(pixels * type.BYTES_PER_ELEMENT);
  return memory ? new type(memory.buffer as ArrayBuffer, memory.byteOffset, pixels) : new type(pixels);
}

function heldFrame({ resource, kernel }: Planned): Promise<DeviceFrame> {
  resource.assertAlive();
  return resource.enqueue(async () => kernel.hold?.() as Promise<DeviceFrame>);
}

function lentFrame({ resource, kernel, dtype, pixels }: Planned): BorrowedFrame | undefined {
  resource.assertAlive();
  const memory = kernel.borrow?.();
  const type = numberTypes[dtype];
  return (
    memory && {
      frame: () => new type(memory.view().buffer as ArrayBuffer, memory.view().byteOffset, pixels),
      giveBack: memory.giveBack,
    }
  );
}

async function stagesIn(
  { finder, width, height, detector, rings: { bins, panels } }: Planned,
  plan: PeakFinderMethods,
  frame: Frame,
  run: PeaksRunOptions,
): Promise<PeakStages> {
  checkStages(finder);
  const others = without(run, 'maxPeaks', 'centroid');
  const peaks = await plan.run(frame, { ...others, ...(finder === 'peakfinder8' ? { rings: true } : {}) });
  const [least, greatest] = checkRange(run.validRange ?? detector?.validRange);
  const usable = (i: number, value: number): boolean => value >= least && value <= greatest && !run.bad?.[i];
  const search = searchOf(run, finder);
  const { stagesOf } = await import('./stages.js');
  return stagesOf({ finder, frame, width, height, panels, bins, search, usable, peaks });
}

function checkFrame(frame: Frame, { dtype, pixels, width, height }: Planned): void {
  if (frame instanceof numberTypes[dtype] && lengthOf(frame) === pixels) return;
  const what = ArrayBuffer.isView(frame) ? `${kindOf(frame)} of ${lengthOf(frame as Frame)}` : inspect(frame);
  throw new EwaldError(
    'Shape',
    `peaks.run: the frame is ${what}; expected ${withArticle(numberTypes[dtype].name)} of ${pixels} (${width} x ${height})`,
  );
}

function peaksIn(planned: Planned, frame: Frame, run: PeaksRunOptions): Promise<PeakList> {
  const { resource, kernel, detector, finder, dtype, width, pixels, rings } = planned;
  resource.assertAlive();
  knownOptions('peaks.run', run, runNames);
  const search = searchOf(run, finder);
  if (planned.sumsOnly && search.rings)
    throw new EwaldError('Argument', 'peaks.run: rings are limits of a search, and this finder sums alone (sumsOnly)');
  checkFrame(frame, planned);
  checkMask('peaks.run: bad', run.bad, pixels);
  const { validRange = detector?.validRange } = run;
  const params = packSearch(search, checkRange(validRange), dtype);
  const limits = search.rings ? new Float32Array(rings.rings * 4) : undefined;
  const sums = search.sums ? new Float64Array(sumsLength(rings.rings)) : undefined;
  // Until its turn, and while another thread searches, the memory still belongs to the caller.
  const taken = asItIs(frame);
  const bad = run.bad && asItIs(run.bad);
  const intact = (when: string): void => {
    assertIntact('peaks.run: the frame', taken, pixels, when);
    if (bad) assertIntact('peaks.run: bad', bad, pixels, when);
  };
  return resource.enqueue(async () => {
    checkSignal(run.signal);
    intact('before its turn');
    const found = await kernel.run({ params, frame: taken, bad, limits, ...(sums ? { sums } : {}) });
    intact('while it was being searched');
    const all = listOf(found, limits);
    const list = strongest(sums ? { ...all, sums: ringSumsOf(sums, rings.rings) } : all, search.maxPeaks);
    if (search.centroid === 'weighted') {
      const [least, greatest] = validRange ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
      const good = (i: number): boolean => {
        const v = taken[i] ?? Number.NaN;
        return rings.bins[i] !== maskedBin && !bad?.[i] && v >= least && v <= greatest;
      };
      weighCentroids(list, { frame: taken, width, good }, rings.panels);
    }
    return list;
  }, run.signal);
}

/** The peaks of a frame that is sent packed. */
function packedIn(planned: Planned, chunk: Uint8Array, into: DeviceFrame, run: PeaksRunOptions): Promise<PeakList> {
  const { resource, kernel, detector, finder, dtype, rings } = planned;
  resource.assertAlive();
  const search = searchOf(run, finder);
  const { validRange = detector?.validRange } = run;
  const params = packSearch(search, checkRange(validRange), dtype);
  const limits = search.rings ? new Float32Array(rings.rings * 4) : undefined;
  const sums = search.sums ? new Float64Array(sumsLength(rings.rings)) : undefined;
  return resource.enqueue(async () => {
    checkSignal(run.signal);
    const found = await (kernel.runPacked?.({ params, chunk, into, limits, sums }) as Promise<Uint8Array>);
    const all = listOf(found, limits);
    return strongest(sums ? { ...all, sums: ringSumsOf(sums, rings.rings) } : all, search.maxPeaks);
  }, run.signal);
}

const inRun: NameOption = (name) => `peaks.run: ${name}`;

type ValidRange = readonly [number, number];

function checkRange(range: ValidRange = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]): ValidRange {
  const [least, greatest] = Array.isArray(range) ? (range as readonly unknown[]) : [];
  if (typeof least === 'number' && typeof greatest === 'number' && least <= greatest) return [least, greatest];
  throw new EwaldError(
    'Argument',
    `peaks.run: validRange is ${inspect(range)}; expected two rising numbers, [least, greatest]`,
  );
}

/** The parameters of a search, complete. */
function searchOf(run: PeaksRunOptions, finder: FinderName): Search {
  const given = run as Readonly<Record<string, unknown>>;
  refuseOtherFinders(given, finder, inRun);
  const valid = checked(runRows, given, inRun);
  refuseEmptySizes('peaks.run', valid);
  const own = { ...defaultsOf(runRows, finder), ...valid };
  // A packed search has a field for every parameter; those of other finders are not used.
  return { ...defaultsOf(runRows), ...own } as Search;
}

const clamp = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, x));

/** Packs a search in which every parameter has a value. */
function packSearch(search: Search, [least, greatest]: ValidRange, dtype: FrameDtype): Uint8Array {
  const { centroid: _, peakRadius, plain, ...fields } = search;
  const [innerRadius, middleRadius, outerRadius] = peakRadius;
  return pack(peaksParams, {
    ...fields,
    leastInteger: clamp(Math.ceil(least), -(2 ** 31), 2 ** 31 - 1),
    greatestInteger: clamp(Math.floor(greatest), 0, 2 ** 32 - 1),
    plain: plain ? 1 : 0,
    innerRadius,
    middleRadius,
    outerRadius,
    leastReal: dtype === 'f32' ? clamp(least, -3.4e38, 3.4e38) : 0,
    greatestReal: dtype === 'f32' ? clamp(greatest, -3.4e38, 3.4e38) : 0,
  });
}

type Search = Filled<PeakSearchParameters>;

/** The peaks of the greatest intensity, in the order of the list; all if no number is given. */
function strongest(list: PeakList, most: number | undefined): PeakList {
  if (most === undefined || list.count <= most) return list;
  const kept = [...list.intensity.keys()]
    .sort((i, j) => (list.intensity[j] ?? 0) - (list.intensity[i] ?? 0) || i - j)
    .slice(0, most);
  const isKept = new Uint8Array(list.count);
  for (const i of kept) isKept[i] = 1;
  return { ...selectPeaks(list, (i) => isKept[i] === 1), omitted: list.count - most };
}

function listOf(found: Uint8Array, rings: Own<Float32Array> | undefined): PeakList {
  const count = found.length / structBytes(peak);
  const words = (structBytes(peak) / 4) * count;
  const reals = new Float32Array(found.buffer, found.byteOffset, words);
  const integers = new Uint32Array(found.buffer, found.byteOffset, words);
  return {
    count,
    fs: column(reals, 'fs', new Float32Array(count)),
    ss: column(reals, 'ss', new Float32Array(count)),
    intensity: column(reals, 'intensity', new Float32Array(count)),
    maximum: column(reals, 'maximum', new Float32Array(count)),
    snr: column(reals, 'snr', new Float32Array(count)),
    background: column(reals, 'background', new Float32Array(count)),
    pixels: column(integers, 'pixels', new Uint32Array(count)),
    panel: column(integers, 'panel', new Uint32Array(count)),
    rings,
  };
}

// A loop, because `from` with a function takes ten times as long.
function column<T extends Float32Array | Uint32Array>(peaks: Float32Array | Uint32Array, name: string, out: T): T {
  const words = structBytes(peak) / 4;
  for (let i = 0, at = wordOf(peak, name); i < out.length; i++, at += words) out[i] = peaks[at] as number;
  return out;
}
