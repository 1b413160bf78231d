/** Flags of commands with frames, with CrystFEL's names. */
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import {
  acceptanceRows,
  commandRows,
  type FlagValues,
  indexingRows,
  inFlags,
  integrationRows,
  type ListName,
  type Mode,
  messageOf,
  modeOf,
  type Parameters,
  parseIntegration,
  type RunMode,
  rankRows,
  refinementRows,
  refuseOthers,
  runRows,
  shardOf,
  sinkRows,
  sliceOf,
  sourceRows,
  thresholdRows,
  unknownCellRows,
  watchRows,
} from '../../entries/command.node.js';
import { EwaldError, type KnownCell, type SearchSettings } from '../../entries/index.node.js';
import { type Chosen, chosenExecutor, type ExecutorFlags, executorRows, withExecutor } from './executor-flags.js';
import { listRows } from './list-flags.js';
import { note, yellow } from './output.js';
import { flagKey, flagValues, saidAsFlags, type TypedFlags, withFlags } from './parameter-flags.js';
import { checkPeakFlags, peakRows } from './peak-flags.js';

/** Flags that other commands have as well, and that apply to frames only here. */
const ofFrames = <Rows extends Parameters>(rows: Rows): Rows =>
  Object.fromEntries(
    Object.entries(rows).map(([name, row]) => [name, { ...row, of: ['detector frames'] }] as const),
  ) as unknown as Rows;

/** All flags of frames except those of the executor, in the order of the stages. */
export const frameRows = {
  ...sourceRows,
  ...peakRows,
  ...acceptanceRows,
  ...integrationRows,
  ...refinementRows,
  ...runRows,
  ...sinkRows,
  ...commandRows,
  ...ofFrames(watchRows),
  ...rankRows,
} as const satisfies Parameters;

/**
 * Flags as given on the command line. Commander names `--no-data-timeout` after what it negates, and `--view` may stand
 * without a port.
 */
export interface FrameFlags
  extends ExecutorFlags,
    Omit<TypedFlags<typeof frameRows>, 'noDataTimeout' | 'view' | keyof ExecutorFlags> {
  cell?: string[];
  dataTimeout?: string;
  view?: string | boolean;
}

/** Flags of the whole command `ewald index`, for checking which of them a mode does not use. */
export const indexRows = {
  ...indexingRows,
  ...thresholdRows,
  ...listRows,
  ...unknownCellRows,
  ...frameRows,
  ...ofFrames(executorRows),
} as const satisfies Parameters;

/** Adds the flags of frames to the command. */
export const withFrameFlags = (command: Command): Command =>
  withFlags(withExecutor(command, 'frames searched at once, each by its own worker', 'one per core'), frameRows);

/** Rejects the flags that a mode of `ewald index` does not use. Throws `Argument`. */
export function refuseUnused(flags: FrameFlags, mode: RunMode, source: string): void {
  const values = flags.compat === undefined ? flagValues(indexRows, flags) : pastedValues(flags, mode, source);
  refuseOthers(indexRows, values, usedBy(values, mode, source), saidAsFlags(indexRows));
}

function usedBy(values: FlagValues<typeof indexRows>, mode: RunMode, source: string): Mode {
  const { finder, integrate, acceptBy, follow, output } = values;
  return modeOf({ finder, integrate, acceptBy, follow, toStream: output !== undefined, ...mode }, inFlags(source));
}

/**
 * The values of a pasted command: flags of CrystFEL that this mode does not use are omitted, since indexamajig reads
 * over them too. Peaks are searched as CrystFEL does without --peaks, if the command says more about the search.
 */
function pastedValues(flags: FrameFlags, mode: RunMode, source: string): FlagValues<typeof indexRows> {
  const texts = flags as Record<string, unknown>;
  const { threshold, minSnr, minSquaredGradient } = flags;
  if ([threshold, minSnr, minSquaredGradient].some((one) => one !== undefined)) texts.peaks ??= 'zaef';
  for (const [name, row] of Object.entries(indexRows as Parameters)) {
    const { compat: _, ...values } = flagValues(indexRows, flags);
    const value = (values as Readonly<Record<string, unknown>>)[name];
    if (value === undefined || row.crystfel === undefined) continue;
    try {
      refuseOthers(indexRows, { [name]: value }, usedBy(values, mode, source), saidAsFlags(indexRows));
    } catch (error) {
      note(`${yellow('note:')} ${messageOf(error)}; it is omitted`);
      delete texts[flagKey(name, row)];
    }
  }
  return flagValues(indexRows, flags);
}

