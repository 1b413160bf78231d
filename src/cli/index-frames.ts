/**
 * `ewald index run.h5 -g GEOM -p CELL -o OUT.stream`: indexes frames, or the peaks of a stream, and writes a CrystFEL
 * stream.
 */

import { statSync } from 'node:fs';
import { messageOf, proxyRows, type RunWatch, SpareWorkers, watchRows } from '../entries/command.node.js';
import type { Executor } from '../entries/executors.node.js';
import {
  type Context,
  EwaldError,
  isEwaldError,
  type MergeResult,
  type PipelineItem,
  type PipelineOptions,
  type StageBackends,
} from '../entries/index.node.js';
import type { MergeSink } from '../entries/merging.js';
import { type OutputEnd, progressText, type RunEvent } from '../entries/pipeline.node.js';
import { commandLine, inShell } from './command-line.js';
import { isReaderGone } from './ends.js';
import { openExecutor, rankOf } from './executor-flags.js';
import type { ExecutorChoice } from './executor-rows.js';
import { inFlags, wordsInFlags } from './flag-words.js';
import type { AskedRun } from './frame-flags.js';
import { failureLine, frameFailures, jsonOf, lineOf, noteInterrupted } from './frame-lines.js';
import { type IndexFlags, indexRows, isNone } from './frame-rows.js';
import { summaryText } from './frame-summary.js';
import {
  backendOption,
  type CliDeps,
  counted,
  dim,
  endDone,
  fail,
  hasReader,
  note,
  Progress,
  print,
  printJson,
  red,
  yellow,
} from './output.js';
import { nameAsFlags, pickFlags } from './parameter-flags.js';
import { cellDoubts, eventText } from './run-events.js';
import type { RunView } from './run-view.js';

/** Indexes frames, or the peaks of a stream, and writes a stream. */
export async function runFrames(
  { executor: chosen, options, isStream }: AskedRun,
  flags: IndexFlags,
  deps: CliDeps,
): Promise<void> {
  await withExecutor(isStream ? { kind: 'inline' } : chosen, flags.backend, deps, (executor) =>
    watchedIf(flags, (watch) => search(flags, { ...options, ...executor }, watch, deps)),
  );
}

/** Does the work of a run, in the first rank of an MPI job alone, with the executor that searches its frames. */
export async function withExecutor(
  chosen: ExecutorChoice,
  named: string | undefined,
  deps: CliDeps,
  work: (executor: Pick<PipelineOptions, 'executor'>) => Promise<void>,
): Promise<void> {
  const { backend } = backendOption(named);
  const open = (executorChoice: ExecutorChoice): Promise<Executor> =>
    openExecutor(executorChoice, backend, deps.signal);
  const executor =
    chosen.kind === 'inline'
      ? undefined
      : chosen.kind === 'workers'
        ? new SpareWorkers(chosen.workers, chosen.isExplicit, (workers) => open({ ...chosen, workers }))
        : await open(chosen);
  try {
    // The other ranks of an MPI job make the same calls and work inside them.
    if (executor && !(executor instanceof SpareWorkers) && (await rankOf(chosen)) > 0)
      for await (const _ of executor.run([]));
    else await work(executor ? { executor } : {});
  } finally {
    await executor?.dispose();
  }
}

/** Runs something that is watched if flags ask for it; what watches is loaded then. */
async function watchedIf(flags: IndexFlags, work: (watch: RunWatch | undefined) => Promise<void>): Promise<void> {
  const proxy = pickFlags(proxyRows, flags);
  const flagValues = pickFlags(watchRows, flags);
  if (Object.values(flagValues).every((value) => value === undefined)) return work(undefined);
  const { watched } = await import('./run-watch.js');
  const rois = flags.rois?.map((region) => region.replace(/=[\s\S]*/, '').trim());
  return watched(
    flagValues,
    { searches: true, rois, hasProfile: flags.radialProfile !== undefined, output: flags.output, proxy },
    work,
  );
}

