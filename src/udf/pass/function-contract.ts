/** What a backend does for a user's function over frames: WGSL, so WebGPU alone. */
import type { Op } from '../../backends/feature.js';
import type { Disposable } from '../../base/resource.js';
import type { FrameArray } from '../../data/dtype.js';
import type { PassDtype } from '../contract.js';

/** Numbers of a result on a device. */
export type FunctionArray = Float32Array | Int32Array | Uint32Array;

/** A result of the function: `nav` has `numbers` a frame, `group` as many in all. */
export interface FunctionResult {
  readonly name: string;
  readonly kind: 'nav' | 'group';
  readonly type: 'f32' | 'i32' | 'u32';
  readonly numbers: number;
}

/** Data that the function reads: `nav` has `numbers` a frame, `fixed` as many in all. */
export interface FunctionTable {
  readonly name: string;
  readonly kind: 'nav' | 'fixed';
  readonly numbers: number;
}

/** A function over frames, checked. */
export interface FunctionDescriptor {
  /** Name in messages. */
  readonly name: string;
  /** WGSL that has `fn process_frame(lane: u32)`. */
  readonly source: string;
  readonly dtype: PassDtype;
  readonly width: number;
  readonly height: number;
  readonly results: readonly FunctionResult[];
  /** Names of its numbers, `params.NAME` in WGSL. */
  readonly params: readonly string[];
  readonly tables: readonly FunctionTable[];
}

/** One run, checked. */
export interface FunctionRun {
  readonly frames: FrameArray;
  readonly count: number;
  /** Flat scan position of each frame. */
  readonly positions: Uint32Array;
  readonly params: Float32Array;
  /** In the order of the descriptor; of kind nav for `count` frames. */
  readonly tables: readonly Float32Array[];
  /**
   * In the order of the descriptor: what results begin with. Those of kind nav, for `count` frames, are written; the
   * others stay as they are.
   */
  readonly results: readonly FunctionArray[];
}

/** A planned function. */
export interface FunctionKernel extends Disposable {
  readonly bytes: number;
  /** Gives the results of kind group, in their order, of each group of frames that had some. */
  run(run: FunctionRun): Promise<readonly (readonly FunctionArray[])[]>;
}

/** Functions of a backend. */
export type FunctionOp = Op<FunctionDescriptor, FunctionKernel>;
