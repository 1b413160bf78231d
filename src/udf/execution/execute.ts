/**
 * Executes a run, wherever its frames come from and wherever they are processed: partitions, stored ones or those of
 * frames that have arrived, go to a place, whose results are merged in the same order.
 */

import { type FrameSums, sumsOfEnds } from '../../frames/frame-sums.js';
import { checkedOptions, row } from '../../options/call-options.js';
import { argumentError } from '../../options/parameters.js';
import { compute } from '../../parallel/delayed.js';
import type { Executor } from '../../parallel/executor.js';
import type { Task } from '../../parallel/task.js';
import { rateText } from '../../util/amounts.js';
import { observer } from '../../util/callbacks.js';
import { EwaldError, isEwaldError } from '../../util/errors.js';
import { checkSignal } from '../../util/options.js';
import type { Acquisition } from '../acquisition/acquisition.js';
import { arriving } from '../acquisition/live-partition.js';
import { isTold, type PartialOfRun, type ToldRunOptions, type UdfPlace, type UdfProgress } from '../context-options.js';
import type { Arrays } from '../functions/dtypes.js';
import type { AnyUdf } from '../functions/udf.js';
import { type FrameRecorder, recordStored } from '../scans/record.js';
import { residentResults } from '../scans/resident-runs.js';
import { changesOf } from '../scans/scan.js';
import { loadCodes, type WasmCode } from '../wasm/code.js';
import type { LentMemory } from './memory.js';
import { type Job, wholeOf } from './partitions.js';
import { readRuns } from './pieces.js';
import { resultsHere } from './processor.js';
import type { Execution, JobResults, Jobs, Run, RunResources } from './run.js';
import type { RunDescription } from './task.js';

/** Processes and merges the partitions of a run, whose frames a recorder writes; yields after each of them. */
export async function* steps(
  run: Run,
  resources: RunResources,
  signal: AbortSignal | undefined,
  recorder?: FrameRecorder,
): AsyncGenerator<void, void> {
  checkSignal(signal);
  const { live } = run.scan;
  const { executor } = resources;
  if (live) refuseElsewhere(run, executor);
  const udfs = run.parts.map(({ udf }) => udf);
  const codes = await loadCodes(udfs, resources.readFile);
  if (run.shape.selection.count === 0) return;
  const resident = await residentResults(run, resources.context);
  live?.claim(run.options.latest ?? false);
  const stored = (resident ? [wholeOf(run.partitions)] : run.partitions).map((partition) => ({
    partition,
    isLent: resident !== undefined,
    merged: () => recorder && recordStored(run.scan, partition, recorder, signal),
  }));
  // Only the first rank of MPI draws jobs, and each has their results.
  const underWay: Job[] = [...stored];
  let failure: { readonly error: unknown } | undefined;
  async function* arrived(acquisition: Acquisition): AsyncGenerator<Job> {
    try {
      for await (const job of arriving(run, acquisition, recorder)) {
        underWay.push(job);
        yield job;
      }
    } catch (error) {
      // The frames that did arrive are processed first.
      failure = { error };
    }
  }
  const stop = (): void => live?.stop();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    checkSignal(signal);
    const jobs = live ? arrived(live) : stored;
    const execution = { run, codes, resources, signal };
    const isHere = !executor || executor.kind === 'inline';
    const jobResults = isHere ? resultsHere(jobs, execution) : resultsOnExecutor(jobs, execution, executor);
    for await (const results of resident ? [resident] : jobResults) {
      const job = underWay.shift() as Job;
      run.merge(job, results, executor?.kind === 'delayed');
      await job.merged?.();
      yield;
    }
    if (failure) throw failure.error;
    // Stopping is how a live scan is aborted.
    if (live) checkSignal(signal);
    run.finish();
  } finally {
    signal?.removeEventListener('abort', stop);
    stop();
  }
}

/** Throws `Unsupported` for executors whose workers are no part of this process, or work later. */
function refuseElsewhere({ scan }: Run, executor: Executor | undefined): void {
  if (executor?.kind === 'delayed' || executor?.kind === 'mpi')
    throw new EwaldError(
      'Unsupported',
      `the frames of ${scan.name} arrive at one process, so a live scan cannot run on ${executor.kind}; use inline ` +
        'or workers',
    );
}

// Executes a run as its options ask: reports progress, shows images, records frames, and keeps what was done in errors.

/** The resources of the runs of a context. */
export interface ContextResources extends RunResources {
  readonly place: UdfPlace;
  /** Sentences on files that have changed, each of which is said once. */
  readonly said: Set<string>;
  /** Ends runs over files when the context is closed. */
  readonly ending: AbortSignal;
}

