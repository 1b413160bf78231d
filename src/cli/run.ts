/** What `ewald run ANALYSIS FILE` runs: analyses and UDFs over a stack of frames, several in one pass. */
import {
  answerSignalsOnce,
  checkRunToFiles,
  detectorAddress,
  isCutFile,
  killable,
  knownAnalyses,
  limitsOf,
  liveRows,
  loadUdfs,
  messageOf,
  type NamedResult,
  openRows,
  proxyRows,
  type RunToFilesOptions,
  type RunWatch,
  refuseOthers,
  runRegion,
  runToFiles,
  scanRunRows,
  sliceOf,
  untilOf,
  watchRows,
  worthCompiling,
} from '../entries/command.node.js';
import type { OpenOptions } from '../entries/data.node.js';
import { EwaldError, isEwaldError } from '../entries/index.node.js';
import { type Analysis, Context, type LiveStatus, type Scan, type UdfProgress } from '../entries/udf.node.js';
import { commandLine, inShell } from './command-line.js';
import { correctionsOf } from './correction-files.js';
import { openFlagOf, openOptions } from './data-options.js';
import { rankOf, selectExecutor } from './executor-flags.js';
import type { ExecutorChoice } from './executor-rows.js';
import {
  bold,
  type CliDeps,
  counted,
  dim,
  endDone,
  note,
  Progress,
  print,
  printJson,
  rateText,
  warn,
  yellow,
} from './output.js';
import { nameAsFlags, pickFlags } from './parameter-flags.js';
import {
  listedAnalyses,
  makeAnalysis,
  namedAsAnalysis,
  refuseOtherAnalyses,
  refuseWithoutAnalysis,
} from './run-analyses.js';
import { commandRows, type RunFlags } from './run-rows.js';
import { type RunView, servedView } from './run-view.js';
import { watched } from './run-watch.js';
import { tellNotes, tellReplaced } from './scan-notes.js';
import { endable } from './user-functions.js';

/** Checks what is given, and runs it. */
export async function run([what, second]: readonly string[], flagValues: RunFlags, { signal }: CliDeps): Promise<void> {
  const flags = piped(flagValues);
  const { connect, udfs } = flags;
  // If only user functions are run, no analysis has to be named.
  const alone = udfs !== undefined && second === undefined && connect === undefined;
  if (what !== undefined && !alone) refuseWithoutAnalysis(what, second);
  const names = alone || what === undefined ? [] : listedAnalyses(what, udfs);
  const file = connect ?? (alone ? what : second);
  if (names.length === 0 && udfs === undefined)
    throw new EwaldError(
      'Argument',
      `no analysis given: ewald run com scan.mib; there are ${Object.keys(knownAnalyses).join(', ')}`,
    );
  if (file === undefined) {
    const words = [what ?? 'scan.mib', ...(what === undefined ? [] : ['scan.mib'])];
    const functions = (udfs ?? []).flatMap((udf) => ['--udf', udf]);
    throw new EwaldError(
      'Argument',
      `no file of frames given: ewald run ${[...words, ...functions].map(inShell).join(' ')}`,
    );
  }
  if (connect !== undefined) checkLive(connect, second, flags);
  else
    refuseOthers(
      liveRows,
      flags,
      {
        stages: flags.follow ? ['a file that is followed (--follow)'] : [],
        because: () => `the frames are those of ${file}`,
      },
      nameAsFlags(liveRows),
    );
  refuseOtherAnalyses(names, flags);
  const chosen = selectExecutor(flags, { jobs: 1 });
  const stages = chosen.kind === 'nats' ? ['a cluster (--executor nats://…)'] : [];
  refuseOthers(
    commandRows,
    flags,
    { stages, because: () => `the executor is ${chosen.kind}` },
    nameAsFlags(commandRows),
  );
  // MPI starts here, after the flags are checked: a rank that fails later ends the job with a notice of MPI.
  // The ranks of an MPI job make the same calls and get the same results; the first one writes and prints.
  const proxy = pickFlags(proxyRows, flags);
  const writes = (await rankOf(chosen)) === 0;
  const { output, png, html, htmlMb, record, force, channels } = flags;
  const files = { output, png, html, htmlMb, record, force, channels };
  const outputs = { ...files, commandLine: commandLine(), writes, inputs: inputsOf(flags) };
  await checkRunToFiles(outputs, file);
  await watched(
    writes ? pickFlags(watchRows, flags) : {},
    { searches: false, output: output ?? png ?? html ?? record, proxy },
    (watch) => analyse(file, names, [flags, chosen, outputs], watch, signal),
  );
}

