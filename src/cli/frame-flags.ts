/** Flags of frames, with CrystFEL's names, and what they mean. */
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import type { KnownCell } from '../crystal/cell-file.js';
import { EwaldError } from '../errors.js';
import type { IndexingMethod, IndexingThresholds } from '../indexing/indexer.js';
import { minimumSpots } from '../indexing/parameters.js';
import { peakRadii, peaksRanges } from '../layout/peaks.js';
import { choice } from '../options.js';
import type { FinderName } from '../peaks/contract.js';
import { finderNames, finderParameters, refuseOthers } from '../peaks/finders.js';
import type { Tolerance } from '../pipeline/accept.js';
import type { RingRadii } from '../pipeline/integrate.js';
import type { ListedSettings } from '../pipeline/listed.js';
import type { PeakParameters, SearchSettings } from '../pipeline/settings.js';
import type { Shard } from './frame-source.js';
import type { LiveFlags } from './live-source.js';
import { parseInteger, parseNumber } from './output.js';

/** As the command line gives them. */
export interface FrameFlags {
  input?: string;
  prefix?: string;
  zmqInput?: string;
  zmqSubscribe?: string[];
  zmqRequest?: string;
  zmqPull?: boolean;
  geometry?: string;
  output?: string;
  jobs?: string;
  executor?: string;
  cluster?: string;
  data?: string;
  peaks?: string;
  hdf5Peaks?: string;
  halfPixelShift?: boolean;
  revalidate?: boolean;
  threshold?: string;
  minSnr?: string;
  minPixCount?: string;
  maxPixCount?: string;
  localBgRadius?: string;
  minSquaredGradient?: string;
  peakRadius?: string;
  gain?: string;
  kernelSize?: string;
  sigmaBackground?: string;
  sigmaStrong?: string;
  minCount?: string;
  minRes?: string;
  maxRes?: string;
  minPeaks?: string;
  highres?: string;
  acceptBy?: string;
  tolerance?: string;
  intRadius?: string;
  integrate?: boolean;
  pushRes?: string;
  nonHitsInStream?: boolean;
  serialStart?: string;
  resume?: boolean;
  follow?: boolean;
  dataTimeout?: string;
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
  return command
    .option('-i, --input <list>', 'list of files of frames, a line each; "file //3" is one frame of it; or a stream')
    .option('-x, --prefix <text>', 'put before each file of the list')
    .option('--zmq-input <address>', 'frames as they come by ZeroMQ, such as tcp://host:5002, in place of files')
    .option(
      '--zmq-subscribe <prefix>',
      'with --zmq-input: messages that begin so; several: the flag again; default: all that is published',
      (one: string, before: string[] = []) => [...before, one],
    )
    .option('--zmq-request <text>', 'with --zmq-input: ask for each frame with this')
    .option('--zmq-pull', 'with --zmq-input: take what is pushed, as DECTRIS detectors do (stream V2)')
    .option('-g, --geometry <file>', 'CrystFEL .geom of the detector; default: what the file itself says')
    .option('-o, --output <stream>', 'write a CrystFEL stream; - is standard output')
    .option('-j, --jobs <n>', 'frames searched at once, by a worker each; default: one a core')
    .option('--executor <where>', 'inline, workers, mpi (default under mpirun), or a cluster: nats://host:4222')
    .option('--cluster <name>', 'name of the cluster on that server')
    .option('--data <path>', 'dataset of the frames in HDF5 files')
    .option(
      '--peaks <method>',
      `how peaks are found: ${finderNames.join(', ')}; or taken from the file: ${listNames.join(', ')}`,
      'peakfinder8',
    )
    .option(
      '--hdf5-peaks <path>',
      'cxi, hdf5: group or table of the peaks; default: peak_list of the geometry, or where the file has them',
    )
    .option('--no-half-pixel-shift', 'cxi, hdf5: positions already count from the corner of the first pixel')
    .option('--no-revalidate', 'cxi, hdf5: also take peaks on bad pixels')
    .option('--threshold <n>', 'values at or below belong to no peak; default: from the first frames, of dispersion 0')
    .option('--min-snr <n>', 'sigmas of a peak above its surroundings')
    .option('--min-pix-count <n>', 'peakfinder8, dispersion: pixels of a peak, at least')
    .option('--max-pix-count <n>', 'peakfinder8, dispersion: pixels of a peak, at most')
    .option('--local-bg-radius <n>', 'peakfinder8: surroundings of a peak reach twice as far, pixels')
    .option('--min-squared-gradient <n>', 'zaef: steepness of a peak, at least; default: 100000')
    .option('--peak-radius <a,b,c>', 'zaef: radii of peaks and their background, pixels; default: --int-radius')
    .option('--gain <n>', 'dispersion: units of the frame a count; default: 1')
    .option('--kernel-size <n>', 'dispersion: its window reaches as far to each side, pixels; default: 3')
    .option('--sigma-background <n>', 'dispersion: variance over mean above what counting makes, sigmas; default: 6')
    .option('--sigma-strong <n>', 'dispersion: a pixel above the mean of its window, sigmas; default: 3')
    .option('--min-count <n>', 'dispersion: good pixels of a window, at least; default: 2')
    .option('--min-res <n>', 'no peaks nearer to the beam, pixels', '0')
    .option('--max-res <n>', 'no peaks farther from the beam, pixels; 0 is no limit', '0')
    .option('--min-peaks <n>', 'frames with fewer peaks are no hits, and not indexed', String(minimumSpots))
    .option('--accept-by <rule>', "lattices are taken by chance (ewald's own verdict) or by crystfel's rule", 'chance')
    .option(
      '--tolerance <list>',
      'with --accept-by crystfel: a*,b*,c* in %, angles in degrees; default: 5,5,5,1.5,1.5,1.5',
    )
    .option('--int-radius <a,b,c>', 'radii of integration, pixels; default: from the first frames')
    .option('--no-integrate', 'orientations and peaks alone')
    .option('--push-res <n>', 'predict beyond the resolution of the peaks, 1/nm', '0')
    .option('--highres <angstrom>', 'predict nothing beyond this resolution')
    .option('--no-non-hits-in-stream', 'leave frames that are no hits out of the stream')
    .option('--serial-start <n>', 'serial number of the first frame', '1')
    .option('--resume', 'go on with the stream of a run that did not end')
    .option('--follow', 'wait for more frames: of files that grow, and of new files in folders')
    .option(
      '--no-data-timeout <s>',
      'with --follow and --zmq-input: seconds without new frames that end the run; default 60',
    )
    .option('--shard <i/n>', 'every n-th frame, the i-th first, from 1; ewald stream merge joins the streams')
    .option('--html <page>', 'write a report with pictures: one page that needs nothing else')
    .option('--hdf5 <file>', 'write peaks and cells as HDF5')
    .option('--sol <file>', "write orientations as CrystFEL's --indexing=file reads them")
    .option('--refined-geometry <geom>', 'write the geometry with distance and beam as the crystals say')
    .option('--force', 'replace a file that is no stream, or a run that did not end')
    .option('--profile', 'print the time of each stage, and memory');
}

