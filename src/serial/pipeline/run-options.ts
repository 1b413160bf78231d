/** The options of a run, checked before anything is opened. */

import { checkedOptions, checkedValue, row } from '../../base/call-options.js';
import { EwaldError } from '../../base/errors.js';
import { type SliceOptions, sliceOf } from '../../base/frame-slice.js';
import type { PlatformSignal } from '../../base/globals.js';
import { inspect, refuseOtherNames } from '../../base/options.js';
import { flagOf, kebab } from '../../base/parameter-text.js';
import { namesOf, type Parameter, type Parameters } from '../../base/parameters.js';
import type { Geometry } from '../../crystal/geometry/geometry.js';
import type { DetectorOptions } from '../../io/detector/detector.js';
import { cellSearchRows } from '../indexing/parameters.js';
import { libraryRows, searchRows } from '../peaks/parameters.js';
import type { RunEvent } from './events.js';
import type { Preparation } from './geometry/preparation.js';
import { checkGridOptions, type GridOptions, gridNames, gridWords } from './grid/grid-options.js';
import { checkCopyHeader } from './inputs/copied-headers.js';
import { checkCells, type GivenCell } from './inputs/given.js';
import type { RunInput } from './inputs/inputs.js';
import { type AllowOutside, checkAllowOutside } from './inputs/inside.js';
import { isFile } from './inputs/kinds.js';
import type { FileInput } from './inputs/place.js';
import { checkSettings, refuseOfPeaks } from './modes.js';
import type { RefinementParameters, RunParameters } from './parameter-types.js';
import {
  gridRows,
  type PeakSource,
  refinementRows,
  regionRows,
  runRows,
  searchSettingRows,
  sourceRows,
  thresholdRows,
  unknownCellRows,
} from './parameters.js';
import { checkProfile, type ProfileOptions } from './profile/options.js';
import { checkRegions, type Region, regionText } from './regions/region.js';
import { type PeakParameters, type SearchSettings, settingNames, settingsOf } from './settings.js';
import { checkOutputs, type OutputOptions, outputNames } from './sinks/output-options.js';
import { type Shard, shardOf } from './sources/selection.js';

/**
 * An executor of `ewald/executors` that searches the frames instead of this process: the part of its interface that a
 * run uses.
 */
export interface RunExecutor {
  readonly kind: string;
  readonly slots: number;
  share(value: unknown): Promise<{ readonly hash: string }>;
  run<R>(
    tasks: AsyncIterable<{ readonly module: string; readonly function: string; readonly argument: unknown }>,
    options: { readonly signal?: PlatformSignal | undefined; readonly window?: number | undefined },
  ): AsyncGenerator<{ readonly value: R }, void, undefined>;
  /**
   * Of an executor whose workers are not there yet: called when the run knows how many seconds of processor time the
   * frames that are left take, which this process goes on searching until the workers have started. Undefined if they
   * are not worth it; the run may ask again.
   */
  readonly start?: ((seconds: number) => Promise<RunExecutor> | undefined) | undefined;
}

/** Options of determining the cell of a run if it is unknown. */
export interface UnknownCellOptions {
  /** Shortest edge in Å, 1 … 1000; default 3. */
  readonly minLengthA?: number | undefined;
  /**
   * Longest edge in Å, up to 1000; default 150. A larger value takes no more time, but makes the grid of the search
   * coarser.
   */
  readonly maxLengthA?: number | undefined;
}

/**
 * Which frames are searched, and how they are read. Frames that `first` or `frames` selects keep the serial numbers
 * that they have among all; `resume` continues with the others.
 */
export interface FrameOptions extends Omit<DetectorOptions, 'geometry' | 'highres'>, SliceOptions {
  /** One input, a list of them, an iterable of any kind, or `'pushed'` for a run with `push` (a file: `./pushed`). */
  readonly inputs: RunInput | Iterable<RunInput> | AsyncIterable<RunInput>;
  /**
   * CrystFEL's geometry of the detector: a path or URL, a File or Blob, its text, or the result of `parseGeometry`.
   * Default: the description in the first file of frames.
   */
  readonly geometry?: FileInput | Geometry | undefined;
  /** Dataset of the frames in HDF5 files; default: the geometry's, or the files' own choice. */
  readonly dataset?: string | undefined;
  /** Reads files without the files that they refer to and that do not exist. Default false. */
  readonly allowMissing?: boolean | undefined;
  /** Compares the checksums of files. Default true. */
  readonly checksums?: boolean | undefined;
  /** Largest frame or chunk that is read, bytes; default 2³⁰. */
  readonly maxFrameBytes?: number | undefined;
  /**
   * Files that lists, geometries and frames name may lie anywhere, and, for lists, at any address: true. A list of
   * folders: those of lists and geometries may lie in these folders as well. Default: in the folder of the file that
   * names them.
   */
  readonly allowOutside?: AllowOutside | undefined;
}

