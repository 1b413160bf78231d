/**
 * `ewald index run.h5 -g GEOM -p CELL -o OUT.stream`: indexes frames, or the peaks of a stream, and writes a CrystFEL
 * stream.
 */

import { commandRows, messageOf, Repeats, type RunWatch, sinkRows, watchRows } from '../../entries/command.node.js';
import type { Executor } from '../../entries/executors.node.js';
import {
  type Context,
  EwaldError,
  isEwaldError,
  type PipelineItem,
  type PipelineOptions,
  type RunInput,
  type StageBackends,
} from '../../entries/index.node.js';
import { type MergeSink, mergeSink, mergeStatusText } from '../../entries/merging.js';
import { type OutputEnd, progressText, type RunEvent, zmqSource } from '../../entries/pipeline.node.js';
import { commandLine, inShell } from './command-line.js';
import { readingOf } from './data-options.js';
import { isReaderGone } from './ends.js';
import { openExecutor, rankOf } from './executor-flags.js';
import { wordsInFlags } from './flag-words.js';
import { type CheckedFlags, checkFlags, type FrameFlags, indexRows, type SharedFlags } from './frame-flags.js';
import { failureLine, jsonOf, lineOf } from './frame-lines.js';
import { summaryText } from './frame-summary.js';
import {
  backendOption,
  type CliDeps,
  counted,
  dim,
  endDone,
  hasReader,
  note,
  Progress,
  print,
  printJson,
  red,
  yellow,
} from './output.js';
import { flagValues, saidAsFlags } from './parameter-flags.js';
import { cellDoubts, eventText } from './run-events.js';
import { pageLeft, servedView } from './run-view.js';
import { watched } from './run-watch.js';

/** Indexes frames, or the peaks of a stream, and writes a stream. */
export async function runFrames(
  files: readonly string[],
  flags: FrameFlags & { backend?: string; maxLength?: string },
  shared: SharedFlags,
  deps: CliDeps,
): Promise<void> {
  const checked = checkFlags(flags, shared);
  const { backend } = backendOption(flags.backend);
  const isInline = checked.executor.kind === 'inline' || shared.stream !== undefined;
  const executor = isInline ? undefined : await openExecutor(checked.executor, backend, deps.signal);
  try {
    // The other ranks of an MPI job make the same calls and work inside them.
    if (executor && (await rankOf(checked.executor)) > 0) for await (const _ of executor.run([]));
    else
      await watched(flagValues(watchRows, flags), { searches: true, output: flags.output }, (watch) =>
        search(files, flags, [checked, shared], executor, watch, deps),
      );
  } finally {
    await executor?.dispose();
  }
}

/** The inputs of the run: a stream, live frames, or files and lists of files. */
function inputsOf(
  files: readonly string[],
  { input, prefix }: FrameFlags,
  { live }: CheckedFlags,
  { stream }: SharedFlags,
): RunInput | RunInput[] {
  if (stream !== undefined) return stream;
  if (!live) {
    const list = input === undefined ? [] : [{ list: input, ...(prefix === undefined ? {} : { prefix }) }];
    return [...files.map((file) => ({ file })), ...list];
  }
  if (files.length > 0)
    throw new EwaldError('Argument', `frames come from ${live.address}; ${files[0]} is a file; give only one of them`);
  const { address, how, words, timeoutS } = live;
  return zmqSource({
    zmqInput: address,
    noDataTimeout: timeoutS,
    ...(how === 'request'
      ? { zmqRequest: words[0] ?? '' }
      : how === 'pull'
        ? { zmqPull: true }
        : { zmqSubscribe: words }),
  });
}

