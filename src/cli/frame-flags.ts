/** Flags of commands with frames, with CrystFEL's names. */
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { EwaldError } from '../base/errors.js';
import { choice } from '../base/options.js';
import type { KnownCell } from '../crystal/cell-file.js';
import type { IndexingMethod, IndexingThresholds } from '../indexing/indexer.js';
import { minimumSpots } from '../indexing/parameters.js';
import type { Tolerance } from '../pipeline/accept.js';
import { integrationRows } from '../pipeline/parameters.js';
import type { SearchSettings } from '../pipeline/settings.js';
import type { Shard } from '../pipeline/sources/source.js';
import { largestFrame, noChecksums } from './data-options.js';
import { type Chosen, chosenExecutor, type ExecutorFlags, withExecutor } from './executor-flags.js';
import { parseInteger, parseNumber } from './output.js';
import { withFlags } from './parameter-flags.js';
import { checkPeakFlags, type ListName, withPeakFlags } from './peak-flags.js';

/** Flags as given on the command line. */
export interface FrameFlags extends ExecutorFlags {
  input?: string;
  prefix?: string;
  zmqInput?: string;
  zmqSubscribe?: string[];
  zmqRequest?: string;
  zmqPull?: boolean;
  geometry?: string;
  cell?: string[];
  output?: string;
  data?: string;
  minPeaks?: string;
  highres?: string;
  acceptBy?: string;
  tolerance?: string;
  integrate?: boolean;
  pushRes?: string;
  nonHitsInStream?: boolean;
  serialStart?: string;
  resume?: boolean;
  follow?: boolean;
  dataTimeout?: string;
  checksums?: boolean;
  maxFrameBytes?: string;
  shard?: string;
  html?: string;
  hdf5?: string;
  sol?: string;
  refinedGeometry?: string;
  force?: boolean;
  profile?: boolean;
}

/** Adds the flags of frames to the command. */
export function withFrameFlags(command: Command): Command {
  withExecutor(command, 'frames searched concurrently, one worker each; default: one per core')
    .option('-i, --input <list>', 'list of files of frames, one per line; "file //3" is a single frame; or a stream')
    .option('-x, --prefix <text>', 'prefix of each file in the list')
    .option('--zmq-input <address>', 'receive frames by ZeroMQ, such as from tcp://host:5002, instead of reading files')
    .option(
      '--zmq-subscribe <prefix>',
      'with --zmq-input: only messages with this prefix; may be repeated; default: all messages',
      (one: string, before: string[] = []) => [...before, one],
    )
    .option('--zmq-request <text>', 'with --zmq-input: request each frame with this message')
    .option('--zmq-pull', 'with --zmq-input: pull frames, as for DECTRIS detectors (stream V2)')
    .option('-g, --geometry <file>', 'CrystFEL .geom of the detector; default: described by the file')
    .option('-o, --output <stream>', 'write a CrystFEL stream; - is standard output')
    .option('--data <path>', 'dataset of the frames in HDF5 files')
    .option('--no-checksums', noChecksums)
    .option('--max-frame-bytes <n>', largestFrame);
  return withFlags(withPeakFlags(command), integrationRows)
    .option('--min-peaks <n>', 'frames with fewer peaks are not hits, and are not indexed', String(minimumSpots))
    .option('--accept-by <rule>', "accept lattices by chance (ewald's own verdict) or by crystfel's rule", 'chance')
    .option(
      '--tolerance <list>',
      'with --accept-by crystfel: a*,b*,c* in %, angles in degrees; default: 5,5,5,1.5,1.5,1.5',
    )
    .option('--no-integrate', 'only orientations and peaks')
    .option('--push-res <n>', 'predict beyond the resolution of the peaks, in 1/nm', '0')
    .option('--highres <angstrom>', 'highest resolution of predictions')
    .option('--no-non-hits-in-stream', 'omit frames that are not hits from the stream')
    .option('--serial-start <n>', 'serial number of the first frame', '1')
    .option('--resume', 'continue the stream of an interrupted run; frames that could not be read are tried again')
    .option('--follow', 'wait for more frames: in growing files, and in new files of folders')
    .option(
      '--no-data-timeout <s>',
      'with --follow and --zmq-input: seconds without new frames after which the run ends; default 60',
    )
    .option('--shard <i/n>', 'every n-th frame, starting at the i-th (from 1); ewald stream merge joins the streams')
    .option('--html <page>', 'write a report with images, as one self-contained page')
    .option('--hdf5 <file>', 'write peaks and cells as HDF5')
    .option('--sol <file>', "write orientations for CrystFEL's --indexing=file")
    .option('--refined-geometry <geom>', 'write the geometry with distance and beam refined by the crystals')
    .option('--force', 'replace files that ewald did not write, or an interrupted run')
    .option('--profile', 'print the time of each stage, and memory');
}

/** Flags that lists and frames share. */
export interface SharedFlags {
  /** Known cells; undefined: to be determined from the frames; empty: peaks only. */
  readonly cells: readonly KnownCell[] | undefined;
  readonly method: IndexingMethod;
  readonly thresholds: IndexingThresholds;
  readonly maxSpots: number;
  readonly json: boolean;
  /** A stream whose peaks are indexed again, in place of frames. */
  readonly stream: string | undefined;
  /** Longest edge in Å of an unknown cell; undefined: the run's default. */
  readonly max: number | undefined;
}

/** How frames arrive by ZeroMQ. */
export interface LiveFlags {
  readonly address: string;
  /** `subscribe` to what is published, `request` one after the other, or `pull` what is pushed. */
  readonly how: 'subscribe' | 'request' | 'pull';
  /** Prefixes of messages, or what is sent to ask for one. */
  readonly words: readonly string[];
  /** Seconds without a message that end the run. */
  readonly timeoutS: number;
}

