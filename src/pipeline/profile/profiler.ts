/** Profiles of the frames of a detector, from the sums of their rings or bins. */
import { maskedBin } from '../../compute/layout/peaks.js';
import type { Detector } from '../../frames/detector/detector.js';
import type { Frame } from '../../peaks/contract.js';
import type { PeakList } from '../../peaks/peak-list.js';
import { type RingSums, sumRings } from '../../peaks/ring-sums.js';
import type { ProfileBins } from './bins.js';
import { type IceRing, iceRingsIn, iceScore } from './ice.js';
import { type ProfileRecord, RadialProfile, shellCount } from './radial-profile.js';

/** Pixels to each side of the pixel of a peak that the background leaves out. */
const peakReach = 2;
/** The range of the background number, d in Å. */
const [backgroundFrom, backgroundTo] = [5, 3];

type Pixels = Pick<Detector, 'width' | 'height' | 'validRange' | 'unitsPerPhoton'>;

/**
 * The peaks of a frame by row: only pixels around a peak that is close to an earlier one can have been met before, so
 * that none need be remembered.
 */
class PeakRows {
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** The latest peak of each row, and the peak before each in its row, plus 1; 0 for none. */
  readonly #latest: Int32Array;
  readonly #before: Int32Array;

  constructor({ count, fs, ss }: PeakList, height: number) {
    this.x = new Float64Array(count);
    this.y = new Float64Array(count);
    for (let p = 0; p < count; p++) {
      this.x[p] = Math.floor(fs[p] as number);
      this.y[p] = Math.floor(ss[p] as number);
    }
    this.#latest = new Int32Array(height);
    this.#before = new Int32Array(count);
  }

  /** Adds a peak, and returns the earlier ones whose surroundings may have pixels in common with its own. */
  add(peak: number): number[] {
    const latest = this.#latest;
    const [x, y, last] = [this.x[peak] as number, this.y[peak] as number, latest.length - 1];
    const found: number[] = [];
    for (let row = Math.max(0, y - 2 * peakReach); row <= Math.min(last, y + 2 * peakReach); row++)
      for (let next = latest[row] as number; next > 0; next = this.#before[next - 1] as number)
        if (Math.abs((this.x[next - 1] as number) - x) <= 2 * peakReach) found.push(next - 1);
    const own = Math.min(last, Math.max(0, y));
    this.#before[peak] = latest[own] as number;
    latest[own] = peak + 1;
    return found;
  }

  /** Whether a pixel is in the surroundings of one of these peaks. */
  isNear(peaks: readonly number[], fs: number, ss: number): boolean {
    for (const p of peaks)
      if (Math.abs((this.x[p] as number) - fs) <= peakReach && Math.abs((this.y[p] as number) - ss) <= peakReach)
        return true;
    return false;
  }
}

/** Makes the profiles of frames with the same bins. */
export class Profiler {
  readonly bins: ProfileBins;
  readonly #detector: Pixels;
  readonly #iceRings: readonly IceRing[];
  /** What `#readAhead` has read, so that no compiler leaves it out. */
  ahead = 0;

  constructor(bins: ProfileBins, detector: Pixels) {
    this.bins = bins;
    this.#detector = detector;
    this.#iceRings = iceRingsIn(bins);
  }

  /**
   * The profile of a frame whose pixels without counts are outside the valid range. `sums` are those of the bins, which
   * are not changed.
   */
  of(frame: Frame, sums: RingSums, peaks: PeakList, spots: Float32Array): RadialProfile {
    const { bins } = this;
    const [counts, pixels] = [sums.sums, sums.pixels.slice()];
    const norm = this.#normOf(frame, sums);
    const backgroundCounts = counts.slice();
    const backgroundNorm = norm.slice();
    this.#leaveOut(frame, peaks, { counts: backgroundCounts, norm: backgroundNorm, pixels });
    const { low, step, corner, edges, q } = bins;
    const setup = { low, step, q, gain: this.#detector.unitsPerPhoton ?? 1 };
    return new RadialProfile({
      ...setup,
      corner,
      edges,
      counts,
      norm,
      backgroundCounts,
      backgroundNorm,
      ...backgroundOf({ step, q, counts: backgroundCounts, norm: backgroundNorm }),
      ice: iceScore(setup, backgroundCounts, backgroundNorm, this.#iceRings),
      spotsByShell: spotsByShell(spots, corner),
    });
  }

  /** Calls with the pixels around peaks that `of` reads, as `Tiles.around` takes them; it reads all without `lost`. */
  eachPeak({ count, fs, ss }: PeakList, call: (fs: number, ss: number, reach: number) => void): void {
    for (let p = 0; p < count; p++) call(Math.floor(fs[p] as number), Math.floor(ss[p] as number), peakReach);
  }

  /** Σ(Ω·P) of the good pixels of each bin; 0 in bins without any. */
  #normOf(frame: Frame, { lost, pixels }: RingSums): Float64Array {
    const { map, norm: ofPixel, norms } = this.bins;
    const left = norms.slice();
    const take = (pixel: number): void => {
      const bin = map[pixel] as number;
      if (bin !== maskedBin) left[bin] = (left[bin] as number) - (ofPixel[pixel] as number);
    };
    if (lost) for (const pixel of lost) take(pixel);
    else {
      const [least, greatest] = this.#detector.validRange;
      for (let i = 0; i < map.length; i++) {
        const value = frame[i] as number;
        if (!(value >= least && value <= greatest)) take(i);
      }
    }
    for (let bin = 0; bin < left.length; bin++) if (pixels[bin] === 0) left[bin] = 0;
    return left;
  }

  /**
   * Takes the pixels around the peaks off sums; each pixel once. Ω·P is that of the middle of a peak: within two pixels
   * its mean differs by a millionth.
   */
  #leaveOut(
    frame: Frame,
    peaks: PeakList,
    { counts, norm, pixels }: { counts: Float64Array; norm: Float64Array; pixels: Float64Array },
  ): void {
    const { map, norm: ofPixel } = this.bins;
    const { width, height, validRange } = this.#detector;
    const [least, greatest] = validRange;
    const rows = new PeakRows(peaks, height);
    this.#readAhead(frame, rows);
    for (let p = 0; p < peaks.count; p++) {
      const [x, y] = [rows.x[p] as number, rows.y[p] as number];
      const [x0, x1] = [Math.max(0, x - peakReach), Math.min(width - 1, x + peakReach)];
      const middle = ofPixel[Math.min(height - 1, y) * width + Math.min(width - 1, x)] as number;
      const earlier = rows.add(p);
      for (let ss = Math.max(0, y - peakReach); ss <= Math.min(height - 1, y + peakReach); ss++)
        for (let fs = x0, i = ss * width + x0; fs <= x1; fs++, i++) {
          const bin = map[i] as number;
          if (bin === maskedBin) continue;
          const value = frame[i] as number;
          if (!(value >= least && value <= greatest) || (earlier.length > 0 && rows.isNear(earlier, fs, ss))) continue;
          counts[bin] = (counts[bin] as number) - value;
          norm[bin] = (norm[bin] as number) - (middle > 0 ? middle : (ofPixel[i] as number));
          pixels[bin] = (pixels[bin] as number) - 1;
        }
    }
    for (let bin = 0; bin < norm.length; bin++)
      if (pixels[bin] === 0) {
        norm[bin] = 0;
        counts[bin] = 0;
      }
  }

