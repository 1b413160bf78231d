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

/** Pixels of a frame on a device come back in squares of this many to a side, numbered row by row. */
export const tileSide = 8;

/** Memory on a device for a frame that is sent packed, and decoded and kept there. It serves finders of one context. */
export interface DeviceFrame {
  /** Memory for at least so many packed bytes, which the device reads in place; that of an earlier call is not used again. */
  memory(bytes: number): Uint8Array;
  /** Copies tiles to their places in a whole frame; its other pixels stay as they are. */
  tiles(tiles: Uint32Array, into: Frame): Promise<void>;
  /** Allows the plan to lend it again. */
  giveBack(): void;
}

/** A frame as a chunk of bitshuffle and LZ4 without bad pixels of its own, and the memory into which it is decoded. */
export interface PackedRun extends Omit<PeaksRun, 'frame' | 'bad'> {
  readonly chunk: Uint8Array;
  readonly into: DeviceFrame;
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
  /** Lends memory for a frame that its device decodes; absent if that does not decode. Throws `OutOfMemory`. */
  hold?(): Promise<DeviceFrame>;
  /** Whether its device is the CPU itself, where decoding never pays. */
  readonly isSoftware?: boolean;
  /** Like `run`; a chunk that it refuses with `Format` or `Limit` may be one that cores decode. */
  runPacked?(run: PackedRun): Promise<Uint8Array>;
}

/** Peak finders of a backend. */
export type PeaksOp = Op<PeaksDescriptor, PeaksKernel>;
