/**
 * Two pictures of all peaks of a run: their positions on the detector (a virtual powder pattern), and their intensities
 * against resolution (a peakogram). Adding a frame takes microseconds and no memory.
 */

/** Maximum number of cells of the powder pattern along an axis of the frame. */
const powderSide = 512;
/** Bins of the peakogram: 1/d along x, the logarithm of the intensity along y. */
export const peakogramBins = { width: 160, height: 100 } as const;
/** Largest 1/d of the peakogram, 1/Å; peaks beyond it are counted in the last column. */
export const peakogramMost = 1;
/** Decades of intensity from 1 upwards that the peakogram covers. */
export const peakogramDecades = 6;

/** The peaks of a frame. */
interface MappedPeaks {
  readonly count: number;
  /** Pixels of the frame. */
  readonly fs: ArrayLike<number>;
  readonly ss: ArrayLike<number>;
  readonly intensity: ArrayLike<number>;
}

/** Both pictures. */
export class PeakMaps {
  /** Number of pixels of the frame along a side of a cell of the powder pattern. */
  readonly step: number;
  readonly width: number;
  readonly height: number;
  /** Number of peaks in each cell, [height, width]. */
  readonly powder: Uint32Array;
  /** Number of peaks in each bin, [height, width] of `peakogramBins`, faintest first. */
  readonly peakogram: Uint32Array = new Uint32Array(peakogramBins.width * peakogramBins.height);
  frames = 0;
  peaks = 0;

  /** Width and height of a frame in pixels. */
  constructor(frameWidth: number, frameHeight: number) {
    this.step = Math.max(1, Math.ceil(Math.max(frameWidth, frameHeight) / powderSide));
    this.width = Math.max(1, Math.ceil(frameWidth / this.step));
    this.height = Math.max(1, Math.ceil(frameHeight / this.step));
    this.powder = new Uint32Array(this.width * this.height);
  }

  /** Adds the peaks of a frame; `inverseD` is 1/d of each in 1/Å. */
  add({ count, fs, ss, intensity }: MappedPeaks, inverseD: (peak: number) => number): void {
    const { width, height, step, powder, peakogram } = this;
    for (let i = 0; i < count; i++) {
      const x = Math.floor((fs[i] as number) / step);
      const y = Math.floor((ss[i] as number) / step);
      if (x >= 0 && x < width && y >= 0 && y < height) powder[y * width + x] = (powder[y * width + x] as number) + 1;
      const column = binOf(inverseD(i) / peakogramMost, peakogramBins.width);
      const row = binOf(Math.log10(Math.max(1, intensity[i] as number)) / peakogramDecades, peakogramBins.height);
      const bin = row * peakogramBins.width + column;
      peakogram[bin] = (peakogram[bin] as number) + 1;
    }
    this.frames++;
    this.peaks += count;
  }
}

/** The bin of a fraction; values outside 0 … 1, and NaN, are in the first or the last bin. */
const binOf = (share: number, bins: number): number => Math.max(0, Math.min(bins - 1, Math.floor(share * bins) || 0));
