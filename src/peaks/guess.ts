/** What the first frames say of a detector and its spots, the parameters of a search that follow, and the flags that repeat them. */

import { median } from '../base/median.js';
import { flagOf } from '../base/parameter-text.js';
import { defaultsOf, namesOf } from '../base/parameters.js';
import { maskedBin, peaksRanges } from '../layout/peaks.js';
import type { FinderName, Frame } from './contract.js';
import { finderRows, searchRows } from './parameters.js';
import type { PeakFinder, PeaksRunOptions } from './peaks.js';
import type { Rings } from './rings.js';

/** What frames say of themselves. */
export interface FrameFacts {
  /** Middle of the rings' mean + 3 sigma, in units of the frame. */
  readonly threshold: number;
  /** Variance of the background in the noisier quarter of the rings, units squared. */
  readonly variance: number;
  /** Units of the frame a photon, by how the background's variance rises with its mean; undefined: it does not. */
  readonly gain: number | undefined;
  /** Standard deviation of a spot in pixels; undefined: too few spots. */
  readonly spotPx: number | undefined;
}

/** Strong blobs, and how many of them tell a size. */
const [strongSnr, fewestSpots] = [30, 8];

/**
 * Looks at some frames with a plan of peakfinder8; `rings` are those it was planned with.
 *
 * The threshold lies three sigmas above the middle of the background, so that it acts in the dim outer rings alone, where
 * a few counts would pass the snr by chance.
 */
export async function factsOf(
  finder: PeakFinder,
  rings: Rings,
  width: number,
  frames: readonly Frame[],
  validRange: PeaksRunOptions['validRange'],
): Promise<FrameFacts> {
  const levels: number[] = [];
  const background: Background[] = [];
  const blobs: Blob[] = [];
  for (const frame of frames) {
    const options = { threshold: -1e30, minSnr: 5, rings: true, ...(validRange ? { validRange } : {}) };
    const { rings: limits = new Float32Array() } = await finder.run(frame, options);
    for (let r = 0; 4 * r < limits.length; r++) {
      const [mean = 0, sigma = 0] = [limits[4 * r], limits[4 * r + 1]];
      if (!(sigma > 0)) continue;
      levels.push(mean + 3 * sigma);
      background.push({ mean, variance: sigma * sigma });
    }
  }
  const threshold = rounded(median(levels));
  for (const frame of frames) {
    const peaks = await finder.run(frame, {
      threshold,
      minSnr: 5,
      maxPixCount: 1024,
      localBgRadius: 6,
      rings: true,
      ...(validRange ? { validRange } : {}),
    });
    for (let i = 0; i < peaks.count; i++) {
      const [fs, ss] = [Math.floor(peaks.fs[i] ?? 0), Math.floor(peaks.ss[i] ?? 0)];
      const ring = rings.bins[ss * width + fs] ?? maskedBin;
      if (ring === maskedBin) continue;
      const [mean = 0, , , upper = 0] = peaks.rings?.subarray(4 * ring, 4 * ring + 4) ?? [];
      const summit = peaks.maximum[i] ?? 0;
      blobs.push({ snr: peaks.snr[i] ?? 0, sum: peaks.intensity[i] ?? 0, summit, cut: (upper - mean) / summit });
    }
  }
  const variances = background.map(({ variance }) => variance).sort((a, b) => a - b);
  return {
    threshold,
    variance: variances[Math.floor(0.75 * variances.length)] ?? 0,
    gain: gainOf(background),
    spotPx: spotOf(blobs),
  };
}

interface Background {
  readonly mean: number;
  readonly variance: number;
}

/**
 * Photon transfer: counts vary by their own number, so that variance = gain × (mean − pedestal) + readout noise, and the
 * slope of variance over mean is the gain. The slope is that between the middles of the darkest and the brightest third
 * of the rings, which a few strange rings do not move.
 */
function gainOf(background: readonly Background[]): number | undefined {
  const sorted = [...background].sort((a, b) => a.mean - b.mean);
  const third = Math.floor(sorted.length / 3);
  if (third < 5) return undefined;
  const middle = (part: readonly Background[], of: keyof Background): number => median(part.map((one) => one[of]));
  const [dark, bright] = [sorted.slice(0, third), sorted.slice(-third)];
  const rise = middle(bright, 'mean') - middle(dark, 'mean');
  const gain = (middle(bright, 'variance') - middle(dark, 'variance')) / rise;
  // A flat background tells nothing: its rings differ by chance.
  const flat = rise < 0.1 * Math.sqrt(middle(bright, 'variance'));
  return !flat && gain > peaksRanges.gain.low && gain < peaksRanges.gain.high ? Number(gain.toPrecision(2)) : undefined;
}

