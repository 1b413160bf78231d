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
  readonly omitted?: number | undefined;
  /** With `rings`: mean, sigma, lower and upper limit of every ring, [rings, 4]. */
  readonly rings: Float32Array | undefined;
}

/** The peaks for which `isKept` is true, in their order. */
export function selectPeaks(list: PeakList, isKept: (peak: number) => boolean): PeakList {
  const some = <Column extends Float32Array | Uint32Array>(column: Column): Column =>
    column.filter((_, i) => isKept(i)) as Column;
  const { fs, ss, intensity, maximum, snr, background, pixels, panel, ...others } = list;
  const [x, y] = [some(fs), some(ss)];
  return {
    ...others,
    count: x.length,
    fs: x,
    ss: y,
    intensity: some(intensity),
    maximum: some(maximum),
    snr: some(snr),
    background: some(background),
    pixels: some(pixels),
    panel: some(panel),
  };
}