async function analyse(
  file: string,
  names: ReturnType<typeof listedAnalyses>,
  [flags, chosen, outputs]: readonly [RunFlags, ExecutorChoice, RunToFilesOptions],
  watch: RunWatch | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { connect, view: port, stay } = flags;
  const { writes = true } = outputs;
  const opening = openOptions(flags, signal);
  // A function of the user that never returns leaves no turn to a handler of signals: the system's ends it. Workers end
  // with this process, which merges their parts by the user's functions; those of a cluster are told between its calls.
  const isTold = chosen.kind === 'nats';
  const isHere = flags.udfs !== undefined && flags.connect === undefined && !isTold;
  const ended = flags.udfs === undefined ? <T>(work: () => Promise<T>): Promise<T> => work() : killable;
  const own = await ended(() => loadUdfs(flags.udfs ?? [], { module: flags.module, params: flags.params }));
  const udfs = isTold ? own.map(endable) : own;
  const ctx = await contextOf(chosen, flags, signal);
  const progress = new Progress('run');
  let view: RunView | undefined;
  let waiting: ReturnType<RunView['scanView']> | undefined;
  try {
    // The page is there before the first frame, so that its picture need not wait for a browser, and says what is awaited.
    view = writes ? await servedView(port, stay, pickFlags(proxyRows, flags)) : undefined;
    waiting = view?.scanView({ name: file });
    const scan =
      connect === undefined ? await loaded(ctx, file, flags, opening) : await liveScan(ctx, connect, flags, opening);
    const { live } = scan;
    if (live) watch?.live(live);
    // Ctrl-C ends a live scan, whose results are kept; a second one ends the process, also where a function never returns.
    if (live) signal.addEventListener('abort', () => live.stop(), { once: true });
    if (live && own.length > 0) answerSignalsOnce();
    const roi = await runRegion(flags, scan, signal);
    const corrections = await correctionsOf(flags, scan, signal);
    const analyses: Analysis[] = [];
    for (const name of names) analyses.push(await makeAnalysis(ctx, scan, name, flags, signal));
    const read: Read = { frames: 0, bytes: 0, before: 0, positions: 0 };
    const options = {
      ...outputs,
      view,
      analyses,
      udfs,
      roi,
      corrections,
      ...(live ? { latest: flags.latest } : { signal }),
      onFiles: tellFiles,
      plots: writes && (flags.plots ?? false),
      onProgress: (progressed: UdfProgress) => {
        watch?.onProgress(progressed);
        const { frames, totalFrames, bytes, seconds } = progressed;
        // An analysis with two passes reads from the beginning again.
        if (bytes < read.bytes) read.before += read.bytes;
        Object.assign(read, { frames, bytes, positions: totalFrames });
        if (!writes) return;
        const left = (seconds / Math.max(frames, 1)) * (totalFrames - frames);
        const rest = live ? counts(live.status) : `${left.toFixed(0)} s left`;
        progress.share(
          frames / totalFrames,
          `${frames} of ${totalFrames} frames, ${rateText(bytes, seconds)}, ${rest}`,
        );
      },
    };
    if (writes) tellNotes(scan);
    if (writes && !live && isCutFile(scan.dataset) && !scan.notes.some(({ isCut }) => isCut))
      warn(`${scan.name} was cut, and lacks frames or parts of them`);
    if (writes) for (const text of new Set(analyses.flatMap(({ notes = [] }) => notes))) warn(text);
    const started = performance.now();
    // With the addon a second Ctrl-C ends what never returns, such as a function of the user or the plan of a scan of 10⁹
    // frames, and the first one keeps what was finished.
    const isAnsweredOnce = answerSignalsOnce();
    const isKilled = isHere && !isAnsweredOnce;
    const running = isKilled ? killable(() => runToFiles(ctx, scan, options)) : runToFiles(ctx, scan, options);
    const { results, files, notes, faults, missing, warnings } = await running.catch((error: unknown) => {
      progress.end();
      const { results: some, files: written } = isEwaldError(error) ? error.detail : {};
      const isInterrupted = !live && isEwaldError(error, 'Aborted') && signal.aborted;
      const hasResults = Array.isArray(some) && Array.isArray(written);
      if (writes && isInterrupted)
        note(dim(`interrupted: ${hasResults ? keptWords(written) : 'no result was finished'}`));
      // A program that reads the record needs it most when the detector has failed.
      if (writes && (flags.json || isInterrupted) && hasResults) {
        const seconds = (performance.now() - started) / 1000;
        const { message } = error as EwaldError;
        report(file, scan, some, written, { read, seconds, error: message, warnings: [message] }, flags);
      }
      throw error;
    });
    progress.end();
    const seconds = (performance.now() - started) / 1000;
    const surplus = writes ? surplusText(scan, flags) : undefined;
    const said = surplus === undefined ? warnings : [...warnings, surplus];
    if (writes) report(file, scan, results, files, { read, seconds, warnings: said }, flags);
    const slow = { bytes: read.before + read.bytes, seconds, threads: 'workers' in chosen ? chosen.workers : 1 };
    const advice = writes && !live ? worthCompiling(udfs, slow) : undefined;
    if (advice) note(dim(`hint: ${advice}`));
    for (const text of [...faults, ...missing.map(({ text }) => text), ...notes]) if (writes) warn(text);
    if (surplus !== undefined) warn(surplus);
    const isUncounted = writes && tellReplaced(scan);
    // A function of the user may have few values by design.
    const isDoubtful =
      faults.length > 0 || (missing.some((missingNumbers) => missingNumbers.isDoubtful) && flags.udfs === undefined);
    endDone(
      (!live || live.status.lost === 0) &&
        !isDoubtful &&
        !isUncounted &&
        surplus === undefined &&
        !isContradicted(scan) &&
        (live !== undefined || !isCutFile(scan.dataset)),
      live ? signal : undefined,
    );
    await view?.left(signal);
  } catch (error) {
    waiting?.end(false, isEwaldError(error, 'Aborted') ? undefined : messageOf(error));
    throw namedAsAnalysis(error, names);
  } finally {
    progress.end();
    await view?.close();
    await ctx.close();
  }
}