/** Executes a run; yields after each merged partition. */
export async function* execute(run: Run, resources: ContextResources): AsyncGenerator<void, void> {
  const { place, ending } = resources;
  const { options, plots } = run;
  const { live } = run.scan;
  const recorder = await recorderOf(run, place);
  const tell = observer('run', options, 'onProgress');
  const print = options.progress && place.note && lineOf(place.note);
  let isKept = live !== undefined;
  // The scan of a live run ends when the context is closed, and the run with its results.
  const signals = [options.signal ?? [], live ? [] : ending].flat();
  try {
    for await (const _ of steps(run, resources, AbortSignal.any(signals), recorder)) {
      tell(run.progress);
      if (print) print(run.progress);
      await plots?.show(run, live !== undefined);
      yield;
    }
    isKept = true;
  } catch (error) {
    await plots?.stop();
    // What has been measured is all that there will be; the error of the run comes first.
    if (live) await plots?.finish(run.results(), run.damage).catch(() => undefined);
    throw live ? withPartial(error, run) : notePartial(error, run);
  } finally {
    run.tellReplaced();
    // The frames of a live scan cannot be read again, so they are kept whatever ends it.
    await (isKept ? recorder?.finish() : recorder?.discard());
  }
  await plots?.finish(run.results(), run.damage);
  if (!(options as ToldRunOptions)[isTold]) await tellChanges(run, resources);
}

/** Says which files of a scan have changed since they were opened. */
async function tellChanges({ scan }: Run, { place, said }: ContextResources): Promise<void> {
  for (const text of (await changesOf(scan)).filter((change) => !said.has(change))) {
    said.add(text);
    place.note?.(`warning: ${text}`);
  }
}

/** The file that a run writes its frames to, if it was asked to. */
async function recorderOf({ scan, shape, options }: Run, place: UdfPlace): Promise<FrameRecorder | undefined> {
  const { record, latest } = options;
  if (record === undefined) return undefined;
  const output = typeof record === 'string' ? { file: record } : record;
  checkedOptions('record', output, { file: row.required(row.text), force: row.flag });
  if (shape.selection.positions || latest)
    throw argumentError('', (nameOption) => {
      const others = latest ? [nameOption('latest')] : ['roi', 'first', 'frames'].map(nameOption);
      return `${nameOption('record')}: ${output.file} has all frames of a scan; omit ${others.join(', ')}`;
    });
  const { recordNpy } = place;
  if (recordNpy) return recordNpy(scan, output, (text) => place.note?.(`warning: ${text}`));
  throw new EwaldError('Unsupported', `record: ${output.file}: a browser cannot write files`);
}

/** The results so far of a run that has failed. */
const partialOf = (run: Run): PartialOfRun => ({
  results: run.results(),
  damage: run.damage,
  progress: run.progress,
});

/** The error of a live run with the results so far, because the frames cannot be read again. */
function withPartial(error: unknown, run: Run): unknown {
  if (!isEwaldError(error)) return error;
  const { message, tag, detail } = error;
  return new EwaldError(tag, message, { cause: error, detail: { ...detail, partial: partialOf(run) } });
}

/** Adds the results of the partitions before a failure to its error; they are computed if somebody reads them. */
function notePartial(error: unknown, run: Run): unknown {
  if (isEwaldError(error) && run.progress.frames > 0 && !Object.isFrozen(error.detail))
    Object.defineProperty(error.detail, 'partial', { get: () => partialOf(run), configurable: true });
  return error;
}

const lineOf =
  (note: (line: string) => void) =>
  ({ done, total, bytes, seconds }: UdfProgress): void =>
    note(`${done} of ${total} partitions, ${rateText(bytes, seconds)}`);

// The tasks of a run for an executor: `{ module: 'udf', function: 'partition' }`, which task.ts processes.

/** Sends shared values to the tasks of a run: once, and again when parameters change. */
class Tasks {
  readonly #run: Run;
  readonly #codes: ReadonlyMap<AnyUdf, WasmCode>;
  readonly #executor: Executor;
  readonly #signal: AbortSignal | undefined;
  readonly #memory: LentMemory | undefined;
  #params: readonly unknown[] = [];
  #sums: Promise<FrameSums | undefined> | undefined;
  #shared: Promise<{ readonly hash: string }> | undefined;