async function search(
  flags: IndexFlags,
  options: PipelineOptions,
  watch: RunWatch | undefined,
  { createContext, signal }: CliDeps,
): Promise<void> {
  const context = await createContext(backendOption(flags.backend));
  const report = new RunReport(flags);
  signal.addEventListener('abort', report.interrupted, { once: true });
  const callbacks = {
    commandLine: commandLine(),
    onEvent: (event: RunEvent) => {
      report.onEvent(event);
      watch?.onEvent(event);
    },
    signal,
  };
  let view: RunView | undefined;
  let cancelled: unknown;
  try {
    const merge =
      flags.merge === undefined
        ? undefined
        : await (await import('./running-merge.js')).runningMerge(context, flags.merge, flags, options.inputs);
    if (merge && flags.wanted) watch?.wanted(merge);
    if (flags.view !== undefined)
      view = await (await import('./run-view.js')).servedView(flags.view, flags.stay, pickFlags(proxyRows, flags));
    const sinks = [merge, watch?.sink].filter((sink) => sink !== undefined);
    const further = { ...(sinks.length > 0 ? { sinks } : {}), ...(view ? { view } : {}) };
    const isPrintedOnly = !merge && !view && !watch && flags.output === undefined && !filesBeside(flags);
    let searched = 0;
    for await (const item of context.pipeline({ ...options, ...callbacks, ...further })) {
      searched++;
      report.item(item);
      // Nobody reads the lines any more, and there is no other result (| head).
      if (isPrintedOnly && !hasReader()) break;
    }
    report.merged(merge?.result ?? (searched === 0 ? await earlierMerge(context, flags, report.end) : undefined));
  } catch (error) {
    report.stop();
    if (!isEwaldError(error, 'Aborted') || !report.end) {
      await view?.close();
      // A stream whose reader has left has not failed; the files beside it have.
      const isFailed = isReaderGone(error) && filesBeside(flags);
      throw isFailed ? new EwaldError('File', messageOf(error)) : error;
    }
    // Somebody else has ended the run: what it has finished is told like that of any run, and then why it ended.
    if (!signal.aborted) cancelled = error;
  } finally {
    report.stop();
    signal.removeEventListener('abort', report.interrupted);
    await context.dispose();
  }
  try {
    report.finish(signal);
    if (cancelled !== undefined) process.exitCode = fail(cancelled);
    await view?.left(signal);
  } finally {
    await view?.close();
  }
}

/** The merge of a stream that is continued with `--resume` and was complete already. */
async function earlierMerge(
  context: Context,
  flags: IndexFlags,
  end: RunReport['end'],
): Promise<MergeResult | undefined> {
  const { merge, output, resume } = flags;
  const isWritten =
    end?.outputs.some((outputEnd) => outputEnd.output === 'stream' && outputEnd.state === 'written') === true;
  if (merge === undefined || !resume || !isWritten || output === undefined || output === '-') return undefined;
  return (await import('./running-merge.js')).finishedMerge(context, merge, flags, output);
}

/** Whether the run writes files other than its stream. */
const filesBeside = ({ html, hdf5, sol, hits, refinedGeometry, mille }: IndexFlags): boolean =>
  [html, hdf5, sol, hits, refinedGeometry].some((file) => file !== undefined) || mille === true;

const stages = { peaks: 'peaks are found', index: 'lattices are searched' };

/** Prints a run: one line per frame, or the report of its outputs. */
class RunReport {
  readonly #flags: IndexFlags;
  readonly #cell = new Progress('cell');
  readonly #frames = new Progress('index');
  /** Stages that run on another backend than the requested one; each is reported once. */
  readonly #elsewhere = new Set<string>();
  #isPlanTold = false;
  readonly #failures = frameFailures();
  /** Whether something besides the frames failed, or has to be looked at: an output, the cell, the merge. */
  #isDoubtful = false;
  /** Whether the cell that was determined last is in doubt; undefined if none was. */
  #isCellDoubtful: boolean | undefined;
  /** Whether frames of an interrupted run are kept for `--resume`. */
  #isKept = false;
  end: Extract<RunEvent, { kind: 'end' }> | undefined;

  /** When the stream was written that this one replaces. */
  #replaced: Date | undefined;

  constructor(flags: IndexFlags) {
    this.#flags = flags;
    const { output, resume } = flags;
    // What is not a stream of ewald is refused, or needs --force.
    const earlier =
      output === undefined || output === '-' || resume ? undefined : statSync(output, { throwIfNoEntry: false });
    if (earlier?.isFile() && earlier.size > 0) this.#replaced = earlier.mtime;
  }