/** How many frames a file that is followed has behind its scan; with a sync offset, other numbers are accepted. */
function surplusText({ live, name, shape: { nav } }: Scan, { follow, syncOffset }: RunFlags): string | undefined {
  const { ignored = 0, received = 0, lost = 0 } = live?.status ?? {};
  if (!follow || syncOffset !== undefined || ignored === 0) return undefined;
  return (
    `a scan of ${nav.join(' × ')} has ${received + lost} positions, but ${name} has ${received + lost + ignored} frames: ` +
    `only the first ${received + lost} are used`
  );
}

/** What is left of an interrupted run. */
const keptWords = (files: readonly string[]): string =>
  files.length > 0 ? 'what was finished is kept' : 'these results are not written; -o FILE.npy keeps them';

/** Number of files that need not be announced. */
const usualFiles = 8;

/** Announces very many files before the work, and how to have fewer. */
function tellFiles(files: readonly string[]): void {
  if (files.length <= usualFiles) return;
  note(
    `${yellow('note:')} ${files.length} files will be written, ${files[0]} … ${files.at(-1)}: --channel NAME keeps ` +
      'single results, and an output in .h5 holds all of them',
  );
}

/** `--stdout npy` as the output that it is, `-o -`. Throws `Argument`. */
function piped(flags: RunFlags): RunFlags {
  const { stdout, output } = flags;
  if (stdout === undefined) return flags;
  if (output === undefined) return { ...flags, output: '-' };
  throw new EwaldError('Argument', `--stdout ${stdout} and -o ${output} are two places for one result`);
}

