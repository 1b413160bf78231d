/** The tasks of a run for an executor: `{ module: 'udf', function: 'partition' }`, which task.ts processes. */

import { EwaldError } from '../../base/errors.js';
import type { Executor } from '../../executors/executor.js';
import type { Task } from '../../executors/task.js';
import { allocateFrames } from '../../io/data/dtype.js';
import type { Arrays } from '../functions/dtypes.js';
import type { AnyUdf } from '../functions/udf.js';
import type { WasmCode } from '../wasm/code.js';
import type { RunDescription } from './description.js';
import { readRuns } from './frames-of.js';
import type { Job } from './partitions.js';
import type { LentMemory } from './result-memory.js';
import type { Run } from './run.js';

/** Sends shared values to the tasks of a run: once, and again when parameters change. */
export class Tasks {
  readonly #run: Run;
  readonly #codes: ReadonlyMap<AnyUdf, WasmCode>;
  readonly #executor: Executor;
  readonly #signal: AbortSignal | undefined;
  readonly #memory: LentMemory | undefined;
  #params: readonly unknown[] = [];
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
      this.#shared = this.#executor.share(this.#description());
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
        ...(scan.source ? source : { frames: frames ?? (await this.#read(partition)) }),
      },
    };
  }

  /** Takes the memory of results back, which are merged. */
  reuse(found: readonly Arrays[]): void {
    this.#memory?.give(found);
  }

  /** Frames that only this thread can read, which are sent with the task. */
  async #read({ positions, runs }: Job['partition']) {
    const { dtype, dataset } = this.#run.scan;
    const frames = allocateFrames(dtype, positions.length * dataset.frameLength);
    await readRuns(dataset, runs, frames, this.#signal);
    return frames;
  }

  #description(): RunDescription {
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
