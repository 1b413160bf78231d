/** What the flags of commands with frames ask for together. */
import { availableParallelism } from 'node:os';
import {
  acceptanceRows,
  checkParameter,
  type FlagValues,
  gridRows,
  indexingRows,
  inFlags,
  integrationRows,
  messageOf,
  modeOf,
  orientationRows,
  outputRules,
  type Parameters,
  peakSourceRows,
  profileBins,
  profileRows,
  type RunMode,
  readProfileRange,
  refinementRows,
  refuseBy,
  refuseOthers,
  regionRows,
  runRows,
  searchRows,
  sinkRows,
  sliceOf,
  sourceRows,
  thresholdRows,
  unknownCellRows,
  wholeMachine,
} from '../entries/command.node.js';
import {
  EwaldError,
  type PeakParameters,
  type PipelineOptions,
  type RunInput,
  type SearchSettings,
} from '../entries/index.node.js';
import { zmqSource } from '../entries/pipeline.node.js';
import { selectExecutor } from './executor-flags.js';
import type { ExecutorChoice } from './executor-rows.js';
import { type IndexFlags, indexRows, isNone } from './frame-rows.js';
import { note, yellow } from './output.js';
import { nameAsFlags, pickFlags } from './parameter-flags.js';
import type { peakRows } from './peak-rows.js';

/** The values of the flags that a mode of `ewald index` uses. Throws `Argument` for those that it does not use. */
export function flagsInUse(flagValues: IndexFlags, mode: RunMode, source: string): IndexFlags {
  const flags = flagValues.compat === undefined ? flagValues : pastedFlags(flagValues, mode, source);
  refuseUnused(flags, flags, mode, source);
  return flags;
}

/** Rejects those of `flags` that a mode with all of `flags` does not use. */
function refuseUnused(some: IndexFlags, flags: IndexFlags, mode: RunMode, source: string): void {
  const { finder, integrate, acceptBy, follow, output } = flags;
  const run = { finder, integrate, acceptBy, follow, toStream: output !== undefined, ...mode };
  withGeometry(() => refuseOthers(indexRows, some, modeOf(run, inFlags(source)), nameAsFlags(indexRows)));
}

/** Refuses flags, and says of the wavelength of frames where it is stated. */
export function withGeometry(refuse: () => void): void {
  try {
    refuse();
  } catch (error) {
    if (!messageOf(error).startsWith('--wavelength ')) throw error;
    throw new EwaldError(
      'Argument',
      `${messageOf(error)}: their wavelength is a line of the geometry, "wavelength = 1.24 A" (-g), unless they state it`,
    );
  }
}

/**
 * The values of a pasted command: flags of CrystFEL that this mode does not use are omitted, since indexamajig reads
 * over them too. Peaks are searched as CrystFEL does without --peaks, if the command says more about the search.
 */
function pastedFlags(flagValues: IndexFlags, mode: RunMode, source: string): IndexFlags {
  const { threshold, minSnr, minSquaredGradient } = flagValues;
  const isZaef = [threshold, minSnr, minSquaredGradient].some((one) => one !== undefined);
  const flags: Record<string, unknown> = { ...(isZaef && { finder: 'zaef' }), ...flagValues };
  for (const [name, row] of Object.entries(indexRows as Parameters)) {
    if (flags[name] === undefined || row.crystfel === undefined) continue;
    try {
      refuseUnused({ [name]: flags[name] }, flags, mode, source);
    } catch (error) {
      note(`${yellow('note:')} ${messageOf(error)}; it is omitted`);
      delete flags[name];
    }
  }
  return flags;
}

const { geometry, dataset, thresholdChannel, copyHeader, allowMissing, checksums, maxFrameBytes } = sourceRows;
const { constants, energy, dark, gainMap } = sourceRows;
/** Rows whose values are options of a run, under the same names. */
const optionRows = {
  geometry,
  dataset,
  thresholdChannel,
  copyHeader,
  constants,
  energy,
  dark,
  gainMap,
  allowMissing,
  checksums,
  maxFrameBytes,
  ...indexingRows,
  ...acceptanceRows,
  ...orientationRows,
  ...integrationRows,
  ...refinementRows,
  ...regionRows,
  ...runRows,
  ...gridRows,
  ...sinkRows,
  ...unknownCellRows,
} as const satisfies Parameters;

/** The run of a command. */
export interface AskedRun {
  readonly executor: ExecutorChoice;
  readonly options: PipelineOptions;
  /** Its frames are those of a stream, whose peaks are indexed again. */
  readonly isStream: boolean;
}

/**
 * The run that the flags ask for: of `stream`, whose peaks are indexed again, or of frames. Throws `Argument`,
 * `Unsupported`.
 */