  /** Throws `Argument` for a UDF that workers cannot find. */
  constructor(run: Run, codes: ReadonlyMap<AnyUdf, WasmCode>, executor: Executor, signal: AbortSignal | undefined) {
    this.#run = run;
    this.#codes = codes;
    this.#executor = executor;
    this.#signal = signal;
    if (executor.kind === 'workers') this.#memory = run.lentMemory();
    for (const { udf } of run.parts)
      if (udf.definition.module === undefined)
        throw new EwaldError(
          'Argument',
          `the UDF ${udf.definition.name} does not state which module exports it, so it cannot run ` +
            `on ${executor.kind}; pass defineUdf({ module: import.meta.url, … }) and export it, or use the ` +
            'inline executor',
        );
  }

  /** The task of a partition. */
  async of({ partition, frames }: Job): Promise<Task> {
    const { parts, scan } = this.#run;
    const params = parts.map((part) => part.params);
    if (!this.#shared || params.some((param, i) => param !== this.#params[i])) {
      this.#params = params;
      this.#shared = this.#description().then((run) => this.#executor.share(run));
    }
    const { hash } = await this.#shared;
    const memory = this.#memory?.lend();
    const source = scan.source && 'blob' in scan.source ? { blob: plain(scan.source) } : {};
    return {
      id: `partition ${partition.index}`,
      module: 'udf',
      function: 'partition',
      inputs: { run: { hash } },
      uses: [...new Set(parts.map(({ udf }) => String(udf.definition.module)))].filter((url) => url !== 'ewald/udf'),
      argument: {
        partition,
        ...(memory && { memory }),
        // Frames that only this thread can read are sent with the task.
        ...(scan.source ? source : { frames: frames ?? (await readRuns(scan.dataset, partition.runs, this.#signal)) }),
      },
    };
  }

  /** Takes the memory of results back, which are merged. */
  reuse(found: readonly Arrays[]): void {
    this.#memory?.give(found);
  }

  /** The frames by which workers of a cluster, which have the file under the same path, recognise it. */
  async #sumsOfFile(): Promise<FrameSums | undefined> {
    const { source, dataset } = this.#run.scan;
    // Ranks of an MPI job share what each of them has made, so that it must not depend on a file of theirs.
    return source && 'path' in source && this.#executor.kind === 'nats' ? sumsOfEnds(dataset) : undefined;
  }

  async #description(): Promise<RunDescription> {
    this.#sums ??= this.#sumsOfFile();
    const sums = await this.#sums;
    const { parts, scan, meta, corrections, limits, sizes } = this.#run;
    const { inputDtype: _, ...known } = meta;
    const source = scan.source && !('blob' in scan.source) ? scan.source : undefined;
    return {
      udfs: parts.map(({ udf, params }) => ({
        module: String(udf.definition.module),
        name: udf.definition.name,
        params: plain(params),
        ...(this.#codes.has(udf) && { wasm: this.#codes.get(udf)?.bytes }),
      })),
      ...sizes,
      meta: known,
      source: source && plain(source),
      ...(sums && { sums }),
      corrections: corrections && plain(corrections.options),
      limits,
    };
  }
}

/** Removes undefined members, which not every transport to a worker supports. */
function plain<T>(value: T): T {
  if (Array.isArray(value)) return value.map(plain) as T;
  if (value && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name, item]) => item !== undefined && name !== 'signal' && name !== 'codecs')
        .map(([name, item]) => [name, plain(item)]),
    ) as T;
  return value;
}

/** The results of jobs that an executor processes. */
export async function* resultsOnExecutor(
  jobs: Jobs,
  { run, codes, resources: { delayedOn }, signal }: Execution,
  executor: Executor,
): JobResults {
  const { taskTimeoutS } = run.options;
  const on = executor.kind === 'delayed' ? await computing(delayedOn) : executor;
  const tasks = new Tasks(run, codes, on, signal);
  async function* source(): AsyncGenerator<Task> {
    for await (const job of jobs) yield await tasks.of(job);
  }
  const limits = {
    ...(taskTimeoutS !== undefined && { taskTimeoutS }),
    ...(signal && { signal: signal as never }),
  };
  // Enough tasks to keep the workers busy, but no more, since results are as large as frames, and arrived ones wait.
  const window = Math.max(2, (run.scan.live ? 2 : 3) * executor.slots);
  const noted: unknown[] = [];
  for await (const { value } of executor.run<Arrays[]>(source(), { window, everywhere: true, ...limits })) {
    if (on !== executor) noted.push(value);
    else {
      yield value;
      tasks.reuse(value);
    }
  }
  if (on !== executor) yield* (await compute(noted, { on, ...limits })) as Arrays[][];
}

/** The executor of delayed values. Throws `Argument` without one. */
function computing(delayedOn: RunResources['delayedOn']): Promise<Executor> {
  if (delayedOn) return delayedOn();
  throw new EwaldError('Argument', "a delayed context computes on another executor; pass makeWith('delayed', { on })");
}