/** Rejects what does not go together with a detector. Throws `Argument`. */
function checkLive(connect: string, file: string | undefined, flags: RunFlags): void {
  detectorAddress(connect);
  if (flags.follow) throw new EwaldError('Argument', `--follow is for files, and the frames are those of ${connect}`);
  if (file !== undefined)
    throw new EwaldError(
      'Argument',
      `--connect replaces the file of frames, but there is also ${file}; omit one of them`,
    );
  for (const [name, flag] of Object.entries({ fileMask: '--file-mask', fileDark: '--file-dark' } as const))
    if (flags[name as 'fileMask'])
      throw new EwaldError('Argument', `${flag} is for files, and the frames are those of ${connect}`);
  const other = Object.keys(pickFlags(openRows, flags)).find(
    (name) => name !== 'navShape' && name !== 'thresholdChannel',
  );
  if (other !== undefined)
    throw new EwaldError('Argument', `${openFlagOf(other)} describes a file, and the frames are those of ${connect}`);
}

const { syncOffset, fileMask, fileDark, keepNoCount } = scanRunRows;
const { follow, timeoutS, stallS, ringBytes } = liveRows;
/** Options of loading a file, besides those of opening it. */
const loadRows = { syncOffset, fileMask, fileDark, keepNoCount, follow, timeoutS, stallS, ringBytes } as const;

function loaded(ctx: Context, file: string, flags: RunFlags, opening: OpenOptions): Promise<Scan> {
  if (flags.follow) note(dim(`following ${file}, waiting for its first frame`));
  const { end } = sliceOf('', flags);
  return ctx.load(file, { ...untilOf(end), ...opening, ...pickFlags(loadRows, flags) });
}

/** Whether the shape of the scan contradicts the detector or the file. */
const isContradicted = ({ notes }: Scan): boolean =>
  notes.some(({ kind, option }) => kind === 'warning' && option === 'navShape');

/** The next acquisition of a detector. */
async function liveScan(
  ctx: Context,
  address: string,
  flags: RunFlags,
  { navShape, signal }: OpenOptions,
): Promise<Scan> {
  const { dataPort, reconnectS, ringBytes, controller, timeoutS, stallS, syncOffset, keepNoCount } = flags;
  const { thresholdChannel } = flags;
  const connection = await ctx.connect(address, { dataPort, reconnectS, ringBytes, thresholdChannel, signal });
  // ZeroMQ connects to addresses without a detector as well.
  const [to, hint] = address.startsWith('dectris') ? ['listening to', ', once it is there'] : ['connected to', ''];
  note(dim(`${to} ${connection.name}, waiting for an acquisition${hint}`));
  const scan = await connection.next({
    navShape,
    syncOffset,
    timeoutS,
    stallS,
    controller: controller ? true : undefined,
    keepNoCount,
    signal,
  });
  if (scan) return scan;
  throw new EwaldError('Lost', `no acquisition started at ${connection.name} within ${timeoutS} s (--timeout)`);
}

/** Counts of a live scan that differ from what one expects. */
const counts = ({ waiting, lost, dropped }: LiveStatus): string =>
  [`${waiting} waiting`, ...(lost ? [`${lost} lost`] : []), ...(dropped ? [`${dropped} skipped`] : [])].join(', ');

/** Files that are read in addition to the frames, none of which may be overwritten. */
const inputsOf = (flags: RunFlags): string[] =>
  (
    ['factories', 'udfs', 'roi', 'dark', 'gain', 'excludedPixels', 'template', 'reference', 'calibration'] as const
  ).flatMap((name) => flags[name] ?? []);