/** Where peaks are taken from in place of a search: CXI's columns, a table of an HDF5 file. */
export const listNames = ['cxi', 'hdf5', 'msgpack'] as const;
type ListName = (typeof listNames)[number];
/** Where CrystFEL looks for a table. */
const usualTable = '/processing/hitfinder/peakinfo';

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** What lists and frames share. */
export interface SharedFlags {
  /** Known cells; undefined: to be found from the frames; none: peaks alone. */
  readonly cells: readonly KnownCell[] | undefined;
  readonly method: IndexingMethod;
  readonly thresholds: IndexingThresholds;
  readonly maxSpots: number;
  readonly json: boolean;
}

/** The flags after their checks, before a file is opened. */
export interface CheckedFlags {
  readonly settings: Omit<SearchSettings, 'peaks'>;
  /** Of the peak search, those that were given. */
  readonly peaks: PeakParameters;
  /** Of integration, where they were given. */
  readonly radii: { readonly integration: RingRadii | undefined };
  readonly jobs: number;
  readonly serialStart: number;
  readonly shard: Shard | undefined;
  readonly follow: number | undefined;
  /** Frames that come by ZeroMQ. */
  readonly live: LiveFlags | undefined;
}

/** Checks the flags. Throws `Argument`, `Unsupported`. */
export function checkFlags(flags: FrameFlags, shared: SharedFlags): CheckedFlags {
  const method = choice<FinderName | ListName>('--peaks', flags.peaks as FinderName | undefined, 'peakfinder8', [
    ...finderNames,
    ...listNames,
  ]);
  const list = listNames.find((name) => name === method);
  const finder = list ? undefined : (method as FinderName);
  if (list) refuseSearch(flags, list);
  else {
    refuseLists(flags, method);
    refuseOthers('', flags as Readonly<Record<string, unknown>>, method as FinderName, (name) => `--${kebab(name)}`);
  }
  if (flags.resume && flags.output === undefined)
    throw new EwaldError('Argument', '--resume needs a stream to go on with: -o FILE');
  if (flags.resume && (flags.hdf5 ?? flags.sol) !== undefined)
    throw new EwaldError(
      'Argument',
      '--hdf5 and --sol hold the frames of one session; with --resume they would lack those of the earlier one',
    );
  const peaks = Object.fromEntries(
    Object.entries(peaksRanges).flatMap(([name, { low, high }]) => {
      const text = flags[name as keyof typeof peaksRanges];
      const parse = /Count|Radius|Size/.test(name) ? parseInteger : parseNumber;
      return text === undefined ? [] : [[name, parse(text, `--${kebab(name)}`, low, high)]];
    }),
  ) as PeakParameters;
  const integration = flags.intRadius === undefined ? undefined : radiiOf(flags.intRadius, '--int-radius');
  const ofPeaks = flags.peakRadius === undefined ? undefined : radiiOf(flags.peakRadius, '--peak-radius');
  const radii = ofPeaks ?? integration;
  if (finder === 'zaef' && radii && !radii.every((r) => r >= peakRadii.low && r <= peakRadii.high))
    throw new EwaldError(
      'Argument',
      `--peak-radius is "${radii}" (without it, --int-radius); radii of zaef are ${peakRadii.low} to ${peakRadii.high} pixels`,
    );
  const rule = choice('--accept-by', flags.acceptBy as 'chance' | undefined, 'chance', ['chance', 'crystfel']);
  if (flags.tolerance !== undefined && rule !== 'crystfel')
    throw new EwaldError(
      'Argument',
      "--tolerance is of CrystFEL's rule; here lattices are judged against chance: leave it out, or add --accept-by crystfel",
    );
  // Commander takes --no-data-timeout for the negation of a flag that takes a value.
  const timeout = flags.dataTimeout;
  const timeoutS = parseNumber(typeof timeout === 'string' ? timeout : '60', '--no-data-timeout', 0, 1e9);
  return {
    settings: {
      ...(finder ? { finder } : {}),
      ...(list ? { listed: listedOf(flags, list) } : {}),
      cells: shared.cells ?? [],
      method: shared.method,
      thresholds: shared.thresholds,
      maxSpots: shared.maxSpots,
      minRes: parseNumber(flags.minRes ?? '0', '--min-res', 0, 1e6),
      maxRes: parseNumber(flags.maxRes ?? '0', '--max-res', 0, 1e6),
      minPeaks: parseInteger(flags.minPeaks ?? String(minimumSpots), '--min-peaks', 0, 2 ** 20),
      ...(rule === 'crystfel' ? { accept: rule, tolerance: toleranceOf(flags.tolerance ?? '5,5,5,1.5,1.5,1.5') } : {}),
      ...(flags.integrate === false ? { rings: null } : {}),
      pushResolution: parseNumber(flags.pushRes ?? '0', '--push-res', 0, 100) / 10,
      ...(flags.highres === undefined ? {} : { maxInverseD: 1 / parseNumber(flags.highres, '--highres', 0.1, 1000) }),
    },
    peaks: ofPeaks ? { ...peaks, peakRadius: ofPeaks } : peaks,
    radii: { integration },
    jobs: flags.jobs === undefined ? availableParallelism() : parseInteger(flags.jobs, '--jobs', 1, 256),
    serialStart: parseInteger(flags.serialStart ?? '1', '--serial-start', 0, 2 ** 31),
    shard: flags.shard === undefined ? undefined : shardOf(flags.shard),
    follow: flags.follow ? timeoutS : undefined,
    live: liveFlags(flags, timeoutS, list),
  };
}

