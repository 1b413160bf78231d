/**
 * A partition of a run as a task of an executor: `{ module: 'udf', function: 'partition' }`; src/udf/engine.ts creates
 * them.
 */

import { EwaldError } from '../base/errors.js';
import { Corrections } from '../data/corrections.js';
import type { Dataset } from '../data/dataset.js';
import type { FrameArray } from '../data/dtype.js';
import type { OpenOptions } from '../data/open.js';
import type { TaskScope } from '../executors/task.js';
import { builtinUdfs } from './builtin/index.js';
import type { RunDescription } from './description.js';
import type { Arrays } from './dtypes.js';
import { runPartition } from './partition.js';
import type { Partition } from './partitions.js';
import { Passes } from './passes.js';
import type { UdfCore } from './room.js';
import { type AnyDefinition, type AnyUdf, asUdf, isUdf } from './udf.js';
import { codesFrom } from './wasm/code.js';

interface PartitionTask {
  readonly partition: Partition;
  readonly frames?: FrameArray;
  /** The frames are in memory that is shared with the thread that sent them. */
  readonly borrowed?: boolean;
  readonly blob?: { readonly blob: Blob; readonly options: OpenOptions };
}

/** The state that a worker keeps between the partitions of a run. */
interface Kept {
  readonly udfs: readonly { readonly udf: AnyUdf; readonly params: Readonly<Record<string, unknown>> }[];
  readonly corrections: Corrections | undefined;
  readonly passes: Passes;
  dataset: Promise<Dataset> | undefined;
  dispose(): Promise<void>;
}

/** Finds a UDF by name among the exports of its module. */
function find(exports: Readonly<Record<string, unknown>>, module: string, name: string): AnyUdf {
  for (const value of Object.values(exports)) {
    if (isUdf(value) && value.definition.name === name) return value;
    if (typeof value === 'object' && value !== null && (value as AnyDefinition).name === name && 'buffers' in value)
      return asUdf(value as AnyDefinition);
  }
  const found = Object.values(exports)
    .filter(isUdf)
    .map((udf) => udf.definition.name);
  throw new EwaldError(
    'Argument',
    `${module} exports no UDF named "${name}"; it has ${found.join(', ') || 'none'}. Is the UDF exported?`,
  );
}

async function keep(run: RunDescription, scope: TaskScope<UdfCore>): Promise<Kept> {
  const udfs = await Promise.all(
    run.udfs.map(async ({ module, name, params, wasm }) => {
      const known = module === 'ewald/udf' ? builtinUdfs.find(({ definition }) => definition.name === name) : undefined;
      return { udf: known ?? find(await scope.module(module), module, name), params, wasm };
    }),
  );
  const kept: Kept = {
    udfs,
    corrections: run.corrections && new Corrections(run.corrections),
    passes: new Passes(() => scope.context(), scope.threads, {
      codes: await codesFrom(udfs),
      largest: run.largest,
      slots: 1,
    }),
    dataset: undefined,
    async dispose() {
      await kept.passes.dispose();
      await (await kept.dataset?.catch(() => undefined))?.dispose();
    },
  };
  return kept;
}

/** Runs one partition; returns the arrays of each UDF. */
export async function partition(
  { partition: part, frames, borrowed = false, blob }: PartitionTask,
  scope: TaskScope<UdfCore>,
): Promise<Arrays[]> {
  const run = (await scope.input('run')) as RunDescription;
  const { hash } = scope.inputs.run as { readonly hash: string };
  const kept = await scope.keep(`udf ${hash}`, () => keep(run, scope));
  if (!frames) {
    kept.dataset ??= open(run, blob, scope);
    kept.dataset.catch(() => {
      kept.dataset = undefined;
    });
  }
  const from = frames ? { frames, borrowed } : { dataset: await (kept.dataset as Promise<Dataset>) };
  const arrays = await runPartition(
    { ...from, partition: part, udfs: kept.udfs, meta: run.meta, corrections: kept.corrections },
    { signal: scope.signal, passes: kept.passes },
  );
  // Cloned, not transferred: once a buffer has been detached in a thread, V8 checks every access to every typed array
  // there, and loops in users' functions become 30 % slower. A copy takes a millisecond for 4 MB.
  return arrays;
}

function open({ source }: RunDescription, blob: PartitionTask['blob'], scope: TaskScope<UdfCore>): Promise<Dataset> {
  if (blob) return scope.open(blob.blob as never, blob.options);
  if (source && 'path' in source) return scope.open(source.path, source.options);
  if (source) return scope.open(source.url, source.options);
  throw new EwaldError('Internal', 'a task of udf has neither frames nor a source to read them from');
}
