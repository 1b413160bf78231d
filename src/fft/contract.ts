/** What a backend does for transforms. */

import type { ArrayMemory } from '../compute/arrays/contract.js';
import type { ExternalEngine } from '../compute/backends/engines.js';
import type { Op } from '../compute/backends/feature.js';
import type { PlatformSignal } from '../util/globals.js';
import type { Disposable } from '../util/resource.js';

/** A transform: the fields of the layout's FftDescriptor, and what follows from them. */
export interface FftDescriptor {
  readonly fields: Readonly<Record<string, number | readonly number[]>>;
  readonly rank: number;
  readonly shape: readonly number[];
  readonly kind: 'c2c' | 'r2c' | 'c2r' | 'real' | 'r2r';
  readonly precision: 'f32' | 'f64';
  readonly axes: readonly number[];
  /** The halved axis of r2c and c2r. */
  readonly reduced: number;
  /** An FftAxisKind an axis, for r2r. */
  readonly axisKinds: readonly number[];
  readonly batch: number;
  readonly inPlace: boolean;
  readonly userWorkspace: boolean;
  /** A side has explicit strides. */
  readonly strided: boolean;
  /**
   * A side holds parts of the axes only: inStart, inCount, outStart, outCount of the fields. A backend that cannot
   * reports it in `supports`.
   */
  readonly pruned: boolean;
  /** Whether an external engine times its choices. */
  readonly measure: boolean;
  /** Ends planning, where that takes its time. */
  readonly signal: PlatformSignal | undefined;
  readonly threads: number;
  readonly engine: 'ewald' | ExternalEngine;
  /** Lengths of what forward reads and writes, of one transform of the batch. */
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  /** Elements from the first to the last one that forward reads and writes, batch included. */
  readonly inputElements: number;
  readonly outputElements: number;
  readonly inputComplex: boolean;
  readonly outputComplex: boolean;
}

/** A side of a run: the caller's numbers, or memory of the same backend. */
export type FftSide = Float32Array | Float64Array | ArrayMemory;

/** Arrays of a plan that `executeNow` neither copies nor looks up; in place both are one. */
export interface FftNowArrays {
  /** What forward reads and writes; of length 0 once their memory has moved. */
  readonly input: Float32Array | Float64Array;
  readonly output: Float32Array | Float64Array;
  /** Transform from one to the other, without a factor, while neither has moved. */
  readonly forward: () => void;
  readonly backward: () => void;
}

/** A planned transform; its arrays have been checked and belong to the caller. */
export interface FftKernel extends Disposable {
  readonly bytes: number;
  /** Whether it supports `pruned` descriptors. */
  readonly prunes?: true;
  /** For runs on another thread: stops those in progress until it is called with false, and returns the fraction done. */
  readonly watch?: { stop(on: boolean): void; done(): number };
  /** Complex numbers of workspace that a run needs. */
  readonly workspaceElements: number;
  execute(
    direction: 'forward' | 'backward',
    input: Float32Array | Float64Array,
    output: Float32Array | Float64Array,
    scale: 'none' | 'full' | 'symmetric',
    workspace: Float32Array | Float64Array | undefined,
  ): Promise<void>;
  /**
   * Like `execute`, with at least one side in memory of this backend: that side is neither downloaded nor uploaded. In
   * place the same memory is passed twice. Absent if transforms accept no device arrays. With `wait` false and both
   * sides in memory of this backend, it may resolve on submission, provided that all later requests are ordered after
   * it.
   */
  executeOn?(
    direction: 'forward' | 'backward',
    input: FftSide,
    output: FftSide,
    scale: 'none' | 'full' | 'symmetric',
    workspace: Float32Array | Float64Array | undefined,
    wait?: boolean,
  ): Promise<void>;
  /**
   * As `executeOn`, done when it returns, on this thread. Nothing else of this plan is under way. Absent where the work
   * is another device's or another thread's.
   */
  executeNow?(
    direction: 'forward' | 'backward',
    input: FftSide,
    output: FftSide,
    scale: 'none' | 'full' | 'symmetric',
    workspace: Float32Array | Float64Array | undefined,
  ): void;
  /**
   * Records what `executeOn` submits into a GPUCommandEncoder of the caller's; both sides are memory of this backend.
   * Present where that is WebGPU on a device of the caller's.
   */
  readonly encode?:
    | ((
        encoder: object,
        direction: 'forward' | 'backward',
        input: FftSide,
        output: FftSide,
        scale: 'none' | 'full' | 'symmetric',
      ) => void)
    | undefined;
  /** Arrays for `executeNow`: the same ones until they have moved. Present where `executeNow` is. */
  nowArrays?(): FftNowArrays;
}

/** The transforms of a backend. */
export type FftOp = Op<FftDescriptor, FftKernel>;
