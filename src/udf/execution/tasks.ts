/** The tasks of a run for an executor: `{ module: 'udf', function: 'partition' }`, which task.ts processes. */

import { type FrameSums, sumsOfEnds } from '../../frames/frame-sums.js';
import { compute } from '../../parallel/delayed.js';
import type { Executor } from '../../parallel/executor.js';
import type { Task } from '../../parallel/task.js';
import { EwaldError } from '../../util/errors.js';
import type { Arrays } from '../functions/dtypes.js';
import type { AnyUdf } from '../functions/udf.js';
import type { WasmCode } from '../wasm/code.js';
import type { RunDescription } from './description.js';
import type { Engine, Execution, JobResults, Jobs } from './execution.js';
import { readRuns } from './frames-of.js';
import type { Job } from './partitions.js';
import type { LentMemory } from './result-memory.js';
import type { Run } from './run.js';

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
  { run, codes, engine: { delayedOn }, signal }: Execution,
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
function computing(delayedOn: Engine['delayedOn']): Promise<Executor> {
  if (delayedOn) return delayedOn();
  throw new EwaldError('Argument', "a delayed context computes on another executor; pass makeWith('delayed', { on })");
}
