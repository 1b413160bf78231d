/**
 * Executes a run: partitions in sequence on this thread with prefetching, or as tasks of an executor; merged in order.
 */

import { EwaldError } from '../../base/errors.js';
import { checkSignal } from '../../base/options.js';
import { compute } from '../../executors/delayed.js';
import type { Executor } from '../../executors/executor.js';
import type { Task } from '../../executors/task.js';
import { allocateFrames, type DataType, type FrameArray } from '../../io/data/dtype.js';
import { framesInMemory } from '../../io/data/formats/memory.js';
import type { Acquisition } from '../acquisition/acquisition.js';
import type { ArrivedFrames } from '../acquisition/frame-queue.js';
import { livePartition } from '../acquisition/live-partition.js';
import type { Arrays } from '../functions/dtypes.js';
import type { OpenCore } from '../functions/prepared.js';
import type { AnyUdf } from '../functions/udf.js';
import { type FrameRecorder, recordStored } from '../scans/record.js';
import { residentResults } from '../scans/resident-runs.js';
import { isSparseRun } from '../sparse/sparse-runs.js';
import { loadCodes, type ReadFile, type WasmCode } from '../wasm/code.js';
import type { RunDescription } from './description.js';
import { readRuns } from './frames-of.js';
import { runPartition, runParts, seesStored } from './partition.js';
import { areWholeChunks, type Partition, partsOf } from './partitions.js';
import { Passes } from './passes.js';
import { framesOfPiece, PieceReader, piecesIn } from './pieces.js';
import type { LentMemory } from './result-memory.js';
import type { Run } from './run.js';

/** The resources of a run. */
export interface Engine {
  /** Opens the context of this thread, or one that computes on the CPU. */
  readonly context: OpenCore;
  /** Reads a file URL; absent in browsers. */
  readonly readFile: ReadFile | undefined;
  /** Longest time for a partition on a worker; default: that of the executor. */
  readonly taskTimeoutS?: number | undefined;
  /** Absent for this thread. */
  readonly executor: Executor | undefined;
  /** Where delayed values are computed. */
  readonly delayedOn: (() => Promise<Executor>) | undefined;
  /** Writes the frames to a file. */
  readonly recorder?: FrameRecorder | undefined;
}

/** One merged partition. */
export interface Step {
  readonly partition: Partition;
}

/** Executes a run; yields after each merged partition. */
export async function* steps(run: Run, engine: Engine, signal: AbortSignal | undefined): AsyncGenerator<Step, void> {
  checkSignal(signal);
  const udfs = run.parts.map(({ udf }) => udf);
  const codes = await loadCodes(udfs, engine.readFile);
  if (run.scan.live) {
    yield* live(run, codes, engine, signal);
    return;
  }
  for await (const step of stored(run, codes, engine, signal)) {
    if (engine.recorder) await recordStored(run, step.partition, engine.recorder, signal);
    yield step;
  }
}

/** Executes a run whose frames are in a file or in memory. */
async function* stored(
  run: Run,
  codes: Codes,
  engine: Engine,
  signal: AbortSignal | undefined,
): AsyncGenerator<Step, void> {
  const { executor } = engine;
  const found = await residentResults(run, engine.context);
  if (found) yield { partition: run.mergeAllPositions(found) };
  else if (!executor || executor.kind === 'inline') yield* onThisThread(run, codes, engine, signal);
  else if (executor.kind === 'delayed') yield* delayed(run, codes, engine, executor, signal);
  else yield* onExecutor(run, codes, engine, executor, signal);
}

/** The modules of UDFs. */
type Codes = ReadonlyMap<AnyUdf, WasmCode>;

/** Frames of the largest partition of a run, and of its pieces. */
function partitionSizes({ partitions, parts, meta, scan }: Run): { readonly largest: number; readonly piece: number } {
  const least = scan.live?.maxFrames ?? 1;
  const largest = partsOf(partitions).reduce((most, { positions }) => Math.max(most, positions.length), least);
  const udfs = parts.map(({ udf }) => udf);
  const { chunkFrames } = scan.dataset;
  const isWhole = scan.live !== undefined || chunkFrames === 1 || areWholeChunks(partsOf(partitions), chunkFrames);
  return { largest, piece: isWhole ? framesOfPiece(udfs, meta, chunkFrames, largest) : largest };
}