/** Options of a run; `Finder` is the finder whose parameters `peaks` has. */
export interface PipelineOptions<Finder extends PeakSource = PeakSource>
  extends Omit<SearchSettings<Finder>, 'peaks' | 'cells' | 'profile'>,
    FrameOptions,
    RefinementParameters,
    RunParameters,
    UnknownCellOptions,
    GridOptions,
    OutputOptions {
  /**
   * Parameters of the peak search. Default `'tune'`: they are determined from the first four frames. If some are given,
   * the others are tuned, unless the threshold (for dispersion, the gain) is given.
   */
  readonly peaks?: 'tune' | PeakParameters<Finder> | undefined;
  /**
   * Known cells: paths or URLs, Files or Blobs of .cell or PDB files, `a,b,c,alpha,beta,gamma` as a text or six
   * numbers, or the results of `readCell`. Default: the cell is determined from the first frames; `[]`: frames are only
   * searched for peaks.
   */
  readonly cells?: readonly GivenCell[] | undefined;
  /**
   * What another run of the same detector has determined before its first frame, its event `prepared`: cells and geometry
   * are those, and are not determined again. For parts of a run that several pages or processes search.
   */
  readonly prepared?: Preparation | undefined;
  /**
   * The radial profile of every frame, with its background, ice and spots by shell, in results (`profile`), the stream
   * and the other outputs; `true` for all defaults. Default: none.
   */
  readonly profile?: boolean | ProfileOptions | undefined;
  /**
   * The executor that searches the frames instead of this process, such as `await Executor.workers()` of
   * `ewald/executors`; owned by the caller.
   */
  readonly executor?: RunExecutor | undefined;
  /**
   * Number of frames that this process searches at once, 1 … 256; default 1. Twice as many are in memory. An executor
   * has its own number.
   */
  readonly jobs?: number | undefined;
  /**
   * Searches every n-th frame, beginning with the i-th, counted from 1: `'2/16'`. `joinStreams` of `ewald/pipeline`
   * joins the streams.
   */
  readonly shard?: string | Shard | undefined;
  /**
   * Copies these fields of each frame's header into its result (`headers`) and into the stream: paths of HDF5 files,
   * with one value or one for each frame, or names of other headers. CrystFEL's copy-header.
   */
  readonly copyHeader?: readonly string[] | undefined;
  /**
   * Regions of each frame whose counts are summed into its result (`rois`), at most 16: texts as of the flag `--roi`, such
   * as `'water=ring:1.85:2.05'`, or `{ name: 'water', kind: 'ring', q: [1.85, 2.05] }`.
   */
  readonly rois?: readonly (Region | string)[] | undefined;
  /** Items contain the pixels of their frame as `frame`. Default false. */
  readonly keepFrame?: boolean | undefined;
  /**
   * Items of a run on an executor have no peaks, spots, indices, reflections and chunk, which are then neither sent nor
   * read again; outputs are whole. Default false.
   */
  readonly briefItems?: boolean | undefined;
  /**
   * Receives the events of the run: its parameters, the cell, progress, warnings, and the outcome of its outputs.
   * If it throws or returns a promise, the run ends with `Argument` and its outputs are kept as at an abort. Default:
   * warnings go to the log of the context, which prints them on standard error.
   */
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
  readonly signal?: PlatformSignal | undefined;
}

const optionRows = {
  ...runRows,
  // These have more forms than their flags.
  ...row.others(
    'inputs',
    'geometry',
    'dataset',
    'allowMissing',
    'checksums',
    'maxFrameBytes',
    'allowOutside',
    'bad',
    'openOther',
    'executor',
  ),
  ...row.others(
    'first',
    'frames',
    'shard',
    'copyHeader',
    'rois',
    'maxLengthA',
    'onEvent',
    'prepared',
    ...outputNames,
    ...gridNames,
    ...settingNames,
    ...namesOf(refinementRows),
  ),
  minLengthA: cellSearchRows.minLengthA,
  jobs: row.integer(1, 256, 1),
  keepFrame: row.flag,
  briefItems: row.flag,
  signal: row.signal,
} as const;

/** The options after their checks. */
export type CheckedRun = Readonly<ReturnType<typeof checkRun>>;

