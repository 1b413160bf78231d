/** The merging operations of a backend: sums over the observations of some crystals, and the refinement of these. */

import type { Op } from '../compute/backends/feature.js';
import type { Disposable } from '../util/resource.js';

/** Largest sizes that a call of a plan may have. */
export interface MergingDescriptor {
  readonly unique: number;
  readonly crystals: number;
  readonly observations: number;
}

/**
 * A block of crystals with their parameters; see ewald_merging_columns and ewald_merging_fit in cpp/include/ewald.h.
 */
export interface MergingBlock {
  /** The layout's MergingPass, packed. */
  readonly pass: Uint8Array;
  /** Gain, square of the proportional error, centres of the priors of ln G and ln r. */
  readonly numbers: Float64Array;
  /** h, k, l, intensity, sigma, ids, offsets (from 0 on), reciprocal, wavelengths, bandwidths. */
  readonly columns: readonly ArrayBufferView[];
  /** [crystals][5], written by a refinement. */
  readonly parameters: Float64Array;
  readonly weights: Float64Array;
  readonly selected: Uint8Array;
  /** [unique] intensities; undefined: sums use the stated sigmas. */
  readonly model: Float64Array | undefined;
}

/** The merge that a refinement reads, and the arrays that it writes. */
interface RefinementArrays {
  readonly numerator: Float64Array;
  readonly information: Float64Array;
  /** [crystals] */
  readonly deviation2: Float64Array;
  /** [crystals] */
  readonly compared: Uint32Array;
  /** [observations]; `refine` returns how many were written. */
  readonly excess: Float64Array;
}

/** Passes over blocks of crystals. */
export interface MergingKernel extends Disposable {
  readonly bytes: number;
  /** Number of blocks that may be in progress at a time. */
  readonly atOnce: number;
  /** Writes [unique][width] sums. */
  sum(block: MergingBlock, sums: Float64Array): Promise<void>;
  /** Refines the block's crystals; returns how many numbers of `excess` were written. */
  refine(block: MergingBlock, arrays: RefinementArrays): Promise<number>;
}

/** Merging on a backend. */
export type MergingOp = Op<MergingDescriptor, MergingKernel>;
