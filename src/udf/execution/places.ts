/** Where the partitions of a run are processed: on this thread, on an executor, or later on another one. */

import { EwaldError } from '../../base/errors.js';
import { checkSignal } from '../../base/options.js';
import { compute } from '../../executors/delayed.js';
import type { Executor } from '../../executors/executor.js';
import type { Task } from '../../executors/task.js';
import { framesInMemory } from '../../io/data/formats/memory.js';
import type { Arrays } from '../functions/dtypes.js';
import type { OpenCore } from '../functions/prepared.js';
import type { AnyUdf } from '../functions/udf.js';
import type { FrameRecorder } from '../scans/record.js';
import type { ReadFile, WasmCode } from '../wasm/code.js';
import type { Job } from './partitions.js';
import { PartitionProcessor } from './processor.js';
import type { Run } from './run.js';
import { Tasks } from './tasks.js';

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

/** A run, the modules of its UDFs and the resources for it. */
interface Execution {
  readonly run: Run;
  readonly codes: ReadonlyMap<AnyUdf, WasmCode>;
  readonly engine: Engine;
  readonly signal: AbortSignal | undefined;
}

type Jobs = Iterable<Job> | AsyncIterable<Job>;
type Results = AsyncGenerator<readonly Arrays[], void>;

/** The results of jobs in their order; their memory is used again when the next ones are requested. */
export function resultsOf(jobs: Jobs, execution: Execution): Results {
  const { executor } = execution.engine;
  if (!executor || executor.kind === 'inline') return resultsHere(jobs, execution);
  return resultsOnExecutor(jobs, execution, executor);
}

async function* resultsHere(jobs: Jobs, { run, codes, engine, signal }: Execution): Results {
  const { scan, parts, meta, corrections, limits, sizes } = run;
  const isInMemory = scan.live !== undefined || framesInMemory(scan.dataset) !== undefined;
  const { dataset } = scan;
  const work = { meta, corrections, limits, dataset, codes, ...sizes, isInMemory };
  const processor = new PartitionProcessor(work, engine.context, 0);
  // Kernels are loaded while the first frames arrive.
  if (scan.live && parts.some(({ udf }) => udf.definition.kernel)) engine.context().catch(() => undefined);
  try {
    processor.passes.modules.open(parts, meta);
    const reader = await processor.reader(run.partitions, parts, signal);
    try {
      for await (const { partition, frames } of jobs) {
        checkSignal(signal);
        const udfs = parts.map(({ udf, params }) => ({ udf, params }));
        const found = await processor.process({ partition, frames }, udfs, reader, signal);
        yield found;
        processor.passes.reuse(found, run.held);
      }
    } finally {
      // Nothing may continue to read into memory after the run has ended.
      await reader.dispose();
    }
  } finally {
    await processor.dispose();
  }
}

async function* resultsOnExecutor(
  jobs: Jobs,
  { run, codes, engine: { taskTimeoutS, delayedOn }, signal }: Execution,
  executor: Executor,
): Results {
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
