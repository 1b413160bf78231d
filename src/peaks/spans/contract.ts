/** Sums of counts over stretches of rows of frames: what a backend provides. */

import type { Op } from '../../compute/backends/feature.js';
import type { Disposable } from '../../util/resource.js';
import type { Frame } from '../contract.js';

/** What is summed of frames of integers; see `ewald_spans_sum` in cpp/include/ewald.h. */
export interface SpansDescriptor {
  /** The layout's SpansParams, packed, and a Span for each stretch. */
  readonly params: Uint8Array;
  readonly spans: Uint8Array;
  /** Least and greatest count. */
  readonly range: Float64Array;
  /** Of each stretch, above which counts are saturated. */
  readonly limits: Float64Array;
  /** The same of each pixel, if each has its own. */
  readonly saturation: Float32Array | undefined;
  readonly regions: number;
  readonly frameBytes: number;
}

/** Numbers of a region: pixels, maximum, sum, and in two words each the moments along fs and ss and the squares. */
export const spanWords = 9;

export interface SpansKernel extends Disposable {
  /** Writes `spanWords` numbers for each region. A frame is read in place where the backend can. */
  sum(frame: Frame, sums: BigInt64Array): void;
}

/** Sums over stretches of rows on a backend. */
export type SpansOp = Op<SpansDescriptor, SpansKernel>;

/** Of a context: plans such sums. @internal */
export const planSpans = Symbol.for('ewald.planSpans');

export interface PlansSpans {
  [planSpans](descriptor: SpansDescriptor): Promise<SpansKernel>;
}