/** Flags that lists and frames share. */
export interface SharedFlags {
  /**
   * Known cells; undefined if the cell is to be determined from the frames, empty if frames are only searched for
   * peaks.
   */
  readonly cells: readonly KnownCell[] | undefined;
  /** The given flags of indexing. */
  readonly settings: SearchSettings;
  readonly json: boolean;
  /** A stream whose peaks are indexed again, instead of frames. */
  readonly stream: string | undefined;
  /** Longest edge in Å of an unknown cell; undefined: the run's default. */
  readonly maxLengthA: number | undefined;
}

/** How frames are received by ZeroMQ. */
interface LiveFlags {
  readonly address: string;
  /** `subscribe` to published messages, `request` them one after the other, or `pull` pushed messages. */
  readonly how: 'subscribe' | 'request' | 'pull';
  /** Prefixes of messages, or the message that requests one. */
  readonly words: readonly string[];
  /** Seconds without a message after which the run ends. */
  readonly timeoutS: number;
}

/** Which frames are searched. */
interface SelectedFlags {
  readonly first?: number | undefined;
  readonly frames?: string | undefined;
  readonly shard?: string | undefined;
}

/** The validated flags, before a file is opened. */
export interface CheckedFlags {
  readonly settings: SearchSettings;
  readonly executor: Chosen;
  readonly serialStart: number;
  readonly selected: SelectedFlags;
  readonly follow: number | undefined;
  readonly firstFramesTimeoutS: number | undefined;
  readonly maxMemory: number | undefined;
  /** How the geometry is refined before the run. */
  readonly refinement: FlagValues<typeof refinementRows>;
  /** Frames received by ZeroMQ. */
  readonly live: LiveFlags | undefined;
}

/** Validates the flags. Throws `Argument`, `Unsupported`. */
export function checkFlags(flags: FrameFlags, shared: SharedFlags): CheckedFlags {
  const { list, peaks, settings } = checkPeakFlags(flags);
  const run = flagValues(runRows, flags);
  if (run.resume && flags.output === undefined)
    throw new EwaldError('Argument', '--resume requires a stream to continue: -o FILE');
  const integration = flagValues(integrationRows, flags);
  if (integration.integration !== undefined) parseIntegration(integration.integration, '--integration');
  const timeoutS = run.noDataTimeout ?? runRows.noDataTimeout.range.fallback;
  return {
    settings: {
      ...settings,
      ...(shared.cells ? { cells: shared.cells } : {}),
      ...shared.settings,
      ...flagValues(acceptanceRows, flags),
      ...integration,
      ...(shared.stream === undefined ? { peaks } : {}),
    },
    executor: chosenExecutor(flags, { jobs: availableParallelism(), shard: run.shard !== undefined }),
    serialStart: run.serialStart ?? runRows.serialStart.range.fallback,
    selected: selectedBy(run),
    follow: run.follow ? timeoutS : undefined,
    firstFramesTimeoutS: run.firstFramesTimeoutS,
    maxMemory: run.maxMemory,
    refinement: flagValues(refinementRows, flags),
    live: liveFlags(flags, timeoutS, list),
  };
}

/** How frames are received by ZeroMQ; rejects flags that require files. */
function liveFlags(flags: FrameFlags, timeoutS: number, list: ListName | undefined): LiveFlags | undefined {
  const { zmqInput: address, zmqSubscribe, zmqRequest, zmqPull } = flags;
  const given = { '--zmq-subscribe': zmqSubscribe, '--zmq-request': zmqRequest, '--zmq-pull': zmqPull || undefined };
  const kinds = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (address === undefined) {
    if (list === 'msgpack')
      throw new EwaldError(
        'Argument',
        '--peaks msgpack reads peaks from messages: --zmq-input; for files use cxi or hdf5',
      );
    return undefined;
  }
  if (kinds.length > 1)
    throw new EwaldError('Argument', `${kinds.join(' and ')} are different kinds of sockets; give only one of them`);
  if (zmqRequest !== undefined) return { address, how: 'request', words: [zmqRequest], timeoutS };
  if (zmqPull) return { address, how: 'pull', words: [], timeoutS };
  return { address, how: 'subscribe', words: zmqSubscribe ?? [''], timeoutS };
}

/** Which frames are searched, checked in the words of the flags. */
function selectedBy({ first, frames, shard }: SelectedFlags): SelectedFlags {
  sliceOf('', { first, frames });
  shardOf('--shard', shard);
  return { first, frames, shard };
}
