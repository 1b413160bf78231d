/**
 * Parameters of the peak search. Their names, meanings and defaults are CrystFEL's; the ranges come from the layout.
 */

import { dispersionDefaults, finders, peakRadii, peaksRanges } from '../compute/layout/peaks.js';
import {
  argumentError,
  grouped,
  type Mode,
  type NameOption,
  type Parameters,
  refuseOthers,
} from '../options/parameters.js';
import { range } from '../util/range.js';
import type { FinderName } from './contract.js';

/** Names of the finders. */
export const finderNames = Object.keys(finders) as FinderName[];

const dispersions = ['dispersion', 'dispersion-extended'] as const;
const blobs = ['peakfinder8', ...dispersions] as const;
/** Defaults of the dispersion finders that differ from those of peakfinder8. */
const dispersed = (value: number) => ({ dispersion: value, 'dispersion-extended': value });

/** Parameters of one search; `of` lists the finders that use a parameter. */
export const searchRows = /* @__PURE__ */ grouped('peaks', {
  threshold: {
    common: true,
    kind: 'number',
    sentence:
      'pixels at or below this value, as the file has it and whatever adu_per_photon is, are never part of a peak ' +
      '(zaef: never start one)',
    range: peaksRanges.threshold,
    unit: 'units of the frame',
    fallbacks: dispersed(dispersionDefaults.threshold),
    of: finderNames,
    crystfel: {
      program: 'indexamajig',
      differs: 'the command and ctx.pipeline tune it on the first frames if it is not given',
    },
  },
  minSnr: {
    common: true,
    kind: 'number',
    sentence: 'signal-to-noise ratio of a peak at least; in peakfinder8 also that of a pixel over its ring',
    range: peaksRanges.minSnr,
    of: ['peakfinder8', 'zaef'],
    crystfel: { program: 'indexamajig' },
  },
  minPixCount: {
    common: true,
    kind: 'integer',
    sentence: 'fewest pixels of a peak',
    range: peaksRanges.minPixCount,
    fallbacks: dispersed(dispersionDefaults.minPixCount),
    of: blobs,
    crystfel: { program: 'indexamajig' },
  },
  maxPixCount: {
    common: true,
    kind: 'integer',
    sentence: 'most pixels of a peak',
    range: peaksRanges.maxPixCount,
    fallbacks: dispersed(dispersionDefaults.maxPixCount),
    of: blobs,
    crystfel: { program: 'indexamajig' },
  },
  localBgRadius: {
    common: true,
    kind: 'integer',
    sentence: 'the local background of a peak reaches twice as far from it',
    range: peaksRanges.localBgRadius,
    unit: 'pixels',
    of: ['peakfinder8'],
    crystfel: { program: 'indexamajig' },
  },
  minSquaredGradient: {
    kind: 'number',
    sentence: 'squared gradient at the foot of a peak at least',
    range: peaksRanges.minSquaredGradient,
    unit: 'squared units of the frame',
    of: ['zaef'],
    crystfel: { program: 'indexamajig' },
  },
  peakRadius: {
    kind: 'numbers',
    count: 3,
    rising: true,
    sentence: 'a peak lies within the first radius of its summit, its background between the other two',
    range: { low: peakRadii.low, high: peakRadii.high, fallback: Number.NaN },
    fallback: peakRadii.fallback,
    unit: 'pixels',
    of: ['zaef'],
    crystfel: { program: 'indexamajig' },
  },
  gain: {
    kind: 'number',
    sentence: 'units of the frame that one count makes',
    range: peaksRanges.gain,
    of: dispersions,
  },
  kernelSize: {
    kind: 'integer',
    sentence: 'the window reaches this far to each side of its pixel; 3 is a window of 7 by 7',
    range: peaksRanges.kernelSize,
    unit: 'pixels',
    of: dispersions,
  },
  sigmaBackground: {
    kind: 'number',
    sentence: 'a window stands out where its variance over its mean exceeds that of counting by this many sigmas',
    range: peaksRanges.sigmaBackground,
    unit: 'sigmas',
    of: dispersions,
  },
  sigmaStrong: {
    kind: 'number',
    sentence: 'a pixel is strong where it exceeds the mean of its window by this many sigmas',
    range: peaksRanges.sigmaStrong,
    unit: 'sigmas',
    of: dispersions,
  },
  minCount: {
    kind: 'integer',
    sentence: 'fewest good pixels of a window',
    range: peaksRanges.minCount,
    of: dispersions,
  },
  maxPeaks: {
    kind: 'integer',
    sentence: 'largest number of peaks of a frame: if more are found, those of the greatest intensity are kept',
    range: range(1, 2 ** 20, Number.NaN),
    defaultText: 'all',
    of: finderNames,
  },
} as const satisfies Parameters);

