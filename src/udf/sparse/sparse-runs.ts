/** Runs over sparse frames: which of them need no dense frames, and how functions see a partition of them. */
import type { Corrections } from '../../frames/corrections.js';
import type { Dataset } from '../../frames/dataset.js';
import type { SparseFrames } from '../../frames/sparse.js';
import { convertFrames } from '../execution/pieces.js';
import type { RunningUdf } from '../execution/running-udf.js';
import { callMethod, kernelOf } from '../functions/call-method.js';
import type { BufferArray } from '../functions/dtypes.js';
import { finishPart, type KernelPart } from '../functions/kernel-part.js';
import type { AnyUdf } from '../functions/udf.js';
import type { UdfMeta } from '../functions/udf-meta.js';
import { isSparseStep, sparseSums } from './sums.js';

/** Whether a UDF sees sparse frames: by its own method, or since its sums only need the pixels that are listed. */
function seesSparse(udf: AnyUdf, params: unknown, meta: UdfMeta): boolean {
  const { definition } = udf;
  if (definition.processSparse !== undefined) return definition.wasm === undefined;
  const part = kernelOf(udf, params, meta);
  return part?.steps.every((step) => isSparseStep(step, meta)) ?? false;
}

/** Whether the frames of a dataset are processed without being made dense: if all UDFs of a run accept that. */
export const isSparseRun = (
  dataset: Dataset,
  udfs: readonly { readonly udf: AnyUdf; readonly params: unknown }[],
  meta: UdfMeta,
  corrections: Corrections | undefined,
): boolean =>
  dataset.readSparse !== undefined &&
  corrections === undefined &&
  udfs.every(({ udf, params }) => seesSparse(udf, params, meta));

/** Passes sparse frames [first, end) of a partition to its UDFs. */
export function showSparse(
  running: readonly RunningUdf[],
  frames: SparseFrames,
  first: number,
  end: number,
  meta: UdfMeta,
): void {
  const { datasetDtype, inputDtype, sig } = meta;
  const values = convertFrames(frames.values, datasetDtype, inputDtype, frames.values.length);
  const shown = { ...frames, values };
  for (const runningUdf of running) {
    const { definition } = runningUdf.udf;
    runningUdf.point(
      first,
      end,
      0,
      sig.reduce((a, b) => a * b, 1),
    );
    if (definition.processSparse === undefined) {
      const part = runningUdf.part ?? (kernelOf(runningUdf.udf, runningUdf.params, meta) as KernelPart);
      finishPart(part, sparseSums(part, shown, meta), runningUdf.written.views);
      for (const name of part.planes ?? []) runningUdf.arrays[name] = runningUdf.written.views[name] as BufferArray;
      continue;
    }
    Object.assign(runningUdf.scope, {
      ...shown,
      count: end - first,
      positions: runningUdf.meta.positions.subarray(first, end),
    });
    callMethod(
      definition.name,
      'processSparse',
      () => definition.processSparse?.(runningUdf.scope as never),
      `frames ${runningUdf.meta.positions[first]} to ${runningUdf.meta.positions[end - 1]}`,
      runningUdf.arrays,
    );
  }
}
