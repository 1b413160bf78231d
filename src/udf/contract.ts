/** The udf contract of a backend: passes over frames. */

import type { FrameArray } from '../bytes/dtype.js';
import type { ArrayMemory } from '../compute/arrays/contract.js';
import type { Op } from '../compute/backends/feature.js';
import type { udfNumbers, udfStepKinds } from '../compute/layout/udf.js';
import type { Disposable } from '../util/resource.js';

/** Dtypes of frames that a pass accepts. */
export type PassDtype = keyof typeof udfNumbers;

/** Sizes of a pass, already validated. */
export interface UdfDescriptor {
  /** The layout's UdfDescriptor, packed. */
  readonly fields: Uint8Array;
  /** The layout's UdfStep for each step, packed. */
  readonly steps: Uint8Array;
  /** Spans and sparse masks of the steps. */
  readonly indices: Uint32Array;
  /** Weights in 32-bit words: a float64 weight has two and starts at an even one. */
  readonly weights: Float32Array;
  readonly kinds: readonly (keyof typeof udfStepKinds)[];
  readonly dtype: keyof typeof udfNumbers;
  readonly width: number;
  readonly height: number;
  readonly pixels: number;
  readonly bytesOfNumber: number;
  readonly columns: number;
  readonly planes: number;
  /** Pixels that any step reads: [first, end). */
  readonly seen: { readonly first: number; readonly end: number };
  /** Host threads, 0: one per core. */
  readonly threads: number;
  /** Whether frames are packed, and decoded where the pass is. */
  readonly isPacked?: boolean;
}

/** One run, already validated. The arrays belong to the caller and are read and written before the promise settles. */
export interface UdfRun {
  /** A typed array, or memory of the backend if the kernel accepts it. */
  readonly frames: FrameArray | ArrayMemory;
  readonly count: number;
  /** [count, columns] */
  readonly nav: Float64Array;
  /** [planes, pixels]; absent if further frames follow. */
  readonly sig: Float64Array | undefined;
  /** Whether the sums of pixels continue those of the run before. */
  readonly continues: boolean;
}

/** A planned pass. */
export interface UdfKernel extends Disposable {
  readonly bytes: number;
  /** Whether frames may be in memory of its backend. */
  readonly takesArrays: boolean;
  /** Whether sums of pixels may continue over several runs. */
  readonly takesPieces: boolean;
  run(run: UdfRun): Promise<void>;
}

/** Passes of a backend. */
export type UdfOp = Op<UdfDescriptor, UdfKernel>;