/** How frames come by ZeroMQ; refuses what needs files. */
function liveFlags(flags: FrameFlags, timeoutS: number, list: ListName | undefined): LiveFlags | undefined {
  const { zmqInput: address, zmqSubscribe, zmqRequest, zmqPull } = flags;
  const given = { '--zmq-subscribe': zmqSubscribe, '--zmq-request': zmqRequest, '--zmq-pull': zmqPull || undefined };
  const kinds = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (address === undefined) {
    if (kinds.length > 0)
      throw new EwaldError('Argument', `${kinds[0]} needs where frames come from: --zmq-input ADDRESS`);
    if (list === 'msgpack')
      throw new EwaldError(
        'Argument',
        '--peaks msgpack takes peaks of messages: --zmq-input; of files it is cxi or hdf5',
      );
    return undefined;
  }
  if (kinds.length > 1)
    throw new EwaldError('Argument', `${kinds.join(' and ')} are different kinds of sockets; give one of them`);
  const files = { '--input': flags.input, '--follow': flags.follow, '--shard': flags.shard, '--resume': flags.resume };
  const [without] = Object.entries(files).find(([, value]) => value !== undefined && value !== false) ?? [];
  if (without !== undefined)
    throw new EwaldError('Argument', `${without} is for frames in files; with --zmq-input they come once`);
  if (zmqRequest !== undefined) return { address, how: 'request', words: [zmqRequest], timeoutS };
  if (zmqPull) return { address, how: 'pull', words: [], timeoutS };
  return { address, how: 'subscribe', words: zmqSubscribe ?? [''], timeoutS };
}

