/**
 * Every bound of the case tables, with its reason. Nothing else may hold one.
 *
 * A bound is loosened here only, and only by what a device can do (a missing precision, flushed subnormals), never by a backend's name.
 */

/** The largest error that passes. */
export interface Bound {
  readonly limit: number;
  readonly unit: string;
  readonly reason: string;
}

/** Integer work: the same count everywhere. */
export const exactCount: Bound = {
  limit: 0,
  unit: 'points',
  reason: 'Philox and the in-circle test are integer arithmetic, so no device may differ by one point',
};

/** The same computation on the same backend: the same bytes. */
export const sameBytes: Bound = {
  limit: 0,
  unit: 'bytes',
  reason: 'images of a batch are independent and candidates are ranked by (score, index), so neither order nor company may change a bit',
};