interface Blob {
  readonly snr: number;
  readonly sum: number;
  readonly summit: number;
  /** The ring's limit over the summit, both above the background. */
  readonly cut: number;
}

/**
 * A Gaussian of standard deviation s has 2πs² times its summit as its sum; what is cut off below the limit is the share
 * of the summit that the limit is.
 */
function spotOf(blobs: readonly Blob[]): number | undefined {
  const whole = blobs.filter(({ sum, summit, cut }) => sum > summit && cut >= 0 && cut < 0.5);
  const strong = whole.filter(({ snr }) => snr >= strongSnr);
  const taken = strong.length >= fewestSpots ? strong : whole;
  if (taken.length < fewestSpots) return undefined;
  const middle = median(taken.map(({ sum, summit, cut }) => sum / summit / (1 - cut)));
  return Number(Math.sqrt(middle / (2 * Math.PI)).toPrecision(2));
}

const rounded = (x: number): number => Number(x.toFixed(Math.abs(x) >= 10 ? 0 : 1));

/** Radii between which pixels of a spot and its background lie. */
export type SpotRadii = readonly [number, number, number];

/** Three sigmas of a spot, and a pixel for where it is predicted. */
const reachOf = (spotPx: number): number => Math.min(32, Math.ceil(3 * spotPx + 1));

/** Radii of integration; those of CrystFEL where spots tell nothing. */
export function radiiOfSpots({ spotPx }: Pick<FrameFacts, 'spotPx'>): SpotRadii {
  if (spotPx === undefined) return [4, 5, 7];
  const reach = reachOf(spotPx);
  return [reach, reach + 1, reach + 3];
}

/** Where frames tell nothing: the defaults, but for these; radii of zaef are those of integration. */
const usual: Readonly<Record<FinderName, PeaksRunOptions>> = (() => {
  const { peakRadius: _, threshold: __, ...zaef } = defaultsOf(searchRows, 'zaef');
  const dispersed = defaultsOf(searchRows, 'dispersion');
  return {
    peakfinder8: { minSnr: 4.5, minPixCount: 2, maxPixCount: 200, localBgRadius: 4 },
    zaef,
    dispersion: dispersed,
    'dispersion-extended': dispersed,
  };
})();

/** Parameters of a search without a look at frames. */
export const usualParameters = (finder: FinderName): PeaksRunOptions => usual[finder];

/** Parameters of a search from what frames say. */
export function parametersOf(
  finder: FinderName,
  { threshold, variance, gain: found, spotPx }: FrameFacts,
): PeaksRunOptions {
  const own = usual[finder];
  const reach = spotPx === undefined ? undefined : reachOf(spotPx);
  // A peak whose summit is 1.4 times its limit has 2s² pixels above it; one whose summit is 10⁴ times, 60s².
  const pixels =
    spotPx === undefined
      ? {}
      : {
          minPixCount: Math.max(own.minPixCount ?? 0, Math.floor(2 * spotPx * spotPx)),
          maxPixCount: Math.max(own.maxPixCount ?? 0, Math.ceil(60 * spotPx * spotPx)),
        };
  if (finder === 'peakfinder8')
    return { threshold, ...own, ...pixels, ...(reach === undefined ? {} : { localBgRadius: reach }) };
  if (finder === 'zaef')
    // Noise of variance v has squared gradients of 4v in the mean; one pixel in ten thousand reaches nine times that.
    return { threshold, ...own, minSquaredGradient: Number((36 * variance).toPrecision(2)) };
  // Its window has a threshold of its own.
  return {
    ...own,
    ...pixels,
    ...(found === undefined ? {} : { gain: found }),
    ...(reach === undefined ? {} : { kernelSize: reach }),
  };
}

/** What the frames say, in words. */
export function saidOf({ gain: found, spotPx }: FrameFacts): string {
  const words = [
    found === undefined ? undefined : `${found} units a photon`,
    spotPx === undefined ? undefined : `spots of ${spotPx} pixels sigma`,
  ].filter((word) => word !== undefined);
  return words.length === 0 ? '' : ` (${words.join(', ')})`;
}

/** The flags that repeat a search. */
export function flagsOf(finder: FinderName, parameters: PeaksRunOptions): string {
  const flags = namesOf(searchRows, [finder])
    .filter((name) => parameters[name] !== undefined)
    .map((name) => `${flagOf(name, searchRows[name])}=${parameters[name]}`);
  return (finder === 'peakfinder8' ? flags : [`${flagOf('finder', finderRows.finder)}=${finder}`, ...flags]).join(' ');
}
