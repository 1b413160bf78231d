/**
 * Estimates properties of a detector and its spots from the first frames, the parameters of a search that follow from
 * them, and the flags that repeat that search.
 */

import { maskedBin, peaksRanges } from '../compute/layout/peaks.js';
import { flagOf } from '../options/parameter-text.js';
import { defaultsOf, namesOf } from '../options/parameters.js';
import { counted } from '../util/amounts.js';
import { median } from '../util/median.js';
import { without } from '../util/without.js';
import type { FinderName, Frame } from './contract.js';
import { finderRows, searchRows } from './parameters.js';
import type { PeakFinder, PeaksRunOptions } from './peaks.js';
import type { Rings } from './rings.js';

/** Properties estimated from frames. */
export interface FrameFacts {
  /** Median of the rings' mean + 3 sigma, in units of the frame. */
  readonly threshold: number;
  /** Variance of the background in the noisier quarter of the rings, units squared. */
  readonly variance: number;
  /** Units of the frame per photon, as the geometry states or as estimated; undefined if neither is known. */
  readonly gain: number | undefined;
  /**
   * The gain as estimated from the increase of the background's variance with its mean; undefined if it does not
   * increase. Peaks that were not found add to the variance.
   */
  readonly estimatedGain: number | undefined;
  /** Share of the pixels that are near a peak. */
  readonly covered: number;
  /** Standard deviation of a spot in pixels; undefined if there are too few spots. */
  readonly spotPx: number | undefined;
}

/** SNR of strong blobs, and the number of them required to determine a size. */
const [strongSnr, fewestSpots] = [30, 8];

/** Pixels around a peak that belong to it or to its local background. */
const nearPeak = 6;

/**
 * Examines some frames with a plan of peakfinder8; `rings` are those it was planned with.
 *
 * The threshold is three sigmas above the median of the background, so that it only takes effect in the dim outer
 * rings, where a few counts would exceed the SNR by chance.
 */