/** Checks the options of a run. Throws `Argument`. */
export function checkRun(options: PipelineOptions) {
  refuseOfPeaks('pipeline', options);
  refuseOtherNames('pipeline', options, { stallS: 'noDataTimeout', timeoutS: 'noDataTimeout' });
  const checked = checkedOptions('pipeline', options, optionRows);
  const { geometry, cells, executor, minLengthA } = checked;
  checkSettings('pipeline', options);
  if (geometry !== undefined && !isFile(geometry) && !Array.isArray((geometry as Geometry | null)?.panels))
    throw new EwaldError(
      'Argument',
      `pipeline: geometry is ${inspect(geometry)}; it expects a path, a URL, a File, a text, or what ` +
        'parseGeometry(text) returns',
    );
  checkCells('pipeline', cells);
  if (checked.prepared !== undefined && !Array.isArray((checked.prepared as Preparation | null)?.cells))
    throw new EwaldError(
      'Argument',
      `pipeline: prepared is ${inspect(checked.prepared)}; it expects the event 'prepared' of another run`,
    );
  if (executor !== undefined && typeof (executor as Partial<RunExecutor> | null)?.share !== 'function')
    throw new EwaldError(
      'Argument',
      `pipeline: executor is ${inspect(executor)}; it expects what await Executor.workers() of ewald/executors gives`,
    );
  if (executor !== undefined && options.jobs !== undefined)
    throw new EwaldError('Argument', 'pipeline: jobs are of this process; the executor has workers of its own');
  checkOutputs(options);
  const rois = checkRegions('pipeline', options.rois);
  const profile = checkProfile('pipeline: profile', options.profile);
  checkGridOptions(options, { regions: rois.map(({ name }) => name), hasProfile: profile !== undefined });
  if (options.noDataTimeout !== undefined && !checked.follow)
    throw new EwaldError('Argument', 'pipeline: noDataTimeout ends a run that waits for frames: follow: true');
  // Cells are prepared on their own, and peaks may still be tuned.
  const { cells: _, ...settings } = settingsOf(options as SearchSettings) as Omit<SearchSettings, 'peaks'> & {
    readonly peaks?: 'tune' | PeakParameters | undefined;
  };
  return {
    ...checked,
    selection: { range: sliceOf('pipeline', options), shard: shardOf('pipeline: shard', options.shard) },
    follow: checked.follow ? checked.noDataTimeout : undefined,
    allowOutside: checkAllowOutside('pipeline: allowOutside', options.allowOutside),
    copyHeader: checkCopyHeader('pipeline: copyHeader', options.copyHeader),
    rois,
    // The longest edge is at least the shortest one.
    cellSearch: {
      minLengthA,
      maxLengthA: checkedValue('pipeline: maxLengthA', options.maxLengthA, row.number(minLengthA, 1000, 1000)),
    },
    settings: profile === undefined ? withoutProfile(settings) : { ...settings, profile },
  };
}

/** Settings that ask for no profile have no member of that name. */
function withoutProfile<Settings extends object>(settings: Settings): Settings {
  const { profile: _, ...others } = settings as Settings & { readonly profile?: unknown };
  return others as unknown as Settings;
}

const rows: Parameters = {
  ...searchSettingRows,
  ...searchRows,
  ...libraryRows,
  ...thresholdRows,
  ...refinementRows,
  ...sourceRows,
  ...regionRows,
  ...runRows,
  minLengthA: cellSearchRows.minLengthA,
  ...unknownCellRows,
  ...gridRows,
  profile: { kind: 'text', sentence: '', flag: 'radial-profile' },
};

/** The options that determine the contents of a stream; inputs and cells are elsewhere in its head. */
function recorded({ peaks, thresholds, ...options }: PipelineOptions): [string, unknown][] {
  const ofPeaks = typeof peaks === 'object' && peaks;
  const all: Readonly<Record<string, unknown>> = { ...options, ...ofPeaks, ...thresholds, ...gridWords(options) };
  const named = Object.entries(rows).flatMap(([name, { neutral }]) => (neutral ? [] : [name]));
  return [...named, ...Object.keys(thresholds ?? {}).filter((name) => !Object.hasOwn(rows, name))].map((name) => [
    name,
    all[name],
  ]);
}

/**
 * A command line for a run that was started from JavaScript: its options, written as flags. `resume` is not among them,
 * because a continued stream is identical to that of an uninterrupted run.
 */
export function commandLineOf({ rois, ...others }: PipelineOptions): string {
  const regions = rois && { rois: rois.map((roi) => (typeof roi === 'string' ? roi : regionText(roi))) };
  const words = recorded({ ...others, ...regions }).flatMap(([name, value]) => {
    const row: Parameter = rows[name] ?? { kind: 'text', sentence: '' };
    if (value === undefined || (row.kind === 'boolean' && value === (row.fallback ?? false))) return [];
    const flagName = row.flag === null ? `--${kebab(name)}` : flagOf(name, row);
    if (row.kind === 'boolean') return [flagName];
    if (row.kind === 'texts') return (value as string[]).map((one) => `${flagName}=${one.replace(/\s+/g, '_')}`);
    const text = Array.isArray(value)
      ? value.join(',')
      : typeof value === 'object'
        ? JSON.stringify(value)
        : `${value}`;
    return [`${flagName}=${text.replace(/\s+/g, '_')}`];
  });
  return ['ewald', 'pipeline', ...words].join(' ');
}