async function search(
  files: readonly string[],
  flags: FrameFlags & { backend?: string; maxLength?: string },
  [checked, shared]: readonly [CheckedFlags, SharedFlags],
  executor: Executor | undefined,
  watch: RunWatch | undefined,
  { createContext, signal }: CliDeps,
): Promise<void> {
  const { settings, refinement, serialStart, selected, follow, firstFramesTimeoutS, maxMemory } = checked;
  const inputs = inputsOf(files, flags, checked, shared);
  const view = await servedView(flagValues(commandRows, flags).view);
  const context = await createContext(backendOption(flags.backend)).catch(async (error: unknown) => {
    await view?.close();
    throw error;
  });
  const report = new RunReport(flags, shared);
  signal.addEventListener('abort', report.interrupted, { once: true });
  const options: PipelineOptions = {
    ...settings,
    ...(shared.stream === undefined ? refinement : {}),
    inputs,
    ...(shared.stream === undefined ? { ...readingOf(flags), serialStart } : {}),
    geometry: flags.geometry,
    ...(shared.cells === undefined && flags.cell !== undefined ? { cells: flags.cell } : {}),
    dataset: flags.dataset,
    ...(flags.copyHeader ? { copyHeader: flags.copyHeader } : {}),
    maxLengthA: shared.maxLengthA,
    ...(executor ? { executor } : {}),
    ...selected,
    ...(follow === undefined ? {} : { follow: true, noDataTimeout: follow }),
    ...(firstFramesTimeoutS === undefined ? {} : { firstFramesTimeoutS }),
    ...(maxMemory === undefined ? {} : { maxMemory }),
    ...outputsOf(flags),
    // Lines are printed of items, and of nothing else.
    ...(flags.output !== undefined && !shared.json && shared.stream === undefined ? { briefItems: true } : {}),
    commandLine: commandLine(),
    onEvent: (event) => {
      report.onEvent(event);
      watch?.onEvent(event);
    },
    signal,
  };
  try {
    const merge = flags.merge === undefined ? undefined : await runningMerge(context, flags.merge);
    const sinks = [merge, watch?.sink].filter((sink) => sink !== undefined);
    const further = { ...(sinks.length > 0 ? { sinks } : {}), ...(view ? { view } : {}) };
    const isPrintedOnly = !merge && !view && flags.output === undefined && !filesBeside(flags);
    for await (const item of context.pipeline({ ...options, ...further })) {
      report.item(item);
      // Nobody reads the lines any more, and there is no other result (| head).
      if (isPrintedOnly && !hasReader()) break;
    }
    report.merged(merge?.result);
  } catch (error) {
    report.stop();
    if (!isEwaldError(error, 'Aborted') || !report.end) {
      await view?.close();
      // A stream whose reader has left has not failed; the files beside it have.
      const isFailed = isReaderGone(error) && filesBeside(flags);
      throw isFailed ? new EwaldError('File', messageOf(error)) : error;
    }
  } finally {
    report.stop();
    signal.removeEventListener('abort', report.interrupted);
    await context.dispose();
  }
  try {
    report.finish(signal);
    if (view && flags.stay !== false) await pageLeft(view, signal);
  } finally {
    await view?.close();
  }
}