async function* onThisThread(
  run: Run,
  codes: Codes,
  engine: Engine,
  signal: AbortSignal | undefined,
): AsyncGenerator<Step, void> {
  const { scan, meta, corrections, partitions } = run;
  const { inputDtype: _, ...known } = meta;
  const sizes = partitionSizes(run);
  const passes = new Passes(engine.context, 0, { codes, ...sizes });
  const { dataset } = scan;
  const shown = seesStored(dataset.dtype, meta.inputDtype, corrections);
  const take = (dtype: DataType, length: number) => passes.take(dtype, length, shown);
  const bare = run.parts.map(({ udf }) => udf);
  passes.modules.open(run.parts, meta);
  const sparse = isSparseRun(dataset, run.parts, meta, corrections);
  const size = await passes.pieceFor(bare, sizes, framesInMemory(dataset) !== undefined);
  const counts = run.watchCounts();
  const reader = new PieceReader({ dataset, partitions: partsOf(partitions), udfs: bare, size, sparse }, take, signal);
  try {
    for (const partition of partitions) {
      checkSignal(signal);
      const udfs = run.parts.map(({ udf, params }) => ({ udf, params }));
      const found = await runParts(
        { partition, udfs, meta: known, corrections, counts, piecesOf: (part) => reader.of(part) },
        { signal, passes },
      );
      run.addReplaced(counts?.taken());
      run.merge(partition, found);
      passes.reuse(found, run.held);
      yield { partition };
    }
  } finally {
    // Nothing may continue to read into memory after the run has ended.
    await reader.dispose();
    await passes.dispose();
  }
}

/** Sends shared values to the tasks of a run: once, and again when parameters change. */
class Tasks {
  readonly #run: Run;
  readonly #codes: Codes;
  readonly #executor: Executor;
  readonly #signal: AbortSignal | undefined;
  readonly #memory: LentMemory | undefined;
  #params: unknown;
  #shared: Promise<{ readonly hash: string }> | undefined;

