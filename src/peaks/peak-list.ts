import type { Own } from '../util/globals.js';
import type { RingSums } from './ring-sums.js';

/** The peaks of a frame, in the order of panels, rows and columns. */
export interface PeakList {
  readonly count: number;
  /** Centroids in pixels from the corner of the frame's array: the centre of the first pixel is at 0.5. */
  readonly fs: Own<Float32Array>;
  readonly ss: Own<Float32Array>;
  /** Sums above the background. */
  readonly intensity: Own<Float32Array>;
  /** Highest pixels above the background. */
  readonly maximum: Own<Float32Array>;
  /** Intensity divided by the standard deviation of the background. */
  readonly snr: Own<Float32Array>;
  /** Means of the background. */
  readonly background: Own<Float32Array>;
  readonly pixels: Own<Uint32Array>;
  /** Index of the panel, in the order of the geometry. */
  readonly panel: Own<Uint32Array>;
  /** Number of weaker peaks that `maxPeaks` omitted; absent if it omitted none. */
  readonly omitted?: number | undefined;
  /** Whose peaks they are, if a detector's analysis has sent them: its name, or `stream` if it has not named itself. */
  readonly of?: string | undefined;
  /** With `rings`: mean, sigma, lower and upper limit of every ring, [rings, 4]. */
  readonly rings: Own<Float32Array> | undefined;
  /** With `sums`: the sums of all good pixels of every ring. */
  readonly sums?: RingSums | undefined;
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
