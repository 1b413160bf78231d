/** Work of the core other than sums of a pass, as a UDF defines it; core-works.ts plans and runs it. */

import type { FrameArray } from '../../frames/dtype.js';
import type { Disposable } from '../../util/resource.js';
import type { Arrays } from '../functions/dtypes.js';
import type { PartitionMeta } from '../functions/udf-meta.js';

/** The planned work of a UDF. */
export interface CoreWork extends Disposable {
  /** Processes the frames of a partition; nav results and `aux` are those of its existing frames. */
  run(scope: {
    readonly frames: FrameArray;
    readonly count: number;
    readonly results: Arrays;
    readonly aux: Readonly<Record<string, unknown>>;
    readonly meta: PartitionMeta;
  }): Promise<void>;
}
