/** A run that is executed: the resources for it, the partitions to be processed, and their results. */

import type { Executor } from '../../parallel/executor.js';
import type { Arrays } from '../functions/dtypes.js';
import type { OpenCore } from '../functions/prepared.js';
import type { AnyUdf } from '../functions/udf.js';
import type { ReadFile, WasmCode } from '../wasm/code.js';
import type { Job } from './partitions.js';
import type { Run } from './run.js';

/** The resources of runs. */
export interface Engine {
  /** Opens the context of this thread, or one that computes on the CPU. */
  readonly context: OpenCore;
  /** Reads a file URL; absent in browsers. */
  readonly readFile?: ReadFile | undefined;
  /** Absent for this thread. */
  readonly executor?: Executor | undefined;
  /** Where delayed values are computed. */
  readonly delayedOn?: (() => Promise<Executor>) | undefined;
}

/** A run, the modules of its UDFs and the resources for it. */
export interface Execution {
  readonly run: Run;
  readonly codes: ReadonlyMap<AnyUdf, WasmCode>;
  readonly engine: Engine;
  readonly signal: AbortSignal | undefined;
}

export type Jobs = Iterable<Job> | AsyncIterable<Job>;
/** The results of jobs in their order; their memory is used again when the next ones are requested. */
export type JobResults = AsyncGenerator<readonly Arrays[], void>;
