/** What a backend does for pi: see ../backends/feature.ts for what every room has. */
import type { Op } from '../backends/feature.js';
import type { Disposable } from '../base/resource.js';

/** Sizes of a pi plan. */
export interface PiDescriptor {
  readonly threads: number;
}

/** A planned pi count; `params` is a packed PiParams. Points beyond `pointsPerCall` come in further calls. */
export interface PiKernel extends Disposable {
  readonly bytes: number;
  readonly pointsPerCall: number;
  count(params: Uint8Array): Promise<bigint>;
}

/** Counts of a backend. */
export type PiOp = Op<PiDescriptor, PiKernel>;
