/** The UDFs of a run: checked, with memory for their results, and with what these ask of the partitions. */

import { EwaldError } from '../../util/errors.js';
import { auxOf, checkAux } from '../functions/aux.js';
import { allocateViews, type BufferDeclarations, checkDeclarations, type RunShape } from '../functions/buffers.js';
import { callMethod, declarationsOf, withMethod } from '../functions/call-method.js';
import type { Arrays } from '../functions/dtypes.js';
import type { AnyUdf, UdfMeta } from '../functions/udf.js';
import { partitionMeta } from '../functions/udf-meta.js';
import { RunningUdf } from './running-udf.js';

/** One UDF of a run. */
export interface PlannedUdf {
  readonly udf: AnyUdf;
  params: Readonly<Record<string, unknown>>;
  readonly declarations: BufferDeclarations;
  readonly arrays: Arrays;
  /** Results of the partitions, kept for `mergeAll`. */
  readonly kept: Arrays[];
}

/** Rejects a UDF whose partial results cannot be merged. */
function checkMerge({ definition }: AnyUdf, declarations: BufferDeclarations): void {
  if (definition.merge || definition.mergeAll) return;
  const others = Object.entries(declarations).filter(([, { kind, use }]) => kind !== 'nav' && use !== 'resultOnly');
  if (others.length > 0)
    throw new EwaldError(
      'Argument',
      `the UDF ${definition.name} has no merge: results of kind nav are stored by position, but ${others
        .map(([name, { kind }]) => `${name} is ${kind}`)
        .join(' and ')}; define how parts are combined, such as merge({ dest, src }) { … }`,
    );
}

/** Rejects `latest` where it would leave positions without results. */
function checkLatest({ definition }: AnyUdf, declarations: BufferDeclarations): void {
  const [name] = Object.entries(declarations).find(([, { kind }]) => kind === 'nav') ?? [];
  if (name !== undefined)
    throw new EwaldError(
      'Argument',
      `latest: the UDF ${definition.name} has one result per scan position (${name}), and some frames would be ` +
        'skipped; run it without latest',
    );
}

/** The UDFs of a run before its first partition. Throws `Shape`, `Argument` before anything is allocated. */
export function plannedParts(
  udfs: readonly AnyUdf[],
  meta: UdfMeta,
  shape: RunShape,
  latest: boolean,
): readonly PlannedUdf[] {
  const parts = udfs.map((anyUdf): PlannedUdf => {
    const udf = withMethod(anyUdf, anyUdf.params, meta);
    const declarations = declarationsOf(udf, meta, udf.params);
    checkDeclarations(udf.definition.name, declarations);
    checkMerge(udf, declarations);
    if (latest) checkLatest(udf, declarations);
    checkAux(udf.definition.name, udf.params, shape);
    return { udf, params: udf.params, declarations, arrays: {}, kept: [] };
  });
  for (const { udf, params, declarations, arrays } of parts) {
    Object.assign(arrays, allocateViews(declarations, meta.frames, meta.sig));
    const { definition } = udf;
    if (!definition.preprocess) continue;
    // It initialises the whole results before any partition is merged, and sees the run as partition -1.
    const positions = shape.selection.positions ?? Uint32Array.from({ length: meta.frames }, (_, i) => i);
    const whole = partitionMeta(meta, { index: -1, first: 0, count: meta.frames, positions });
    const { scope } = new RunningUdf(udf, auxOf(params, positions), whole, { declarations, arrays });
    const where = 'preprocess of the run';
    callMethod(definition.name, 'preprocess', () => definition.preprocess?.(scope as never), where, arrays);
  }
  return parts;
}
