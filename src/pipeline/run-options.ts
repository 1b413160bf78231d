/** The options of a run: a row for each, how they belong together, and the record that the run works with. */

import type { Geometry } from '../crystal/geometry/geometry.js';
import type { OpenOther } from '../frames/detector/open-other.js';
import { cellSearchRows, risingEdges } from '../indexing/parameters.js';
import { checkedOptions, type Rule, refuseBy, row } from '../options/call-options.js';
import { sliceOf } from '../options/frame-slice.js';
import { flagOf, kebab } from '../options/parameter-text.js';
import { type OptionsOf, type Parameter, type Parameters, setting, typed } from '../options/parameters.js';
import { having } from '../options/shapes.js';
import { libraryRows, searchRows } from '../peaks/parameters.js';
import { expects } from '../util/arguments.js';
import type { PlatformSignal } from '../util/globals.js';
import { type Elsewhere, otherNames } from '../util/options.js';
import { range } from '../util/range.js';
import type { RunEvent } from './events.js';
import type { Preparation } from './geometry/preparation.js';
import { type GridOptions, gridOptionRows, gridRules, gridWords, measuresMaps } from './grid/grid-options.js';
import { checkCopyHeader } from './inputs/copied-headers.js';
import { checkCells, type GivenCell } from './inputs/given.js';
import type { RunInput } from './inputs/inputs.js';
import { type AllowOutside, checkAllowOutside } from './inputs/inside.js';
import { isFile } from './inputs/kinds.js';
import type { FileInput } from './inputs/place.js';
import { checkSettings, ofPeaks } from './modes.js';
import type { RefinementParameters, RunParameters } from './parameter-types.js';
import {
  gridRows,
  orientationRows,
  ownRunRows,
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
import { type PeakParameters, type SearchSettings, settingsOf } from './settings.js';
import { type OutputOptions, outputRows, outputRules } from './sinks/output-options.js';
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

const { geometry, copyHeader, dataset, thresholdChannel, allowMissing, checksums, maxFrameBytes, allowOutside } =
  sourceRows;
const { constants, energy, dark, gainMap } = sourceRows;
/** A value of JavaScript alone. */
const value = { kind: 'value', flag: null } as const;

/** Which frames are searched, and how they are read. */
export const frameRows = {
  inputs: {
    ...value,
    sentence:
      "one input, a list of them, an iterable of any kind, or `'pushed'` for a run with `push` (a file: `./pushed`)",
    type: typed<RunInput | Iterable<RunInput> | AsyncIterable<RunInput>>(
      'RunInput | Iterable<RunInput> | AsyncIterable<RunInput>',
    ),
    required: true,
  },
  geometry: {
    ...geometry,
    sentence:
      "CrystFEL's geometry of the detector: a path or URL, a File or Blob, its text, or the result of `parseGeometry`",
    defaultText: 'the description in the first file of frames',
    type: typed<FileInput | Geometry>('FileInput | Geometry'),
    check: (what: string, given: unknown): void =>
      expects(
        isFile(given) || Array.isArray((given as Geometry | null)?.panels),
        what,
        given,
        'a path, a URL, a File, a text, or what parseGeometry(text) returns',
      ),
  },
  dataset,
  thresholdChannel,
  constants,
  energy,
  dark,
  gainMap,
  allowMissing,
  checksums,
  maxFrameBytes,
  allowOutside: {
    ...allowOutside,
    sentence:
      'files that lists, geometries and frames name may lie anywhere, and, for lists, at any address: true. A list of ' +
      'folders: those of lists and geometries may lie in these folders as well',
    defaultText: 'in the folder of the file that names them',
    kind: 'value',
    type: typed<AllowOutside>('AllowOutside'),
    read: checkAllowOutside,
  },
  bad: {
    ...value,
    sentence: 'additional bad pixels, nonzero where bad, [ss, fs]',
    type: typed<Uint8Array>('Uint8Array'),
  },
  openOther: {
    ...value,
    sentence: 'opens datasets that the geometry names in addition to the frames',
    defaultText: 'looks in the file of the frames and the files beside it',
    type: typed<OpenOther>('OpenOther'),
  },
  first: { ...runRows.first, sentence: 'the first frames only; `resume` continues with the others' },
  frames: runRows.frames,
} as const satisfies Parameters;

/** How the cell of a run is determined if it is unknown. */
export const unknownRows = { minLengthA: cellSearchRows.minLengthA, ...unknownCellRows } as const satisfies Parameters;

/** What a run searches for, and how it goes about it. */
export const ownRows = {
  cells: {
    ...value,
    sentence:
      'known cells: paths or URLs, Files or Blobs of .cell or PDB files, `a,b,c,alpha,beta,gamma` as a text or six ' +
      'numbers, or the results of `readCell`; `[]`: frames are only searched for peaks',
    defaultText: 'determined from the first frames',
    type: typed<readonly GivenCell[]>('readonly GivenCell[]'),
    check: checkCells,
  },
  orientations: {
    ...orientationRows.orientations,
    sentence:
      'a stream or a list of orientations (.sol), as a path, URL, File, Blob or bytes, whose crystals are integrated again ' +
      'instead of a search for lattices: by file and event, fitted to the peaks and judged by chance',
    type: typed<FileInput>('FileInput'),
    check: (what: string, given: unknown): void =>
      expects(isFile(given), what, given, 'a path, a URL, a File, a Blob or bytes of a stream or a .sol file'),
  },
  asTheyAre: orientationRows.asTheyAre,
  prepared: {
    ...value,
    sentence:
      'what another run of the same detector has determined before its first frame, its event `prepared`: cells and ' +
      'geometry are those, and are not determined again',
    more: 'For parts of a run that several pages or processes search.',
    type: typed<Preparation>('Preparation'),
    check: (what: string, given: unknown): void =>
      expects(Array.isArray((given as Preparation | null)?.cells), what, given, "the event 'prepared' of another run"),
  },
  profile: {
    ...value,
    sentence:
      'the radial profile of every frame, with its background, ice and spots by shell, in results (`profile`), the ' +
      'stream and the other outputs; `true` for all defaults',
    defaultText: 'none',
    type: typed<boolean | ProfileOptions>('boolean | ProfileOptions'),
    read: checkProfile,
  },
  executor: {
    ...value,
    sentence:
      'the executor that searches the frames instead of this process, such as `await Executor.workers()` of ' +
      '`ewald/executors`; owned by the caller',
    type: typed<RunExecutor>('RunExecutor'),
    check: having('share', 'what await Executor.workers() of ewald/executors gives'),
  },
  jobs: {
    kind: 'integer',
    flag: null,
    sentence: 'frames that this process searches at once; twice as many are in memory',
    more: 'An executor has its own number.',
    range: range(1, 256, 1),
  },
  shard: {
    ...runRows.shard,
    sentence: "searches every n-th frame, beginning with the i-th, counted from 1: `'2/16'`",
    more: '`joinStreams` of `ewald/pipeline` joins the streams.',
    type: typed<string | Shard>('string | Shard'),
    read: shardOf,
  },
  copyHeader: { ...copyHeader, read: checkCopyHeader },
  rois: {
    ...regionRows.rois,
    sentence:
      'regions of each frame whose counts are summed into its result (`rois`), at most 16: texts as of the flag ' +
      "`--roi`, such as `'water=ring:1.85:2.05'`, or `{ name: 'water', kind: 'ring', q: [1.85, 2.05] }`",
    type: typed<readonly (Region | string)[]>('readonly (Region | string)[]'),
    read: (_: string, given: unknown) => checkRegions('pipeline', given),
  },
  keepFrame: { kind: 'boolean', flag: null, sentence: 'items contain the pixels of their frame as `frame`' },
  briefItems: {
    kind: 'boolean',
    flag: null,
    sentence:
      'items of a run on an executor have no peaks, spots, indices, reflections and chunk, which are then neither sent ' +
      'nor read again; outputs are whole',
  },
  onEvent: {
    ...value,
    sentence:
      'receives the events of the run: its parameters, the cell, progress, warnings, and the outcome of its outputs',
    more: 'If it throws or returns a promise, the run ends with `Argument` and its outputs are kept as at an abort.',
    defaultText: 'warnings go to the log of the context, which prints them on standard error',
    type: typed<(event: RunEvent) => void>('((event: RunEvent) => void)'),
  },
  signal: {
    ...value,
    sentence: 'ends the run',
    type: typed<PlatformSignal>('PlatformSignal'),
    check: row.signal,
  },
} as const satisfies Parameters;

/** Which frames are searched, and how they are read. */
export interface FrameOptions extends OptionsOf<typeof frameRows> {}

/** Options of determining the cell of a run if it is unknown. */
export interface UnknownCellOptions extends OptionsOf<typeof unknownRows> {}

/** Options of a run besides those of its frames, its search and its outputs. */
export interface OwnOptions extends OptionsOf<typeof ownRows> {}

/**
 * Options of a run; `Finder` is the finder whose parameters `peaks` has. Frames that `first` or `frames` selects keep the
 * serial numbers that they have among all.
 */
export interface PipelineOptions<Finder extends PeakSource = PeakSource>
  extends Omit<SearchSettings<Finder>, 'peaks' | 'cells' | 'profile' | 'knownLattices'>,
    FrameOptions,
    RefinementParameters,
    RunParameters,
    UnknownCellOptions,
    GridOptions,
    OutputOptions,
    OwnOptions {
  /**
   * Parameters of the peak search. Default `'tune'`: they are determined from the first four frames. If some are given,
   * the others are tuned, unless the threshold (for dispersion, the gain) is given.
   */
  readonly peaks?: 'tune' | PeakParameters<Finder> | undefined;
}

const optionRows = {
  ...searchSettingRows,
  ...refinementRows,
  ...ownRunRows,
  ...frameRows,
  ...unknownRows,
  ...gridOptionRows,
  ...outputRows,
  ...ownRows,
  ...row.others('peaks', 'thresholds'),
} as const;

/** The names of the options of a run. */
export const runOptionNames = Object.keys(optionRows) as readonly (keyof PipelineOptions)[];

/** How the options of a run belong together. */
const rules: readonly Rule<PipelineOptions>[] = [
  risingEdges,
  ...outputRules,
  ...gridRules,
  ({ asTheyAre, orientations }) =>
    asTheyAre === true &&
    orientations === undefined &&
    ((said) => `${said('asTheyAre')} keeps the crystals of ${said('orientations')}, which is not given`),
  ({ orientations, refineGeometry, method, multi, maxSpots, cells }) => {
    if (orientations === undefined) return undefined;
    if (Array.isArray(cells) && cells.length === 0)
      return (said) => `${said('orientations')} are of crystals, and ${said('cells')} says that there is no cell`;
    if (refineGeometry !== undefined && refineGeometry !== 'off')
      return (said) =>
        `${said('refineGeometry')} moves the detector of a search; crystals of ${said('orientations')} take the geometry ` +
        'that is given: ewald geometry refine, or refineStream, refines one on a stream';
    const given = { method, multi: multi || undefined, maxSpots };
    const [name] = Object.entries(given).find(([, one]) => one !== undefined) ?? [];
    return name === undefined
      ? undefined
      : (said) => `${said(name)} is of a search for lattices, which ${said('orientations')} takes the place of`;
  },
  ({ proof, cells, integrate }) =>
    proof !== undefined &&
    (!Array.isArray(cells) || cells.length === 0 || integrate === false) &&
    ((said) => `${said('proof')} compares intensities, and needs a known cell (${said('cells')}) and integration`),
  ({ keep, cells, integrate, refineGeometry }) => {
    if (keep !== 'spots') return undefined;
    if (!Array.isArray(cells) || cells.length === 0)
      return (said) =>
        `${setting(said, 'keep', 'spots')} keeps what a known cell predicts, and needs one: ${said('cells')}`;
    if (integrate === false)
      return (said) =>
        `${setting(said, 'keep', 'spots')} needs predictions: leave out ${setting(said, 'integrate', false)}`;
    if (refineGeometry !== 'off') return undefined;
    return (said) =>
      `${setting(said, 'keep', 'spots')} keeps pixels where this geometry predicts spots, and tests on the first crystals ` +
      `that it does not move by a pixel: leave out ${setting(said, 'refineGeometry', 'off')}, also for a geometry that is final`;
  },
  ({ jobs, executor }) =>
    jobs !== undefined &&
    executor !== undefined &&
    ((said) => `${said('jobs')} are of this process; the executor has workers of its own`),
  ({ noDataTimeout, follow }) =>
    noDataTimeout !== undefined &&
    !follow &&
    ((said) => `${said('noDataTimeout')} ends a run that waits for frames: ${setting(said, 'follow', true)}`),
];

const others = otherNames({ stallS: 'noDataTimeout', timeoutS: 'noDataTimeout' });
const elsewhere: Elsewhere = (...option) => others(...option) ?? ofPeaks(...option);

/** The options of a run after their check: what the run works with. */
export type CheckedRun = Readonly<ReturnType<typeof checkRun>> & { readonly signal?: PlatformSignal | undefined };

/** Checks the options of a run. Throws `Argument`. */
export function checkRun(options: PipelineOptions) {
  // The signal has its name of every platform in `CheckedRun`.
  const { signal: _signal, ...checked } = checkedOptions('pipeline', options, optionRows, elsewhere);
  refuseBy('pipeline', options, rules);
  const { minLengthA, maxLengthA, follow, noDataTimeout, shard, profile } = checked;
  refuseBy('pipeline', checked, [measuresMaps]);
  checkSettings('pipeline', options);
  // Cells are prepared on their own, and peaks may still be tuned.
  const { cells: _, ...settings } = settingsOf({ ...options, profile } as SearchSettings) as Omit<
    SearchSettings,
    'peaks'
  > & { readonly peaks?: 'tune' | PeakParameters | undefined };
  const { orientations, asTheyAre } = checked;
  const knownLattices = asTheyAre ? ('kept' as const) : ('refined' as const);
  return {
    ...checked,
    /** As the caller gave them: what was given is not what is a default. */
    given: options,
    selection: { range: sliceOf('pipeline', options), shard },
    /** Seconds without frames after which a run that waits for them ends; undefined if it does not wait. */
    awayS: follow ? noDataTimeout : undefined,
    cellSearch: { minLengthA, maxLengthA },
    settings: orientations === undefined ? settings : { ...settings, knownLattices },
  };
}

const rows: Parameters = {
  ...searchSettingRows,
  ...searchRows,
  ...libraryRows,
  ...thresholdRows,
  ...refinementRows,
  ...sourceRows,
  ...regionRows,
  ...orientationRows,
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
export function commandLineOf({ rois, orientations, ...rest }: PipelineOptions): string {
  const others = { ...rest, ...(typeof orientations === 'string' && { orientations }) };
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
