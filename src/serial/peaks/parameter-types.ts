// Generated from parameters.ts by `npm run layout`. Do not edit.

/** Parameters of one peak search; those of another finder are refused. */
export interface PeakSearchParameters {
  /**
   * Pixels at or below this value, as the file has it and whatever adu_per_photon is, are never part of a peak (zaef:
   * never start one). Units of the frame; -1e+30 … 1e+30; default 800 (dispersion, dispersion-extended: 0).
   */
  readonly threshold?: number | undefined;
  /**
   * Of peakfinder8, zaef. Signal-to-noise ratio of a peak at least; in peakfinder8 also that of a pixel over its
   * ring. 0 … 1e6; default 5.
   */
  readonly minSnr?: number | undefined;
  /**
   * Of peakfinder8, dispersion, dispersion-extended. Fewest pixels of a peak. 1 … 2147483648; default 2 (dispersion,
   * dispersion-extended: 3).
   */
  readonly minPixCount?: number | undefined;
  /**
   * Of peakfinder8, dispersion, dispersion-extended. Most pixels of a peak. 1 … 2147483648; default 200 (dispersion,
   * dispersion-extended: 1000).
   */
  readonly maxPixCount?: number | undefined;
  /** Of peakfinder8. The local background of a peak reaches twice as far from it. Pixels; 1 … 1024; default 3. */
  readonly localBgRadius?: number | undefined;
  /** Of zaef. Squared gradient at the foot of a peak at least. Squared units of the frame; 0 … 1e+30; default 1e5. */
  readonly minSquaredGradient?: number | undefined;
  /**
   * Of zaef. A peak lies within the first radius of its summit, its background between the other two. Pixels; 3,
   * rising, 1 … 64; default 4,5,7.
   */
  readonly peakRadius?: readonly [number, number, number] | undefined;
  /** Of dispersion, dispersion-extended. Units of the frame that one count makes. 1e-6 … 1e6; default 1. */
  readonly gain?: number | undefined;
  /**
   * Of dispersion, dispersion-extended. The window reaches this far to each side of its pixel; 3 is a window of 7 by
   * 7. Pixels; 1 … 64; default 3.
   */
  readonly kernelSize?: number | undefined;
  /**
   * Of dispersion, dispersion-extended. A window stands out where its variance over its mean exceeds that of counting
   * by this many sigmas. Sigmas; 0 … 1e6; default 6.
   */
  readonly sigmaBackground?: number | undefined;
  /**
   * Of dispersion, dispersion-extended. A pixel is strong where it exceeds the mean of its window by this many
   * sigmas. Sigmas; 0 … 1e6; default 3.
   */
  readonly sigmaStrong?: number | undefined;
  /** Of dispersion, dispersion-extended. Fewest good pixels of a window. 1 … 16641; default 2. */
  readonly minCount?: number | undefined;
  /**
   * Largest number of peaks of a frame: if more are found, those of the greatest intensity are kept. 1 … 1048576;
   * default all.
   */
  readonly maxPeaks?: number | undefined;
  /** Of peakfinder8. Also gives the statistics of the rings. Default false. */
  readonly rings?: boolean | undefined;
  /** Of peakfinder8. Also gives the sums of all good pixels of the rings, none of which are clipped. Default false. */
  readonly sums?: boolean | undefined;
  /**
   * Where a peak is: at the mean of its blob's pixels, as CrystFEL has it, or at the mean of all pixels around it
   * with Gaussian weights, which is nearer to the truth for weak spots. Default blob.
   */
  readonly centroid?: 'blob' | 'weighted' | undefined;
  /**
   * Of peakfinder8. Makes five passes over the frame instead of one; the peaks are the same, found more slowly.
   * Default false.
   */
  readonly plain?: boolean | undefined;
}

/** What a peak finder is planned with. */
export interface FinderParameters {
  /** How peaks are found. Default peakfinder8. */
  readonly finder?: 'peakfinder8' | 'zaef' | 'dispersion' | 'dispersion-extended' | undefined;
  /** Pixels nearer to the beam than this take no part. Pixels; 0 … 1e6; default 0. */
  readonly minRes?: number | undefined;
  /** Pixels farther from the beam than this take no part; 0 sets no limit. Pixels; 0 … 1e6; default 0. */
  readonly maxRes?: number | undefined;
  /** Sums the rings of frames (`sums`) and searches nothing. Default false. */
  readonly sumsOnly?: boolean | undefined;
}