  constructor(run: Run, codes: Codes, executor: Executor, signal: AbortSignal | undefined) {
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

  /** The task of a partition; `arrived` are its frames if it is one of a live scan. */
  async of(partition: Partition, arrived?: FrameArray): Promise<Task> {
    const { parts, scan, meta, corrections } = this.#run;
    const params = parts.map((part) => part.params);
    const options = parts.map((part) => plain(part.params));
    if (!this.#shared || params.some((param, i) => param !== (this.#params as unknown[])[i])) {
      this.#params = params;
      const { inputDtype: _, ...known } = meta;
      const source = scan.source && !('blob' in scan.source) ? scan.source : undefined;
      this.#shared = this.#executor.share({
        udfs: parts.map(({ udf }, i) => ({
          module: String(udf.definition.module),
          name: udf.definition.name,
          params: options[i] as Readonly<Record<string, unknown>>,
          ...(this.#codes.has(udf) && { wasm: this.#codes.get(udf)?.bytes }),
        })),
        ...partitionSizes(this.#run),
        meta: known,
        source: source && plain(source),
        corrections: corrections && plain(corrections.options),
        limits: this.#run.limits,
      } satisfies RunDescription);
    }
    const { hash } = await this.#shared;
    const blob = scan.source && 'blob' in scan.source ? scan.source : undefined;
    const base = {
      id: `partition ${partition.index}`,
      module: 'udf',
      function: 'partition',
      inputs: { run: { hash } },
      uses: [...new Set(parts.map(({ udf }) => String(udf.definition.module)))].filter((url) => url !== 'ewald/udf'),
    };
    const memory = this.#memory?.lend();
    const own = { partition, ...(memory && { memory }) };
    if (scan.source) return { ...base, argument: { ...own, ...(blob && { blob: plain(blob) }) } };
    if (arrived) return { ...base, argument: { ...own, frames: arrived } };
    // Frames that only this thread can read are sent with the task.
    const frames = allocateFrames(scan.dtype, partition.positions.length * scan.dataset.frameLength);
    await readRuns(scan.dataset, partition.runs, frames, this.#signal);
    return { ...base, argument: { ...own, frames } };
  }

  /** Merges the results of a task, whose memory later ones use. */
  merge(partition: Partition, found: readonly Arrays[]): void {
    this.#run.merge(partition, found);
    this.#memory?.give(found);
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

async function* onExecutor(
  run: Run,
  codes: Codes,
  { taskTimeoutS }: Engine,
  executor: Executor,
  signal: AbortSignal | undefined,
): AsyncGenerator<Step, void> {
  const tasks = new Tasks(run, codes, executor, signal);
  async function* source(): AsyncGenerator<Task> {
    for (const partition of run.partitions) yield await tasks.of(partition);
  }
  // Enough tasks to keep the workers busy, but no more, since results are as large as frames.
  const window = Math.max(2, 3 * executor.slots);
  for await (const { index, value } of executor.run<Arrays[]>(source(), {
    window,
    everywhere: true,
    ...(taskTimeoutS !== undefined && { taskTimeoutS }),
    ...(signal && { signal: signal as never }),
  })) {
    const partition = run.partitions[index] as Partition;
    tasks.merge(partition, value);
    yield { partition };
  }
}

/** Processes the frames of a live scan as they arrive. */
async function* live(
  run: Run,
  codes: Codes,
  engine: Engine,
  signal: AbortSignal | undefined,
): AsyncGenerator<Step, void> {
  const { scan, shape } = run;
  const { executor } = engine;
  const acquisition = scan.live as NonNullable<typeof scan.live>;
  if (executor && (executor.kind === 'delayed' || executor.kind === 'mpi'))
    throw new EwaldError(
      'Unsupported',
      `the frames of ${scan.name} arrive at one process, so a live scan cannot run on ${executor.kind}; use inline ` +
        'or workers',
    );
  if (shape.selection.count === 0) return;
  acquisition.claim(run.latest);
  const stop = (): void => acquisition.stop();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    yield* !executor || executor.kind === 'inline'
      ? liveOnThisThread(run, acquisition, codes, engine, signal)
      : liveOnExecutor(run, acquisition, codes, engine, executor, signal);
    checkSignal(signal);
    run.finish();
  } finally {
    signal?.removeEventListener('abort', stop);
    acquisition.stop();
  }
}

/** Writes frames that have arrived. */
async function recordArrived(
  { scan }: Run,
  { frames, indices }: ArrivedFrames,
  recorder: FrameRecorder | undefined,
): Promise<void> {
  await recorder?.write(
    indices.map((index) => index - scan.sync.syncOffset),
    frames,
  );
}

async function* liveOnThisThread(
  run: Run,
  acquisition: Acquisition,
  codes: Codes,
  engine: Engine,
  signal: AbortSignal | undefined,
): AsyncGenerator<Step, void> {
  const { meta, corrections } = run;
  const { inputDtype: _, ...known } = meta;
  const sizes = partitionSizes(run);
  const passes = new Passes(engine.context, 0, { codes, ...sizes });
  const bare = run.parts.map(({ udf }) => udf);
  const size = await passes.pieceFor(bare, sizes, true);
  const counts = run.watchCounts();
  // Kernels are loaded while the first frames arrive.
  if (run.parts.some(({ udf }) => udf.definition.kernel)) engine.context().catch(() => undefined);
  try {
    for (let index = 0; ; ) {
      const arrived = await acquisition.take();
      if (!arrived) return;
      try {
        await recordArrived(run, arrived, engine.recorder);
        const found = livePartition(run, arrived, index);
        if (!found) continue;
        index++;
        const { partition, frames } = found;
        const udfs = run.parts.map(({ udf, params }) => ({ udf, params }));
        const job = { partition, udfs, meta: known, corrections, counts, pieces: piecesIn(frames, partition, size) };
        const merged = await runPartition(job, { signal, passes });
        run.addReplaced(counts?.taken());
        run.merge(partition, merged);
        passes.reuse(merged, run.held);
        yield { partition };
      } finally {
        acquisition.give(arrived);
      }
    }
  } finally {
    await passes.dispose();
  }
}

async function* liveOnExecutor(
  run: Run,
  acquisition: Acquisition,
  codes: Codes,
  { taskTimeoutS, recorder }: Engine,
  executor: Executor,
  signal: AbortSignal | undefined,
): AsyncGenerator<Step, void> {
  const tasks = new Tasks(run, codes, executor, signal);
  const underWay: { readonly partition: Partition; readonly arrived: ArrivedFrames }[] = [];
  let failure: { readonly error: unknown } | undefined;
  async function* source(): AsyncGenerator<Task> {
    for (;;) {
      let arrived: ArrivedFrames | undefined;
      try {
        arrived = await acquisition.take();
        if (arrived) await recordArrived(run, arrived, recorder);
      } catch (error) {
        arrived = undefined;
        // The tasks of the frames that did arrive are finished first.
        failure = { error };
      }
      if (!arrived) return;
      const found = livePartition(run, arrived, underWay.length);
      if (!found) {
        acquisition.give(arrived);
        continue;
      }
      underWay.push({ partition: found.partition, arrived });
      yield await tasks.of(found.partition, found.frames);
    }
  }
  const options = {
    window: Math.max(2, 2 * executor.slots),
    ...(taskTimeoutS !== undefined && { taskTimeoutS }),
    ...(signal && { signal: signal as never }),
  };
  for await (const { index, value } of executor.run<Arrays[]>(source(), options)) {
    const { partition, arrived } = underWay[index] as (typeof underWay)[number];
    delete underWay[index];
    tasks.merge(partition, value);
    acquisition.give(arrived);
    yield { partition };
  }
  if (failure) throw failure.error;
}

async function* delayed(
  run: Run,
  codes: Codes,
  engine: Engine,
  executor: Executor,
  signal: AbortSignal | undefined,
): AsyncGenerator<Step, void> {
  if (!engine.delayedOn)
    throw new EwaldError(
      'Argument',
      "a delayed context computes on another executor; pass makeWith('delayed', { on })",
    );
  const on = await engine.delayedOn();
  const tasks = new Tasks(run, codes, on, signal);
  async function* source(): AsyncGenerator<Task> {
    for (const partition of run.partitions) yield await tasks.of(partition);
  }
  const noted: unknown[] = [];
  for await (const { value } of executor.run(source(), signal ? { signal: signal as never } : {})) noted.push(value);
  const { taskTimeoutS } = engine;
  const limits = { ...(taskTimeoutS !== undefined && { taskTimeoutS }) };
  const found = (await compute(noted, { on, ...limits, ...(signal && { signal: signal as never }) })) as Arrays[][];
  for (const partition of run.partitions) {
    run.merge(partition, found[partition.index] as Arrays[], { delayed: true });
    yield { partition };
  }
}