/** The finder and the searched region, for which a finder is planned. */
export const finderRows = {
  finder: {
    kind: 'choice',
    sentence: 'how peaks are found',
    choices: finderNames,
    fallback: 'peakfinder8',
    flag: 'peaks',
  },
  minRes: {
    kind: 'number',
    sentence: 'pixels nearer to the beam than this take no part',
    range: { low: 0, high: 1e6, fallback: 0 },
    unit: 'pixels',
    crystfel: { program: 'indexamajig' },
  },
  maxRes: {
    kind: 'number',
    sentence: 'pixels farther from the beam than this take no part; 0 sets no limit',
    range: { low: 0, high: 1e6, fallback: 0 },
    unit: 'pixels',
    crystfel: {
      program: 'indexamajig',
      fallback: 1200,
      differs: 'its default of 1200 leaves out the corners of larger detectors without a word',
    },
  },
  sumsOnly: {
    kind: 'boolean',
    sentence: 'sums the rings of frames (`sums`) and searches nothing',
    fallback: false,
    flag: null,
  },
} as const satisfies Parameters;

/** Rejects a ring of pixels that is empty, in which no peak could be. Throws `Argument`. */
export function refuseEmptyRing(
  what: string,
  { minRes = 0, maxRes = 0 }: { minRes?: number | undefined; maxRes?: number | undefined },
): void {
  if (maxRes === 0 || minRes < maxRes) return;
  throw argumentError(
    what,
    (said) =>
      `${said('minRes')} is ${minRes} and ${said('maxRes')} ${maxRes} pixels from the beam, which leaves no pixel; ` +
      'the second is the larger one, or 0 for no limit',
  );
}

/** Rejects sizes that no peak can have. Throws `Argument`. */
export function refuseEmptySizes(
  what: string,
  { minPixCount = 0, maxPixCount = Number.POSITIVE_INFINITY }: { minPixCount?: number; maxPixCount?: number },
): void {
  if (minPixCount <= maxPixCount) return;
  throw argumentError(
    what,
    (said) =>
      `${said('minPixCount')} is ${minPixCount} and ${said('maxPixCount')} ${maxPixCount}, which leaves no peak; the ` +
      'second is the larger one',
  );
}

/** Parameters of a search that only the library has, and no command. */
export const libraryRows = {
  rings: {
    kind: 'boolean',
    sentence: 'also gives the statistics of the rings',
    fallback: false,
    of: ['peakfinder8'],
    flag: null,
  },
  sums: {
    kind: 'boolean',
    sentence: 'also gives the sums of all good pixels of the rings, none of which are clipped',
    fallback: false,
    of: ['peakfinder8'],
    flag: null,
  },
  centroid: {
    kind: 'choice',
    sentence:
      "where a peak is: at the mean of its blob's pixels, as CrystFEL has it, or at the mean of all pixels around it with Gaussian weights, which is nearer to the truth for weak spots",
    choices: ['blob', 'weighted'],
    fallback: 'blob',
    flag: null,
  },
  plain: {
    kind: 'boolean',
    sentence: 'makes five passes over the frame instead of one; the peaks are the same, found more slowly',
    fallback: false,
    of: ['peakfinder8'],
    flag: null,
  },
} as const satisfies Parameters;

/** The search by one finder, as a mode whose parameters are checked. */
const searchBy = (finder: FinderName): Mode => ({
  stages: [finder],
  because: () => `the finder ${finder} does not use it`,
});

/** Every parameter of one search. */
export const runRows = { ...searchRows, ...libraryRows };

/** Rejects parameters of other finders. Throws `Argument`. */
export const refuseOtherFinders = (
  given: Readonly<Record<string, unknown>>,
  finder: FinderName,
  nameOption?: NameOption,
): void => refuseOthers(runRows, given, searchBy(finder), nameOption);

/** The tables of this room by the names of their types, for its README and for declarations. */
export const tables = {
  PeakSearchParameters: runRows,
  FinderParameters: finderRows,
} as const;
