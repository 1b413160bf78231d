/** What inputs of a merge contain, and what of it is not used. */

/** Why rows of a list of reflections are not used, in the order of the columns of `Observations.rejected`. */
export const rejections = [
  'notFinite',
  'withoutSigma',
  'saturated',
  'beyondResolution',
  'belowSnr',
  'impossible',
] as const;

/** Counts of a scan. Rejected rows of the crystals that are kept are in `Observations.rejected`, until they are merged. */
export interface ScanCounts {
  frames: number;
  /** Crystals without a list of reflections, or whose rows are all rejected. */
  empty: number;
  /** Crystals that lack their reciprocal cell or a wavelength above 0. */
  incomplete: number;
  /** Crystals whose stated cell is not that of their a*, b*, c*. */
  otherAxes: number;
  /** Crystals most of whose reflections are far from the Ewald sphere of their orientation and wavelength. */
  offSphere: number;
  /** Crystals whose resolution limit does not reach `minRes`. */
  tooCoarse: number;
  /** Crystals whose lists do not have the number of reflections that is stated; lines of them are lost. */
  miscounted: number;
  /** Crystals that leave their hand open: their reflections may have all indices inverted. None is left out for it. */
  openHands: number;
  /** Streams that end within a chunk; the truncated last frame is skipped. */
  truncated: number;
  /** Rows whose intensity or sigma is not finite. */
  notFinite: number;
  /** Rows whose sigma is not positive. */
  withoutSigma: number;
  /** Rows with a peak above `maxAdu`. */
  saturated: number;
  /** Rows beyond `pushRes`. */
  beyondResolution: number;
  /** Rows below `minSnr`. */
  belowSnr: number;
  /** Rows that no orientation brings onto the Ewald sphere, with 1/d above 2/λ, and rows of 0 0 0. */
  impossible: number;
}

/** Numbers of rows that are not used, by reason. */
export type RejectedRows = Pick<ScanCounts, (typeof rejections)[number]>;

export const noRejectedRows = (): RejectedRows => ({
  notFinite: 0,
  withoutSigma: 0,
  saturated: 0,
  beyondResolution: 0,
  belowSnr: 0,
  impossible: 0,
});

export const noCounts = (): ScanCounts => ({
  frames: 0,
  empty: 0,
  incomplete: 0,
  otherAxes: 0,
  offSphere: 0,
  tooCoarse: 0,
  miscounted: 0,
  openHands: 0,
  truncated: 0,
  ...noRejectedRows(),
});

/** Adds other counts in place. */
export function addCounts(sums: ScanCounts, more: Partial<ScanCounts>): ScanCounts {
  for (const name of Object.keys(sums) as (keyof ScanCounts)[]) sums[name] += more[name] ?? 0;
  return sums;
}

/** The sums of rows that were rejected of crystals. */
export function rejectedRows(rejected: Uint32Array): RejectedRows {
  const sums = noRejectedRows();
  for (const [i, count] of rejected.entries()) {
    const reason = rejections[i % rejections.length];
    if (reason) sums[reason] += count;
  }
  return sums;
}
