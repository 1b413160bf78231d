/** What inputs of a merge contain, and what of it is not used. */

/** Counts of a scan. */
export interface ScanCounts {
  frames: number;
  crystals: number;
  /** Crystals without a list of reflections. */
  empty: number;
  /** Crystals that lack their reciprocal cell or wavelength. */
  incomplete: number;
  /** Crystals whose resolution limit does not reach `minRes`. */
  tooCoarse: number;
  /** Rows that were kept. */
  reflections: number;
  /** Rows whose intensity or sigma is not finite. */
  notFinite: number;
  /** Rows whose sigma is not positive. */
  withoutSigma: number;
  /** Rows with a peak above `maxAdu`. */
  saturated: number;
  /** Streams that end within a chunk; the truncated last frame is skipped. */
  truncated: number;
}

export const noCounts = (): ScanCounts => ({
  frames: 0,
  crystals: 0,
  empty: 0,
  incomplete: 0,
  tooCoarse: 0,
  reflections: 0,
  notFinite: 0,
  withoutSigma: 0,
  saturated: 0,
  truncated: 0,
});
