/** The contract of a backend for user functions over frames: WGSL, so WebGPU only. */

import type { FrameArray } from '../../bytes/dtype.js';
import type { Op } from '../../compute/backends/feature.js';
import type { Disposable } from '../../util/resource.js';
import type { PassDtype } from '../contract.js';

/** The numbers of a result on a device. */
export type FunctionArray = Float32Array | Int32Array | Uint32Array;

/** A result of the function: `nav` has `numbers` per frame, `group` that many in total. */
export interface FunctionResult {
  readonly name: string;
  readonly kind: 'nav' | 'group';
  readonly type: 'f32' | 'i32' | 'u32';
  readonly numbers: number;
}

/** Data that the function reads: `nav` has `numbers` per frame, `fixed` that many in total. */
export interface FunctionTable {
  readonly name: string;
  readonly kind: 'nav' | 'fixed';
  readonly numbers: number;
}

/** A function over frames, already validated. */
export interface FunctionDescriptor {
  /** Name in messages. */
  readonly name: string;
  /** WGSL that defines `fn process_frame(lane: u32)`. */
  readonly source: string;
  readonly dtype: PassDtype;
  readonly width: number;
  readonly height: number;
  readonly results: readonly FunctionResult[];
  /** Names of its numeric parameters, `params.NAME` in WGSL. */
  readonly params: readonly string[];
  readonly tables: readonly FunctionTable[];
}

/** One run, already validated. */
export interface FunctionRun {
  readonly frames: FrameArray;
  readonly count: number;
  /** Flat scan position of each frame. */
  readonly positions: Uint32Array;
  readonly params: Float32Array;
  /** In the order of the descriptor; those of kind nav hold `count` frames. */
  readonly tables: readonly Float32Array[];
  /**
   * Initial values of the results, in the order of the descriptor. Those of kind nav, for `count` frames, are written;
   * the others are not modified.
   */
  readonly results: readonly FunctionArray[];
}

/** A planned function. */
export interface FunctionKernel extends Disposable {
  readonly bytes: number;
  /** Returns the results of kind group, in order, of each group of frames that was not empty. */
  run(run: FunctionRun): Promise<readonly (readonly FunctionArray[])[]>;
}

/** Functions of a backend. */
export type FunctionOp = Op<FunctionDescriptor, FunctionKernel>;