  readonly onEvent = (event: RunEvent): void => {
    if (event.kind === 'progress') {
      if (event.stage === 'cell') this.#cell.share(event.share);
      else if (event.stage === 'frames') this.#frames.share(event.share, () => progressText(event.summary));
      return;
    }
    this.#cell.end();
    if (event.kind === 'end') this.end = event;
    else if (event.kind === 'failed') {
      this.#isDoubtful = true;
      note(`${red('ewald:')} ${messageOf(inFlags(event.error, indexRows, nameAsFlags(indexRows)))}`);
    } else if (event.kind === 'resumed') this.#resumed(event.after, event.again);
    else {
      if (event.kind === 'warning' && event.isDoubtful) this.#isDoubtful = true;
      if (event.kind === 'detector' && event.doubts.length > 0) this.#isDoubtful = true;
      if (event.kind === 'cell') {
        if (this.#isCellDoubtful !== undefined)
          note('cell: determined again with a refined geometry: the cell above and warnings about it are void');
        this.#isCellDoubtful = cellDoubts(event).length > 0;
      }
      const text = inRunFlags(eventText(event));
      if (text !== '') note(text);
    }
  };

  readonly interrupted = (): void => {
    this.#cell.end();
    this.#frames.end();
    noteInterrupted();
  };

  /** Prints a finished frame. */
  item(item: PipelineItem): void {
    if (item.error) {
      const said = inFlags(item.error, indexRows, nameAsFlags(indexRows)) as Error;
      this.#failures.add(failureLine(item.origin, said), said.message);
    } else {
      this.#failures.end();
      this.#tellElsewhere(item.result.backends);
    }
    if (this.#flags.json) printJson(jsonOf(item));
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
    this.end = { ...this.end, outputs: this.end.outputs.filter((output) => output !== kept) };
  }

  /** Prints the results of the run, and sets the exit code. */
  finish(signal: AbortSignal): void {
    if (!this.end) return;
    const isAborted = signal.aborted;
    const { summary, outputs, isWhole } = this.end;
    const { output, profile = false } = this.#flags;
    const isWritten = (outputEnd: OutputEnd): boolean => outputEnd.output === 'stream' && outputEnd.state === 'written';
    const named = outputs.find(isWritten)?.file;
    const ends = outputs.flatMap(({ text = '' }) => (text === '' ? [] : [dim(inRunFlags(text))]));
    const write = this.#flags.json || output === '-' ? note : print;
    const peaksAlone = isNone(this.#flags.cells);
    const isNothing = isAborted && summary.done === 0;
    if (isNothing) note(this.#isKept ? 'no further frame was finished' : 'interrupted before a frame was finished');
    const lines = isNothing
      ? ends
      : [summaryText(summary, { profile, stream: named, replaced: this.#replaced, peaksAlone }), ...ends];
    if (lines.length > 0) write(lines.join('\n'));
    // A run that finds nothing in all its frames is not trusted either.
    const isEmpty = isWhole && summary.done > 0 && (peaksAlone ? summary.hits : summary.indexed) === 0;
    const isDoubtful = summary.isDoubtful || summary.multiples.length > 0 || this.#isDoubtful || this.#isCellDoubtful;
    const { failed, lost, gone, replaced } = summary;
    endDone(!(isEmpty || failed + lost + gone.length + replaced.length > 0 || isDoubtful), signal);
  }

  #resumed(after: number, again: number): void {
    const { output } = this.#flags;
    const more = again > 0 ? `; ${counted(again, 'frame')} that could not be read will be tried again` : '';
    note(dim(`${output}: continuing after frame ${after}${more}`));
  }

  /** Where the stages of a run are computed, in one line, if a GPU takes part. */
  #tellPlan({ peaks, index }: StageBackends): void {
    const places = new Set([peaks, index].filter((one) => one !== undefined));
    if (this.#isPlanTold || places.size === 0) return;
    this.#isPlanTold = true;
    const isGpu = (name: string): boolean => !['native', 'wasm'].includes(name);
    if (![...places].some(isGpu)) return;
    const on = (backend: string | undefined, what: string): string => (backend ? `, ${what} ${backend}` : '');
    note(dim(`plan: frames are read on the CPU${on(peaks, 'peaks found on')}${on(index, 'lattices on')}`));
  }

  #tellElsewhere(backends: StageBackends): void {
    this.#tellPlan(backends);
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
const inRunFlags = (text: string): string => wordsInFlags(text, indexRows, nameAsFlags(indexRows));
