/**
 * Executes a run: partitions in sequence on this thread with prefetching, or as tasks of an executor; merged in order.
 */

import { EwaldError } from '../base/errors.js';
import { checkSignal } from '../base/options.js';
import { allocateFrames } from '../data/dtype.js';
import { compute } from '../executors/delayed.js';
import type { Executor } from '../executors/executor.js';
import type { Task } from '../executors/task.js';
import type { RunDescription } from './description.js';
import type { Arrays } from './dtypes.js';
import { readRuns } from './frames-of.js';
import { runPartition } from './partition.js';
import type { Partition } from './partitions.js';
import { Passes } from './passes.js';
import type { UdfCore } from './room.js';
import type { Run } from './run.js';

/** The resources of a run. */
export interface Engine {
  /** Opens the context of this thread. */
  readonly context: () => Promise<UdfCore>;
  /** Absent for this thread. */
  readonly executor: Executor | undefined;
  /** Where delayed values are computed. */
  readonly delayedOn: (() => Promise<Executor>) | undefined;
}

/** One merged partition. */
export interface Step {
  readonly partition: Partition;
}

/** Executes a run; yields after each merged partition. */
export async function* steps(run: Run, engine: Engine, signal: AbortSignal | undefined): AsyncGenerator<Step, void> {
  checkSignal(signal);
  const { executor } = engine;
  if (!executor || executor.kind === 'inline') yield* here(run, engine, signal);
  else if (executor.kind === 'delayed') yield* delayed(run, engine, executor, signal);
  else yield* elsewhere(run, executor, signal);
}

async function* here(run: Run, engine: Engine, signal: AbortSignal | undefined): AsyncGenerator<Step, void> {
  const { scan, meta, corrections, partitions } = run;
  const { inputDtype: _, ...known } = meta;
  const passes = new Passes(engine.context, 0);
  const { dataset } = scan;
  // The next partition is read while this one is processed.
  const ahead = (index: number) => {
    const partition = partitions[index];
    if (!partition) return undefined;
    const frames = passes.spare.take(dataset.dtype, partition.positions.length * dataset.frameLength);
    const read = readRuns(dataset, partition.runs, frames, signal);
    read.catch(() => undefined);
    return { frames, read };
  };
  let next = ahead(0);
  try {
    for (const partition of partitions) {
      const current = next as NonNullable<typeof next>;
      await current.read;
      checkSignal(signal);
      next = ahead(partition.index + 1);
      const udfs = run.parts.map(({ udf, params }) => ({ udf, params }));
      const found = await runPartition(
        { partition, udfs, meta: known, corrections, frames: current.frames },
        { signal, passes },
      );
      run.merge(partition, found);
      yield { partition };
    }
  } finally {
    // Nothing may continue to read into memory after the run has ended.
    await next?.read.catch(() => undefined);
    await passes.dispose();
  }
}

/** Sends shared values to the tasks of a run: once, and again when parameters change. */
class Tasks {
  readonly #run: Run;
  readonly #executor: Executor;
  #params: unknown;
  #shared: Promise<{ readonly hash: string }> | undefined;

  constructor(run: Run, executor: Executor) {
    this.#run = run;
    this.#executor = executor;
    for (const { udf } of run.parts)
      if (udf.definition.module === undefined)
        throw new EwaldError(
          'Argument',
          `the UDF ${udf.definition.name} does not state which module exports it, so it cannot run ` +
            `on ${executor.kind}; pass defineUdf({ module: import.meta.url, … }) and export it, or use the ` +
            'inline executor',
        );
  }

  async of(partition: Partition): Promise<Task> {
    const { parts, scan, meta, corrections } = this.#run;
    const params = parts.map((part) => part.params);
    const options = parts.map((part) => plain(part.params));
    if (!this.#shared || params.some((one, i) => one !== (this.#params as unknown[])[i])) {
      this.#params = params;
      const { inputDtype: _, ...known } = meta;
      const source = scan.source && !('blob' in scan.source) ? scan.source : undefined;
      this.#shared = this.#executor.share({
        udfs: parts.map(({ udf }, i) => ({
          module: String(udf.definition.module),
          name: udf.definition.name,
          params: options[i] as Readonly<Record<string, unknown>>,
        })),
        meta: known,
        source: source && plain(source),
        corrections: corrections && plain(corrections.options),
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
    if (scan.source) return { ...base, argument: { partition, ...(blob && { blob: plain(blob) }) } };
    // Frames that only this thread can read are sent with the task.
    const frames = allocateFrames(scan.dtype, partition.positions.length * scan.dataset.frameLength);
    await readRuns(scan.dataset, partition.runs, frames, undefined);
    return { ...base, argument: { partition, frames } };
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

async function* elsewhere(run: Run, executor: Executor, signal: AbortSignal | undefined): AsyncGenerator<Step, void> {
  const tasks = new Tasks(run, executor);
  async function* source(): AsyncGenerator<Task> {
    for (const partition of run.partitions) yield await tasks.of(partition);
  }
  // Enough tasks to keep the workers busy, but no more, since results are as large as frames.
  const window = Math.max(2, 3 * executor.slots);
  for await (const { index, value } of executor.run<Arrays[]>(source(), {
    window,
    everywhere: true,
    ...(signal && { signal: signal as never }),
  })) {
    const partition = run.partitions[index] as Partition;
    run.merge(partition, value);
    yield { partition };
  }
}

async function* delayed(
  run: Run,
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
  const tasks = new Tasks(run, on);
  async function* source(): AsyncGenerator<Task> {
    for (const partition of run.partitions) yield await tasks.of(partition);
  }
  const noted: unknown[] = [];
  for await (const { value } of executor.run(source(), signal ? { signal: signal as never } : {})) noted.push(value);
  const found = (await compute(noted, { on, ...(signal && { signal: signal as never }) })) as Arrays[][];
  for (const partition of run.partitions) {
    run.merge(partition, found[partition.index] as Arrays[], true);
    yield { partition };
  }
}