/** The validated flags, before a file is opened. */
export interface CheckedFlags {
  readonly settings: SearchSettings;
  readonly executor: Chosen;
  readonly serialStart: number;
  readonly shard: Shard | undefined;
  readonly follow: number | undefined;
  /** Frames received by ZeroMQ. */
  readonly live: LiveFlags | undefined;
}

/** Validates the flags. Throws `Argument`, `Unsupported`. */
export function checkFlags(flags: FrameFlags, shared: SharedFlags): CheckedFlags {
  const { list, peaks, integration, settings } = checkPeakFlags(flags);
  if (flags.resume && flags.output === undefined)
    throw new EwaldError('Argument', '--resume requires a stream to continue: -o FILE');
  if (flags.resume && (flags.hdf5 ?? flags.sol) !== undefined)
    throw new EwaldError(
      'Argument',
      '--hdf5 and --sol hold the frames of one session; with --resume they would lack the earlier ones',
    );
  const rule = choice('--accept-by', flags.acceptBy as 'chance' | undefined, 'chance', ['chance', 'crystfel']);
  if (flags.tolerance !== undefined && rule !== 'crystfel')
    throw new EwaldError(
      'Argument',
      "--tolerance belongs to CrystFEL's rule, but lattices are judged against chance: " +
        'omit it, or add --accept-by crystfel',
    );
  // Commander interprets --no-data-timeout as the negation of a flag with a value.
  const timeout = flags.dataTimeout;
  const timeoutS = parseNumber(typeof timeout === 'string' ? timeout : '60', '--no-data-timeout', 0, 1e9);
  return {
    settings: {
      ...settings,
      ...(shared.cells ? { cells: shared.cells } : {}),
      method: shared.method,
      thresholds: shared.thresholds,
      maxSpots: shared.maxSpots,
      minPeaks: parseInteger(flags.minPeaks ?? String(minimumSpots), '--min-peaks', 0, 2 ** 20),
      ...(rule === 'crystfel' ? { accept: rule, tolerance: toleranceOf(flags.tolerance ?? '5,5,5,1.5,1.5,1.5') } : {}),
      peaks,
      ...(flags.integrate === false ? { rings: null } : integration ? { rings: integration } : {}),
      pushResolution: parseNumber(flags.pushRes ?? '0', '--push-res', 0, 100) / 10,
      ...(flags.highres === undefined ? {} : { maxInverseD: 1 / parseNumber(flags.highres, '--highres', 0.1, 1000) }),
    },
    executor: chosenExecutor(flags, { jobs: availableParallelism(), shard: flags.shard !== undefined }),
    serialStart: parseInteger(flags.serialStart ?? '1', '--serial-start', 0, 2 ** 31),
    shard: flags.shard === undefined ? undefined : shardOf(flags.shard),
    follow: flags.follow ? timeoutS : undefined,
    live: liveFlags(flags, timeoutS, list),
  };
}

/** How frames are received by ZeroMQ; rejects flags that require files. */
function liveFlags(flags: FrameFlags, timeoutS: number, list: ListName | undefined): LiveFlags | undefined {
  const { zmqInput: address, zmqSubscribe, zmqRequest, zmqPull } = flags;
  const given = { '--zmq-subscribe': zmqSubscribe, '--zmq-request': zmqRequest, '--zmq-pull': zmqPull || undefined };
  const kinds = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (address === undefined) {
    if (kinds.length > 0)
      throw new EwaldError('Argument', `${kinds[0]} requires a source of frames: --zmq-input ADDRESS`);
    if (list === 'msgpack')
      throw new EwaldError(
        'Argument',
        '--peaks msgpack reads peaks from messages: --zmq-input; for files use cxi or hdf5',
      );
    return undefined;
  }
  if (kinds.length > 1)
    throw new EwaldError('Argument', `${kinds.join(' and ')} are different kinds of sockets; give only one of them`);
  const files = { '--input': flags.input, '--follow': flags.follow, '--shard': flags.shard, '--resume': flags.resume };
  const [without] = Object.entries(files).find(([, value]) => value !== undefined && value !== false) ?? [];
  if (without !== undefined)
    throw new EwaldError(
      'Argument',
      `${without} requires frames in files; ` + 'frames from --zmq-input can only be read once',
    );
  if (zmqRequest !== undefined) return { address, how: 'request', words: [zmqRequest], timeoutS };
  if (zmqPull) return { address, how: 'pull', words: [], timeoutS };
  return { address, how: 'subscribe', words: zmqSubscribe ?? [''], timeoutS };
}

function toleranceOf(text: string): Tolerance {
  const numbers = text.split(',').map((word) => (word.trim() === '' ? Number.NaN : Number(word)));
  if (numbers.length !== 6 || !numbers.every((x) => x >= 0))
    throw new EwaldError(
      'Argument',
      `--tolerance is "${text}"; expected six numbers, of a*, b*, c* in % and of the angles in degrees: ` +
        '5,5,5,1.5,1.5,1.5',
    );
  return numbers as unknown as Tolerance;
}

function shardOf(text: string): Shard {
  const [, index = Number.NaN, count = Number.NaN] = /^(\d+)\/(\d+)$/.exec(text)?.map(Number) ?? [];
  if (!(index >= 1 && index <= count))
    throw new EwaldError('Argument', `--shard is "${text}"; expected i/n, such as 1/4, the first of four`);
  return { index, count };
}