export function askedRun(files: readonly string[], flags: IndexFlags, stream: string | undefined): AskedRun {
  const { output, shard, follow, noDataTimeout, json } = flags;
  if (stream !== undefined && files.length > (flags.input === undefined ? 1 : 0))
    throw new EwaldError('Argument', `${stream} is a stream, which cannot be combined with other inputs`);
  const inputs = stream ?? inputsOf(files, flags);
  const { peaks, settings } = checkPeakFlags(flags);
  const profile = stream === undefined ? profileOfFlags(flags) : undefined;
  // A run checks these as well, but only when files are open and pages are shown.
  refuseBy('', flags, outputRules);
  sliceOf('', flags);
  const thresholds = pickFlags(thresholdRows, flags);
  // As in CrystFEL, a list and a geometry that are typed name files of this machine wherever they are, but no addresses.
  const allowOutside = flags.allowOutside || flags.compat !== undefined || wholeMachine;
  return {
    isStream: stream !== undefined,
    executor: selectExecutor(flags, { jobs: availableParallelism(), isSharded: shard !== undefined }),
    options: {
      inputs,
      ...settings,
      ...pickFlags(optionRows, flags),
      ...(stream === undefined && { peaks, profile }),
      ...(Object.keys(thresholds).length > 0 && { thresholds }),
      // The run reads the cells itself and protects their files from being replaced.
      cells: isNone(flags.cells) ? [] : flags.cells,
      ...(stream === undefined && { allowOutside }),
      noDataTimeout: follow ? noDataTimeout : undefined,
      // Lines are printed of items, and of nothing else.
      briefItems: output !== undefined && !json && stream === undefined,
    },
  };
}

/** The flags after their checks. */
interface CheckedPeaks {
  readonly settings: Pick<SearchSettings, keyof typeof peakSourceRows>;
  /** The given parameters of the search. */
  readonly peaks: PeakParameters;
}

/** What the flags of peaks mean together. Throws `Argument`. */
export function checkPeakFlags(
  values: FlagValues<typeof peakRows & Pick<typeof integrationRows, 'intRadius'>>,
): CheckedPeaks {
  const { finder, intRadius } = values;
  const peaks: PeakParameters = pickFlags(searchRows, values);
  const taken = finder === 'zaef' && peaks.peakRadius === undefined ? intRadius : undefined;
  if (taken)
    checkParameter(searchRows.peakRadius, taken, '--int-radius, which zaef takes where --peak-radius is absent,');
  return {
    settings: pickFlags(peakSourceRows, values),
    peaks: taken ? { ...peaks, peakRadius: taken } : peaks,
  };
}

/** The option `profile`; undefined without `--radial-profile`. Throws `Argument`. */
export function profileOfFlags(flags: IndexFlags): PipelineOptions['profile'] {
  const { radialProfile: bins, profileRange, profilePolarisation, profileFrames } = pickFlags(profileRows, flags);
  if (bins === undefined) return undefined;
  if (bins > 0 && bins < profileBins.low)
    throw new EwaldError(
      'Argument',
      `--radial-profile is ${bins}; expected ${profileBins.low} to ${profileBins.high} bins, or no number for the usual ones`,
    );
  return {
    ...(bins > 0 && { bins }),
    ...(profileRange !== undefined && { range: readProfileRange(profileRange) }),
    ...(profilePolarisation !== undefined && { polarisation: profilePolarisation }),
    ...(profileFrames !== undefined && { frames: profileFrames }),
  };
}

/** The inputs of the run: frames by ZeroMQ, or files and lists of files. */
function inputsOf(files: readonly string[], flags: IndexFlags): RunInput | RunInput[] {
  const { input, prefix, finder, zmqInput, zmqSubscribe, zmqRequest, zmqPull, noDataTimeout } = flags;
  if (zmqInput === undefined) {
    if (finder === 'msgpack' || finder === 'stream')
      throw new EwaldError(
        'Argument',
        `--peaks ${finder} reads peaks from messages: --zmq-input; for files use cxi or hdf5`,
      );
    return [...files.map((file) => ({ file })), ...(input === undefined ? [] : [{ list: input, prefix }])];
  }
  const given = { '--zmq-subscribe': zmqSubscribe, '--zmq-request': zmqRequest, '--zmq-pull': zmqPull };
  const kinds = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (kinds.length > 1)
    throw new EwaldError('Argument', `${kinds.join(' and ')} are different kinds of sockets; give only one of them`);
  if (files.length > 0)
    throw new EwaldError('Argument', `frames come from ${zmqInput}; ${files[0]} is a file; give only one of them`);
  return zmqSource({ zmqInput, zmqSubscribe, zmqRequest, zmqPull, noDataTimeout });
}
