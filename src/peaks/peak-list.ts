/** The peaks of a frame, in the order of panels, rows and columns. */
export interface PeakList {
  readonly count: number;
  /** Centroids in pixels from the corner of the frame's array: the centre of the first pixel is at 0.5. */
  readonly fs: Float32Array;
  readonly ss: Float32Array;
  /** Sums above the background. */
  readonly intensity: Float32Array;
  /** Highest pixels above the background. */
  readonly maximum: Float32Array;
  /** Intensity divided by the standard deviation of the background. */
  readonly snr: Float32Array;
  /** Means of the background. */
  readonly background: Float32Array;
  readonly pixels: Uint32Array;
  /** Index of the panel, in the order of the geometry. */
  readonly panel: Uint32Array;
  /** Number of weaker peaks that `maxPeaks` omitted; absent if it omitted none. */
  readonly omitted?: number;
  /** With `rings`: mean, sigma, lower and upper limit of every ring, [rings, 4]. */
  readonly rings: Float32Array | undefined;
}