/** Parameters of a search where there is none. */
function refuseSearch(flags: FrameFlags, list: ListName): void {
  for (const finder of finderNames)
    for (const name of finderParameters[finder])
      if (flags[name as keyof FrameFlags] !== undefined)
        throw new EwaldError(
          'Argument',
          `--${kebab(name)} belongs to a search (--peaks ${finder}); --peaks ${list} takes peaks as the file has them`,
        );
}

function refuseLists(flags: FrameFlags, method: string): void {
  const given = [
    flags.hdf5Peaks === undefined ? undefined : '--hdf5-peaks',
    flags.halfPixelShift === false ? '--no-half-pixel-shift' : undefined,
    flags.revalidate === false ? '--no-revalidate' : undefined,
  ].find((name) => name !== undefined);
  if (given !== undefined)
    throw new EwaldError(
      'Argument',
      `${given} belongs to --peaks ${listNames.join(' and ')}; ${method} searches for peaks`,
    );
}

function listedOf({ hdf5Peaks, halfPixelShift, revalidate }: FrameFlags, list: ListName): ListedSettings {
  const path = hdf5Peaks ?? (list === 'hdf5' ? usualTable : undefined);
  return {
    ...(path === undefined ? {} : { path }),
    halfPixel: halfPixelShift !== false,
    validate: revalidate !== false,
  };
}

function radiiOf(text: string, name: string): RingRadii {
  const radii = text.split(',').map(Number);
  const [inner = 0, middle = 0, outer = 0] = radii;
  if (radii.length !== 3 || !radii.every(Number.isFinite) || !(0 < inner && inner <= middle && middle < outer))
    throw new EwaldError('Argument', `${name} is "${text}"; needed are three rising radii in pixels, such as 4,5,7`);
  return [inner, middle, outer];
}

function toleranceOf(text: string): Tolerance {
  const numbers = text.split(',').map((word) => (word.trim() === '' ? Number.NaN : Number(word)));
  if (numbers.length !== 6 || !numbers.every((x) => x >= 0))
    throw new EwaldError(
      'Argument',
      `--tolerance is "${text}"; needed are six numbers, of a*, b*, c* in % and of the angles in degrees: 5,5,5,1.5,1.5,1.5`,
    );
  return numbers as unknown as Tolerance;
}

function shardOf(text: string): Shard {
  const [, index = Number.NaN, count = Number.NaN] = /^(\d+)\/(\d+)$/.exec(text)?.map(Number) ?? [];
  if (!(index >= 1 && index <= count))
    throw new EwaldError('Argument', `--shard is "${text}"; needed is i/n, such as 1/4, the first of four`);
  return { index, count };
}