async function contextOf(chosen: ExecutorChoice, { backend }: RunFlags, signal: AbortSignal): Promise<Context> {
  if (chosen.kind === 'nats') return Context.connect(chosen.url, { ...chosen.options, onEvent: note, signal });
  const context = backend === undefined ? {} : { context: { backend: backend as 'wasm' } };
  return Context.makeWith(chosen.kind, { ...context, ...(chosen.kind === 'workers' && { cpus: chosen.workers }) });
}

/** Why a result has no numbers, if the shape of the scan is the reason. */
function whyEmpty(name: string, nav: readonly number[]): string {
  if (!/divergence|curl/.test(name)) return '';
  if (nav.length > 2) {
    const one = `--nav-shape ${nav.slice(-2).join(',')} --sync-offset 0`;
    return ` (defined for scans of two axes; this one has ${nav.length}: ${one} reads the first of its images)`;
  }
  if (nav.length !== 2) return ` (defined for scans of two axes; this one has ${nav.length}: --nav-shape gives them)`;
  const isLine = nav.filter((n) => n > 1).length < 2;
  return isLine
    ? ` (defined where positions have neighbours along two axes; this scan is a line of ${Math.max(...nav)})`
    : '';
}

/** The amount of data read: frames and bytes of the last pass, bytes of the previous ones. */
interface Read {
  frames: number;
  bytes: number;
  before: number;
  /** Positions that the run was to process. */
  positions: number;
}

/** What is said of a run beside its results. */
interface Told {
  readonly read: Read;
  readonly seconds: number;
  readonly error?: string;
  readonly warnings: readonly string[];
}

function report(
  input: string,
  scan: Scan,
  results: readonly NamedResult[],
  files: readonly string[],
  { read, seconds, error, warnings }: Told,
  flags: RunFlags,
): void {
  const { nav, sig } = scan.shape;
  const { frames, positions } = read;
  const bytes = read.before + read.bytes;
  const { lost = 0, reason, dropped = 0 } = scan.live?.status ?? {};
  if (lost > 0) note(`${yellow('warning:')} ${counted(lost, 'frame')} did not arrive${reason ? `: ${reason}` : ''}`);
  const described = results.map((result) => {
    const { name, shape, dtype } = result;
    const { min, max } = limitsOf(result);
    return { name, shape, dtype, min, max };
  });
  const write = flags.output === '-' ? note : print;
  if (flags.json) {
    const record = {
      input,
      shape: [...nav, ...sig],
      dtype: scan.dtype,
      frames,
      positions,
      results: described,
      files,
      warnings,
      ...(scan.live && { live: scan.live.status }),
      ...(error !== undefined && { error }),
      seconds,
      bytesPerSecond: bytes / seconds,
    };
    // Standard output is that of the results.
    if (flags.output === '-') note(JSON.stringify(record));
    else printJson(record);
    return;
  }
  for (const { name, shape, dtype, min, max } of described) {
    // The limits of an array without numbers are infinite.
    const limits = min <= max ? `${min} … ${max}` : `no numbers${whyEmpty(name, nav)}`;
    write(`${bold(name)}  ${shape.join(' × ')} ${dtype}  ${limits}`);
  }
  for (const file of files) if (file !== '-') write(file);
  if (files.length === 0 && error === undefined)
    write('nothing was written: -o FILE.npy keeps the results, --png FILE.png a picture, --html FILE.html a page');
  if (frames < positions) {
    const others = 'the others are NaN, or 0 in results of integers';
    const sums = results.some(({ navAxes }) => navAxes === 0) ? '; what is not over the scan is of these alone' : '';
    write(`${frames} of ${counted(positions, 'position')} measured; ${others}${sums}`);
  }
  if (dropped > 0) write(`${counted(dropped, 'frame')} skipped (--latest)`);
  write(dim(`${counted(frames, 'frame')} in ${seconds.toFixed(2)} s, ${rateText(bytes, seconds)}`));
}
