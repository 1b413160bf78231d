/** What a UDF of the package receives to compute its results from a scan in memory. */

import type { UdfMeta } from '../functions/udf-meta.js';
import type { UdfCore } from '../room.js';
import type { ResidentScan } from './resident.js';

/** Sums over the pixels of masks, at every position of the scan. */
export interface ResidentSums {
  /** The sums within a mask; masks are numbered in the order of the run. */
  sums(number: number, mask: ArrayLike<number>): Promise<Float64Array>;
  /** The moments within a mask, [positions, 3]. */
  moments(mask: ArrayLike<number>): Float64Array;
}

/** The argument of `resident` of a definition. */
export interface ResidentScope<P> {
  readonly params: P;
  readonly meta: UdfMeta;
  readonly scan: ResidentScan;
  readonly detectors: ResidentSums;
  readonly open: () => Promise<UdfCore>;
}
