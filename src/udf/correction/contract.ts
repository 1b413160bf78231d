/** The contract of corrections with a backend: dark frame, gain and bad pixels of several frames at a time. */

import type { FrameArray } from '../../bytes/dtype.js';
import type { Op } from '../../compute/backends/feature.js';
import type { Disposable } from '../../util/resource.js';
import type { PassDtype } from '../contract.js';

/** The tables of a correction, already validated; those that are absent do nothing. */
export interface CorrectionDescriptor {
  /** The layout's CorrectionDescriptor, packed. */
  readonly fields: Uint8Array;
  readonly pixels: number;
  readonly dtype: PassDtype;
  readonly bytesOfNumber: number;
  /** Whether results are float64. */
  readonly wide: boolean;
  readonly dark: Float64Array | undefined;
  readonly gain: Float64Array | undefined;
  /** Nonzero where a pixel is bad in every frame. */
  readonly mask: Uint8Array | undefined;
  /** Largest and smallest valid value, then the markers. */
  readonly limits: Float64Array;
  /** Whether a value can be bad in itself. */
  readonly limited: boolean;
  readonly nanIsBad: boolean;
  /** The panel within which bad pixels are replaced by their neighbours. */
  readonly panel: { readonly width: number; readonly height: number } | undefined;
  /** Host threads, 0: one per core. */
  readonly threads: number;
}

/** One run, already validated. The arrays belong to the caller. */
interface CorrectionRun {
  /** [count, pixels] */
  readonly frames: FrameArray;
  readonly count: number;
  /** [count, pixels] */
  readonly out: Float32Array | Float64Array;
}

/** Planned corrections. */
export interface CorrectionKernel extends Disposable {
  readonly bytes: number;
  run(run: CorrectionRun): Promise<void>;
}

/** Corrections of a backend. */
export type CorrectionOp = Op<CorrectionDescriptor, CorrectionKernel>;
