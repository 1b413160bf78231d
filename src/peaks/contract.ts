/** The peaks contract of a backend. */

import type { Op } from '../compute/backends/feature.js';
import type { finders, numbers } from '../compute/layout/peaks.js';
import type { Disposable } from '../util/resource.js';

/** Types of frames that are searched. */
export type FrameDtype = keyof typeof numbers;
/** How peaks are found. */
export type FinderName = keyof typeof finders;
/** A frame: one number per pixel, [ss, fs]. */
export type Frame = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array;

/** Sizes of a peak finder. */
export interface PeaksDescriptor {
  /** The layout's PeaksDescriptor, packed. */
  readonly fields: Uint8Array;
  readonly finder: FinderName;
  /** The layout's PeaksPanel for each panel, packed. */
  readonly panels: Uint8Array;
  /** Ring of every pixel; `maskedBin` is excluded. */
  readonly bins: Uint16Array;
  /** Number of rings. */
  readonly rings: number;
  readonly pixels: number;
  readonly bytesOfNumber: number;
  /** Whether rings are summed, and nothing is searched. */
  readonly sumsOnly: boolean;
}

/**
 * One frame, already validated. The arrays belong to the caller, and are read and written before the promise settles.
 */
export interface PeaksRun {
  readonly params: Uint8Array;
  readonly frame: Frame;
  readonly bad: Uint8Array | undefined;
  /** Limits of every ring: mean, sigma, lower, upper. */
  readonly limits: Float32Array | undefined;
  /** The sums of the rings, `sumsLength` numbers; see ring-sums.ts. */
  readonly sums?: Float64Array | undefined;
}

/**
 * Memory of a backend in which a frame is searched without being copied. It belongs to the plan.
 */
export interface BorrowedMemory {
  /** A new view of it; earlier ones may be detached by any work of the backend, but the bytes remain. */
  view(): Uint8Array;
  /** Allows the plan to lend it again. */
  giveBack(): void;
}

/** A planned peak finder. */
export interface PeaksKernel extends Disposable {
  /** What it holds now; it may grow with the number of peaks of a frame. */
  readonly bytes: number;
  /** Returns the peaks, packed, however many there are; the array belongs to the caller. */
  run(run: PeaksRun): Promise<Uint8Array>;
  /** Memory of the given size that it can read fastest, if that makes a difference. */
  memory?(bytes: number): Uint8Array | undefined;
  /** Lends memory for a frame, if frames of the caller would be copied. Throws `OutOfMemory`. */
  borrow?(): BorrowedMemory;
}

/** Peak finders of a backend. */
export type PeaksOp = Op<PeaksDescriptor, PeaksKernel>;
