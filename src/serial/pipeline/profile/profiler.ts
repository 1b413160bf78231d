/** Profiles of the frames of a detector, from the sums of their rings or bins. */
import { maskedBin } from '../../../core/layout/peaks.js';
import type { Detector } from '../../../io/detector/detector.js';
import type { Frame } from '../../peaks/contract.js';
import type { PeakList } from '../../peaks/peak-list.js';
import { type RingSums, sumRings } from '../../peaks/ring-sums.js';
import type { ProfileBins } from './bins.js';
import { iceScore } from './ice.js';
import { type ProfileRecord, RadialProfile, shellCount } from './radial-profile.js';

/** Pixels to each side of the pixel of a peak that the background leaves out. */
const peakReach = 2;
/** The range of the background number, d in Å. */
const [backgroundFrom, backgroundTo] = [5, 3];

type Pixels = Pick<Detector, 'width' | 'height' | 'validRange' | 'unitsPerPhoton'>;

/**
 * Pixels that have been met. A map of all pixels would be read at places that are in no cache, which takes longer than
 * everything else that a profile needs.
 */
class PixelSet {
  #table = new Uint32Array(0);
  #shift = 32;

  /** Forgets all pixels; `most` will be added. */
  clear(most: number): void {
    const bits = Math.max(8, Math.ceil(Math.log2(2 * most + 1)));
    if (this.#table.length < 2 ** bits) this.#table = new Uint32Array(2 ** bits);
    else this.#table.fill(0);
    this.#shift = 32 - Math.log2(this.#table.length);
  }

  /** Adds a pixel; returns false if it was there. */
  add(pixel: number): boolean {
    const table = this.#table;
    const mask = table.length - 1;
    for (let at = Math.imul(pixel, 0x9e3779b1) >>> this.#shift; ; at = (at + 1) & mask) {
      const there = table[at] as number;
      if (there === pixel + 1) return false;
      if (there !== 0) continue;
      table[at] = pixel + 1;
      return true;
    }
  }
}

/** Makes the profiles of frames with the same bins. */
export class Profiler {
  readonly bins: ProfileBins;
  readonly #detector: Pixels;
  readonly #seen = new PixelSet();

  constructor(bins: ProfileBins, detector: Pixels) {
    this.bins = bins;
    this.#detector = detector;
  }

  /**
   * The profile of a frame whose pixels without counts are outside the valid range. `sums` are those of the bins, which
   * are not changed.
   */
  of(frame: Frame, sums: RingSums, peaks: PeakList, spots: Float32Array): RadialProfile {
    const { bins } = this;
    const [counts, pixels] = [sums.sums, sums.pixels.slice()];
    const norm = this.#normOf(frame, sums);
    const gain = this.#detector.unitsPerPhoton ?? 1;
    const backgroundCounts = counts.slice();
    const backgroundNorm = norm.slice();
    this.#leaveOut(frame, peaks, { counts: backgroundCounts, norm: backgroundNorm, pixels });
    const { low, step, corner, edges, q } = bins;
    const scene = { low, step, q, gain };
    return new RadialProfile({
      ...scene,
      corner,
      edges,
      counts,
      norm,
      backgroundCounts,
      backgroundNorm,
      ...backgroundOf({ step, q, counts: backgroundCounts, norm: backgroundNorm }),
      ice: iceScore(scene, backgroundCounts, backgroundNorm),
      spotsByShell: spotsByShell(spots, corner),
    });
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
    const seen = this.#seen;
    seen.clear(peaks.count * (2 * peakReach + 1) ** 2);
    for (let p = 0; p < peaks.count; p++) {
      const [x, y] = [Math.floor(peaks.fs[p] as number), Math.floor(peaks.ss[p] as number)];
      const [x0, x1] = [Math.max(0, x - peakReach), Math.min(width - 1, x + peakReach)];
      const middle = ofPixel[Math.min(height - 1, y) * width + Math.min(width - 1, x)] as number;
      for (let ss = Math.max(0, y - peakReach); ss <= Math.min(height - 1, y + peakReach); ss++)
        for (let i = ss * width + x0; i <= ss * width + x1; i++) {
          const bin = map[i] as number;
          if (bin === maskedBin) continue;
          const value = frame[i] as number;
          if (!(value >= least && value <= greatest) || !seen.add(i)) continue;
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
    const inverseD = Math.hypot(spots[i] as number, spots[i + 1] as number, spots[i + 2] as number);
    const shell = Math.min(shellCount - 1, Math.floor(shellCount * ((2 * Math.PI * inverseD) / corner) ** 3));
    found[shell] = (found[shell] as number) + 1;
  }
  return found;
}
