/** The interface of a backend for pi; ../compute/backends/feature.ts describes the parts common to all rooms. */

import type { Op } from '../compute/backends/feature.js';
import type { Disposable } from '../util/resource.js';

/** Sizes of a pi plan. */
interface PiDescriptor {
  readonly threads: number;
}

/** A planned pi count; `params` is a packed PiParams. More than `pointsPerCall` points take several calls. */
export interface PiKernel extends Disposable {
  readonly bytes: number;
  readonly pointsPerCall: number;
  count(params: Uint8Array): Promise<bigint>;
}

/** Pi counts of a backend. */
export type PiOp = Op<PiDescriptor, PiKernel>;
