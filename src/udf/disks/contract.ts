/** The contract of a backend for finding disks. */

import type { FrameArray } from '../../bytes/dtype.js';
import type { Op } from '../../compute/backends/feature.js';
import type { Disposable } from '../../util/resource.js';

/** Sizes of a disk finder, already validated. */
export interface DisksDescriptor {
  /** The layout's DisksDescriptor, packed. */
  readonly fields: Uint8Array;
  /** The pattern, [2 search, 2 search], or [height, width] for full correlation. */
  readonly pattern: Float32Array;
  readonly frameBytes: number;
  /** Numbers of a frame. */
  readonly pixels: number;
  /** Disks of a frame. */
  readonly peaks: number;
}

/** Disks of some frames; one row per frame and disk. */
export interface FoundDisks {
  /** Maxima of the correlation in whole pixels, (y, x). */
  readonly centers: Int32Array;
  /** The same, refined. */
  readonly refineds: Float32Array;
  /** Correlation at the maximum. */
  readonly heights: Float32Array;
  /** Slope of the steepest cone from the maximum that lies above the correlation. */
  readonly elevations: Float32Array;
}

/** One run, already validated. */
interface DisksRun {
  readonly frames: FrameArray;
  readonly count: number;
  /** Expected positions (y, x): of all frames, or of each of them. */
  readonly peaks: Int32Array;
  readonly each: boolean;
  readonly found: FoundDisks;
}

/** A planned disk finder. */
export interface DisksKernel extends Disposable {
  readonly bytes: number;
  run(run: DisksRun): Promise<void>;
}

/** Disk finders of a backend. */
export type DisksOp = Op<DisksDescriptor, DisksKernel>;
