/**
 * Describes how the core computes a UDF of the package: the steps of a pass over the frames, and the derivation of the
 * results from its sums.
 */

import type { FrameArray } from '../../bytes/dtype.js';
import type { Disposable } from '../../util/resource.js';
import type { PassStep } from '../pass/pass.js';
import type { BufferDeclarations, Views } from './buffers.js';
import type { Arrays } from './dtypes.js';
import type { PartitionMeta } from './udf-meta.js';

/** The sums of one UDF's steps for a partition. */
export interface KernelSums {
  /** [frames, columns] of the UDF's own steps: sums of each frame. */
  readonly nav: Float64Array;
  readonly columns: number;
  /** Planes of the UDF's own steps, one element per pixel. */
  readonly sig: readonly Float64Array[];
  readonly frames: number;
}

/** The part of a pass that belongs to one UDF. */
export interface KernelPart<B extends BufferDeclarations = BufferDeclarations> {
  readonly steps: readonly PassStep[];
  /** The results that its planes are, one for each: the memory of the sums becomes theirs. */
  readonly planes?: readonly (keyof B & string)[] | undefined;
  /** Writes the other sums into the results of the partition; nav views cover the frames that exist. */
  readonly finish?: ((sums: KernelSums, results: Views<B>) => void) | undefined;
}

/** Gives the sums of a partition to the results of a part. */
export function finishPart(part: KernelPart, sums: KernelSums, results: Arrays): void {
  // What a part derives from its planes is in them afterwards.
  part.finish?.(sums, results as never);
  for (const [i, name] of (part.planes ?? []).entries()) results[name] = sums.sig[i] as Float64Array;
}

// Work of the core other than sums of a pass, as a UDF defines it; passes.ts plans and runs it.

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
