/** How a UDF of the package is done by the core: the steps of a pass over the frames, and what their sums become. */

import type { BufferDeclarations, Views } from './buffers.js';
import type { PassStep } from './pass/pass.js';

/** What the steps of one UDF gave for a partition. */
export interface KernelSums {
  /** [frames, columns] of the UDF's own steps: sums of each frame. */
  readonly nav: Float64Array;
  readonly columns: number;
  /** Planes of the UDF's own steps, each an element a pixel. */
  readonly sig: readonly Float64Array[];
  readonly frames: number;
}

/** The part of a pass that one UDF needs. */
export interface KernelPart<B extends BufferDeclarations = BufferDeclarations, T = unknown> {
  readonly steps: readonly PassStep[];
  /** Writes the sums into the results of the partition: nav views are of the frames that are there. */
  finish(sums: KernelSums, results: Views<B>, task: T): void;
}