/** The outputs of the run according to the flags. */
function outputsOf(flags: FrameFlags): Partial<PipelineOptions> {
  const { output, html, hdf5, sol, refinedGeometry, resume, force } = flags;
  const { nonHitsInStream, peaksInStream, reflsInStream } = flags;
  const written = { nonHitsInStream, peaksInStream, reflsInStream };
  const { mille, milleFile, maxMilleLevel } = flagValues(sinkRows, flags);
  const calibration = { mille, milleFile, maxMilleLevel };
  const all = { output, html, hdf5, sol, refinedGeometry, resume, force, ...written, ...calibration };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Whether the run writes files other than its stream. */
const filesBeside = ({ html, hdf5, sol, refinedGeometry, mille }: FrameFlags): boolean =>
  [html, hdf5, sol, refinedGeometry].some((file) => file !== undefined) || mille === true;

/** A sink that prints the progress of merging the run's crystals. */
const runningMerge = (context: Context, symmetry: string): Promise<MergeSink> =>
  mergeSink(context, { symmetry }, { onStatus: (status) => note(`merge: ${mergeStatusText(status)}`) });

const stages = { peaks: 'peaks are found', index: 'lattices are searched' };

/** Prints a run: one line per frame, or the report of its outputs. */
class RunReport {
  readonly #flags: FrameFlags & { backend?: string };
  readonly #shared: SharedFlags;
  readonly #cell = new Progress('cell');
  readonly #frames = new Progress('index');
  /** Stages that run on another backend than the requested one; each is reported once. */
  readonly #elsewhere = new Set<string>();
  readonly #failures = new Repeats(note, (n) => `${red('✗')} ${counted(n, 'further frame')} for the same reason`);
  /** Whether something besides the frames failed, or has to be looked at: an output, the cell, the merge. */
  #isDoubtful = false;
  /** Whether frames of an interrupted run are kept for `--resume`. */
  #isKept = false;
  end: Extract<RunEvent, { kind: 'end' }> | undefined;

  constructor(flags: FrameFlags & { backend?: string }, shared: SharedFlags) {
    this.#flags = flags;
    this.#shared = shared;
  }

  readonly onEvent = (event: RunEvent): void => {
    if (event.kind === 'progress') {
      if (event.stage === 'cell') this.#cell.share(event.share);
      else this.#frames.share(event.share, progressText(event.summary));
      return;
    }
    this.#cell.end();
    if (event.kind === 'end') this.end = event;
    else if (event.kind === 'failed') {
      this.#isDoubtful = true;
      note(`${red('ewald:')} ${messageOf(event.error)}`);
    } else if (event.kind === 'resumed') this.#resumed(event.after, event.again);
    else {
      if (event.kind === 'cell' && cellDoubts(event).length > 0) this.#isDoubtful = true;
      const text = inRunFlags(eventText(event));
      if (text !== '') note(text);
    }
  };

  /** Answers Ctrl-C at once, since the frames in progress may take a while. */
  readonly interrupted = (): void => {
    this.#cell.end();
    this.#frames.end();
    note(dim('interrupted: the frames in progress are finished first; another Ctrl-C ends at once'));
  };

  /** Prints a finished frame. */
  item(item: PipelineItem): void {
    if (item.error) this.#failures.add(failureLine(item.origin, item.error), item.error.message);
    else {
      this.#failures.end();
      this.#tellElsewhere(item.result.backends);
    }
    if (this.#shared.json) printJson(jsonOf(item));
    else if (this.#flags.output === undefined && !item.error) print(lineOf(item));
  }

  /** Takes the last result of the running merge, which may be in doubt. */
  merged(result: MergeSink['result']): void {
    if (!result?.isDoubtful) return;
    this.#isDoubtful = true;
    for (const remark of result.remarks) note(`merge: ${remark}`);
  }

  stop(): void {
    this.#failures.end();
    this.#cell.end();
    this.#frames.end();
    const kept = this.end?.outputs.find(({ output, state }) => output === 'stream' && state === 'kept');
    if (!kept?.file || !this.end) return;
    const how = this.end.isLive
      ? `ewald stream merge ${inShell(kept.file)} -o NAME makes a stream of it`
      : '--resume continues it';
    note(`finished results are in ${kept.file}; ${how}`);
    this.#isKept = true;
    this.end = { ...this.end, outputs: this.end.outputs.filter((one) => one !== kept) };
  }

  /** Prints the results of the run, and sets the exit code. */
  finish(signal: AbortSignal): void {
    if (!this.end) return;
    const isAborted = signal.aborted;
    const { summary, outputs, isWhole } = this.end;
    const { output, profile = false } = this.#flags;
    const isWritten = (one: OutputEnd): boolean => one.output === 'stream' && one.state === 'written';
    const named = outputs.find(isWritten)?.file;
    const lines = outputs.flatMap(({ text = '' }) => (text === '' ? [] : [dim(inRunFlags(text))]));
    const tell = this.#shared.json || output === '-' ? note : print;
    const peaksAlone = this.#shared.cells?.length === 0;
    const isNothing = isAborted && summary.done === 0;
    if (isNothing) note(this.#isKept ? 'no further frame was finished' : 'interrupted before a frame was finished');
    const told = isNothing ? lines : [summaryText(summary, { profile, stream: named, peaksAlone }), ...lines];
    if (told.length > 0) tell(told.join('\n'));
    // A run that finds nothing in all its frames is not trusted either.
    const isEmpty = isWhole && summary.done > 0 && (peaksAlone ? summary.hits : summary.indexed) === 0;
    const isDoubtful = summary.isDoubtful || summary.multiples.length > 0 || this.#isDoubtful;
    endDone(!(isEmpty || summary.failed + summary.lost + summary.gone.length > 0 || isDoubtful), signal);
  }

  #resumed(after: number, again: number): void {
    const { output } = this.#flags;
    const more = again > 0 ? `; ${counted(again, 'frame')} that could not be read will be tried again` : '';
    note(dim(`${output}: continuing after frame ${after}${more}`));
  }

  #tellElsewhere(backends: StageBackends): void {
    const named = this.#flags.backend;
    for (const stage of ['peaks', 'index'] as const) {
      const backend = backends[stage];
      if (named === undefined || backend === undefined || backend === named || this.#elsewhere.has(stage)) continue;
      this.#elsewhere.add(stage);
      note(
        `${yellow('note:')} ${stages[stage]} on ${backend}, not on ${named}, which does not support them as ` +
          'requested (EWALD_LOG_LEVEL=info says why)',
      );
    }
  }
}

/** A text of the run with flags in the place of options. */
const inRunFlags = (text: string): string => wordsInFlags(text, indexRows, saidAsFlags(indexRows));