  /**
   * Reads the middle of each row around the peaks. They are in no cache, and memory answers several reads at a time when
   * nothing is computed between them, which halves the time of `#leaveOut`.
   */
  #readAhead(frame: Frame, { x, y }: PeakRows): void {
    const { map, norm } = this.bins;
    const { width, height } = this.#detector;
    let read = 0;
    for (let p = 0; p < x.length; p++) {
      const [fs, middle] = [x[p] as number, y[p] as number];
      if (!(fs >= 0 && fs < width && middle >= peakReach && middle < height - peakReach)) continue;
      const at = middle * width + fs;
      read += norm[at] as number;
      for (let i = at - peakReach * width; i <= at + peakReach * width; i += width)
        read += (map[i] as number) + (frame[i] as number);
    }
    this.ahead = read;
  }
}

/** The sums of bins from those of rings. */
export function binsOfRings({ sums, pixels, lost }: RingSums, ofRings: Uint16Array, count: number): RingSums {
  const found = { sums: new Float64Array(count), pixels: new Float64Array(count), lost };
  for (let ring = 0; ring < sums.length; ring++) {
    const bin = ofRings[ring] as number;
    if (bin === maskedBin) continue;
    found.sums[bin] = (found.sums[bin] as number) + (sums[ring] as number);
    found.pixels[bin] = (found.pixels[bin] as number) + (pixels[ring] as number);
  }
  return found;
}

/** The sums of a frame in plain code, over the bins themselves. */
export const plainSums = (
  frame: Frame | Float64Array,
  { map, count }: ProfileBins,
  [least, greatest]: readonly [number, number],
): RingSums => sumRings(frame, map, count, (_, value) => value >= least && value <= greatest);

/**
 * The mean intensity from 5 to 3 Å, or of the part of this range that has pixels, which is returned with it; both are
 * undefined if none has.
 */
export function backgroundOf({
  step,
  q: places,
  counts,
  norm,
}: Pick<ProfileRecord, 'step' | 'q' | 'counts' | 'norm'>): Pick<ProfileRecord, 'background' | 'backgroundRange'> {
  const [from, to] = [(2 * Math.PI) / backgroundFrom, (2 * Math.PI) / backgroundTo];
  let [sum, weight] = [0, 0];
  let [lowest, highest] = [Number.POSITIVE_INFINITY, 0];
  for (const [i, q] of places.entries()) {
    if (q < from || q > to || !((norm[i] as number) > 0)) continue;
    sum += counts[i] as number;
    weight += norm[i] as number;
    [lowest, highest] = [Math.min(lowest, q), Math.max(highest, q)];
  }
  if (weight === 0) return { background: undefined, backgroundRange: undefined };
  // The next bin would lie beyond the range.
  const begin = lowest - step < from ? backgroundFrom : (2 * Math.PI) / (lowest - step / 2);
  const end = highest + step > to ? backgroundTo : (2 * Math.PI) / (highest + step / 2);
  return { background: sum / weight, backgroundRange: [begin, end] };
}

/** Numbers of spots in shells of equal volume in reciprocal space. */
function spotsByShell(spots: Float32Array, corner: number): number[] {
  const found = new Array<number>(shellCount).fill(0);
  for (let i = 0; i + 2 < spots.length; i += 3) {
    // Math.hypot takes several times as long.
    const inverseD = Math.sqrt(
      (spots[i] as number) ** 2 + (spots[i + 1] as number) ** 2 + (spots[i + 2] as number) ** 2,
    );
    const shell = Math.min(shellCount - 1, Math.floor(shellCount * ((2 * Math.PI * inverseD) / corner) ** 3));
    found[shell] = (found[shell] as number) + 1;
  }
  return found;
}