export async function factsOf(
  finder: PeakFinder,
  rings: Rings,
  width: number,
  frames: readonly Frame[],
  validRange: PeaksRunOptions['validRange'],
  stated?: number,
): Promise<FrameFacts> {
  const inRings: (Background & { readonly frame: Frame; readonly limits: Float32Array; readonly ring: number })[] = [];
  const scatters: number[] = [];
  const differences = new Map<Frame, Float64Array>();
  const blobs: Blob[] = [];
  for (const frame of frames) {
    const options = { threshold: -1e30, minSnr: 5, rings: true, ...(validRange ? { validRange } : {}) };
    const { rings: limits = new Float32Array() } = await finder.run(frame, options);
    const between = localVariances(frame, rings, width, limits);
    differences.set(frame, between);
    for (let ring = 0; 4 * ring < limits.length; ring++) {
      const [mean = 0, sigma = 0] = [limits[4 * ring], limits[4 * ring + 1]];
      if (!(sigma > 0)) continue;
      const variance = sigma * sigma;
      inRings.push({ mean, variance, frame, limits, ring });
      scatters.push(variance / (between[ring] || variance));
    }
  }
  const isUneven = median(scatters) > unevenRatio;
  const clipped = new Map<Frame, Float64Array>();
  for (const { frame, limits } of isUneven ? inRings : [])
    if (!clipped.has(frame)) clipped.set(frame, localVariances(frame, rings, width, limits, differences.get(frame)));
  const background: readonly Background[] = inRings.map(({ mean, variance, frame, ring }) => ({
    mean,
    variance: clipped.get(frame)?.[ring] || variance,
  }));
  const threshold = rounded(median(background.map(({ mean, variance }) => mean + 3 * Math.sqrt(variance))));
  for (const frame of frames) {
    const peaks = await finder.run(frame, {
      threshold,
      minSnr: 5,
      maxPixCount: 1024,
      localBgRadius: nearPeak,
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
  const { bins } = rings;
  let searched = 0;
  for (let i = 0; i < bins.length; i++) if (bins[i] !== maskedBin) searched++;
  const estimatedGain = gainOf(background);
  const variances = background.map(({ variance }) => variance).sort((a, b) => a - b);
  return {
    threshold,
    variance: variances[Math.floor(0.75 * variances.length)] ?? 0,
    gain: stated ?? estimatedGain,
    estimatedGain,
    covered: Math.min(1, (blobs.length * Math.PI * nearPeak ** 2) / (frames.length * searched)),
    spotPx: spotOf(blobs),
  };
}

/**
 * Pixels between those that are compared: far enough that a spread signal does not correlate them, and near enough that
 * a gradient of the background does not count.
 */
const apart = 4;
/** Pixels of a frame that are compared at most, about; rows are left out for it. */
const mostCompared = 2 ** 18;
/** Differences in a ring that tell its variance. */
const fewestDifferences = 20;
/** Differences beyond so many of their standard deviations are of peaks. */
const clippedAt = 4;
/** Beyond this ratio of the variance within rings to that of differences, which peaks scatter alike, it is uneven. */
const unevenRatio = 1.5;

/**
 * The variance of the background of each ring about its local mean, from differences of near pixels within the ring's
 * limits; 0 where there are too few. A gradient across the detector adds to the variance about the mean of a ring.
 * Differences far beyond the variances `about`, if these are given, do not count.
 */
function localVariances(
  frame: Frame,
  { bins }: Rings,
  width: number,
  limits: Float32Array,
  about?: Float64Array,
): Float64Array {
  const { length } = frame;
  const rings = limits.length / 4;
  const [sums, counts] = [new Float64Array(rings), new Uint32Array(rings)];
  const isBackground = (value: number, ring: number): boolean =>
    ring < rings && value >= (limits[4 * ring + 2] as number) && value <= (limits[4 * ring + 3] as number);
  const step = Math.ceil(length / mostCompared);
  for (let row = 0; row < length; row += step * width)
    for (let i = row; i + apart < row + width; i++) {
      const [ring, other] = [bins[i] as number, bins[i + apart] as number];
      if (ring >= rings || Math.abs(ring - other) > apart) continue;
      const [value, near] = [frame[i] as number, frame[i + apart] as number];
      if (!isBackground(value, ring) || !isBackground(near, other)) continue;
      const square = (value - near) ** 2 / 2;
      if (about && square > clippedAt ** 2 * (about[ring] as number)) continue;
      sums[ring] = (sums[ring] as number) + square;
      counts[ring] = (counts[ring] as number) + 1;
    }
  return sums.map((sum, ring) => ((counts[ring] as number) < fewestDifferences ? 0 : sum / (counts[ring] as number)));
}

interface Background {
  readonly mean: number;
  readonly variance: number;
}

/**
 * Photon transfer: the variance of a count equals the count, so variance = gain × (mean − pedestal) + readout noise,
 * and the slope of variance over mean is the gain. The slope is taken between the medians of the darkest and the
 * brightest third of the rings, which a few unusual rings do not affect.
 */
function gainOf(background: readonly Background[]): number | undefined {
  const sorted = [...background].sort((a, b) => a.mean - b.mean);
  const third = Math.floor(sorted.length / 3);
  if (third < 5) return undefined;
  const middle = (part: readonly Background[], of: keyof Background): number => median(part.map((one) => one[of]));
  const [dark, bright] = [sorted.slice(0, third), sorted.slice(-third)];
  const rise = middle(bright, 'mean') - middle(dark, 'mean');
  const gain = (middle(bright, 'variance') - middle(dark, 'variance')) / rise;
  // A flat background carries no information: its rings differ by chance.
  const flat = rise < 0.1 * Math.sqrt(middle(bright, 'variance'));
  return !flat && gain > peaksRanges.gain.low && gain < peaksRanges.gain.high ? Number(gain.toPrecision(2)) : undefined;
}

interface Blob {
  readonly snr: number;
  readonly sum: number;
  readonly summit: number;
  /** The ring's limit divided by the summit, both above the background. */
  readonly cut: number;
}

/**
 * The sum of a Gaussian of standard deviation s is 2πs² times its summit; the fraction lost below the limit equals the
 * ratio of limit to summit.
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

/** Radii that enclose the pixels of a spot and its background. */
type SpotRadii = readonly [number, number, number];

/** Three sigmas of a spot, plus one pixel for the uncertainty of its prediction. */
const reachOf = (spotPx: number): number => Math.min(32, Math.ceil(3 * spotPx + 1));

/** Radii of integration; CrystFEL's defaults if the spots do not determine them. */
export function radiiOfSpots({ spotPx }: Pick<FrameFacts, 'spotPx'>): SpotRadii {
  if (spotPx === undefined) return [4, 5, 7];
  const reach = reachOf(spotPx);
  return [reach, reach + 1, reach + 3];
}

/** Defaults of a finder, which are CrystFEL's; the radii of zaef are those of integration, the threshold is given. */
export function usualParameters(finder: FinderName): PeaksRunOptions {
  const others = without(defaultsOf(searchRows, finder), 'peakRadius', 'threshold');
  return finder.startsWith('dispersion') ? defaultsOf(searchRows, 'dispersion') : others;
}

/** Parameters if a search is tuned but the frames carry no information: the defaults with a few exceptions. */
const whereTuned = (finder: FinderName): PeaksRunOptions => ({
  ...usualParameters(finder),
  ...(finder === 'peakfinder8' ? { minSnr: 4.5, localBgRadius: 4 } : {}),
});

/**
 * In crowded frames, of which at least this share is near a peak, the peaks themselves scatter the rings, by which
 * peakfinder8 measures noise: beyond this ratio of variances its SNR is lowered, to no less than `leastSnr`. In other
 * frames that ratio says that the stated gain is wrong: of a CSPAD that is called one unit per photon it is 6.
 */
const [crowdedShare, crowdedRatio, leastSnr] = [0.1, 1.5, 3];

/** How often the variance of the background is that of its photons. */
const varianceRatio = ({ gain, estimatedGain }: FrameFacts): number =>
  gain === undefined || estimatedGain === undefined ? 1 : estimatedGain / gain;

/** Why the gain is in doubt: that of the geometry if it is `stated`, or one unit per photon; undefined if it is not. */
export function gainDoubt(facts: FrameFacts, isStated = true): string | undefined {
  const { gain, estimatedGain, covered } = facts;
  if (!isStated) {
    const isUsual = estimatedGain === undefined || (estimatedGain > 0.5 && estimatedGain < 2);
    if (isUsual || covered >= crowdedShare) return undefined;
    return (
      `nothing states how many units a photon is; the background of the first frames varies as with ${estimatedGain}, and ` +
      'the errors of intensities are those of 1: if the frames are not counts, state adu_per_photon in a geometry'
    );
  }
  const ratio = varianceRatio(facts);
  if (ratio > 0.5 && ratio < 2) return undefined;
  const crowd =
    covered < crowdedShare
      ? 'the number is wrong, or the frames are not counts of photons. It scales the errors of intensities: if a ' +
        'photon is known to be that many units, state it in the geometry'
      : undefined;
  const why =
    ratio < 1
      ? 'the background is smoother than photons are'
      : (crowd ?? 'the frames are crowded with peaks, for which the search allows, or the number is wrong');
  return (
    `the geometry states ${counted(gain ?? 0, 'unit')} per photon (adu_per_photon, or adu_per_eV), but the ` +
    `background of the first frames varies as with ${counted(estimatedGain ?? 0, 'unit')}: ${why}`
  );
}

/** Parameters of a search from the properties of frames. */
export function guessedParameters(finder: FinderName, facts: FrameFacts): PeaksRunOptions {
  const { threshold, variance, gain: found, covered, spotPx } = facts;
  const own = whereTuned(finder);
  const ratio = covered < crowdedShare ? 1 : varianceRatio(facts);
  const reach = spotPx === undefined ? undefined : reachOf(spotPx);
  // A peak whose summit is 1.4 times its limit has 2s² pixels above it; one whose summit is 10⁴ times its limit has
  // 60s².
  const pixels =
    spotPx === undefined
      ? {}
      : {
          minPixCount: Math.max(own.minPixCount ?? 0, Math.floor(2 * spotPx * spotPx)),
          maxPixCount: Math.max(own.maxPixCount ?? 0, Math.ceil(60 * spotPx * spotPx)),
        };
  if (finder === 'peakfinder8')
    return {
      threshold,
      ...own,
      ...pixels,
      ...(reach === undefined ? {} : { localBgRadius: reach }),
      ...(ratio > crowdedRatio ? { minSnr: Math.max(leastSnr, Number((4.5 / Math.sqrt(ratio)).toFixed(1))) } : {}),
    };
  if (finder === 'zaef')
    // Noise of variance v has squared gradients of 4v on average; one pixel in ten thousand reaches nine times that.
    return { threshold, ...own, minSquaredGradient: Number((36 * variance).toPrecision(2)) };
  // The window of this finder has its own threshold.
  return {
    ...own,
    ...pixels,
    ...(found === undefined ? {} : { gain: found }),
    ...(reach === undefined ? {} : { kernelSize: reach }),
  };
}

/** Describes the properties of the frames. */
export function describeFrames({ gain: found, spotPx }: FrameFacts): string {
  const words = [
    found === undefined ? undefined : `${counted(found, 'unit')} of the frame per photon`,
    spotPx === undefined ? undefined : `spots of ${counted(spotPx, 'pixel')} sigma`,
  ].filter((word) => word !== undefined);
  return words.length === 0 ? '' : ` (${words.join(', ')})`;
}

/** The command-line flags that repeat a search. */
export function flagsOf(finder: FinderName, parameters: PeaksRunOptions): string {
  const flags = namesOf(searchRows, [finder])
    .filter((name) => parameters[name] !== undefined)
    .map((name) => `${flagOf(name, searchRows[name])}=${parameters[name]}`);
  return (finder === 'peakfinder8' ? flags : [`${flagOf('finder', finderRows.finder)}=${finder}`, ...flags]).join(' ');
}
