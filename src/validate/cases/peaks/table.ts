/** The case table of peaks. */

import type { PeakList } from '../../../peaks/peak-list.js';
import * as bounds from '../../bounds.js';
import type { RoomTable, Row } from '../../case.js';
import { dispersion } from '../../oracle/peaks/dispersion.js';
import { type OraclePeak, peakfinder8, type RingLimits } from '../../oracle/peaks/peakfinder8.js';
import { type RingSum, ringSums } from '../../oracle/peaks/ring-sums.js';
import { zaef } from '../../oracle/peaks/zaef.js';
import { ringsOfProblem } from './rings.js';
import { type Look, type Problem, problemOf } from './scene.js';

interface Truth {
  readonly peaks: readonly OraclePeak[];
  readonly limits: readonly RingLimits[];
  /** Of peakfinder8. */
  readonly sums?: readonly RingSum[] | undefined;
}

/** The peaks of the greatest intensity, in the order of the scan. */
function selectStrongest(peaks: readonly OraclePeak[], most: number | undefined): readonly OraclePeak[] {
  if (most === undefined || peaks.length <= most) return peaks;
  const least = [...peaks].sort((a, b) => b.intensity - a.intensity)[most - 1]?.intensity ?? 0;
  return peaks.filter(({ intensity }) => intensity >= least);
}

const columns = ['fs', 'ss', 'intensity', 'maximum', 'snr', 'background'] as const;

/** Counts the peaks that are missing, invented or in another order: all that do not match the one at their place. */
function compare(peakList: PeakList, { peaks, limits, sums }: Truth) {
  let different = Math.abs(peakList.count - peaks.length);
  let worst = 0;
  let note: string | undefined;
  for (const [i, one] of peaks.slice(0, peakList.count).entries()) {
    if (peakList.pixels[i] !== one.pixels || peakList.panel[i] !== one.panel) {
      different++;
      note ??=
        `peak ${i}: ${peakList.pixels[i]} pixels at ${peakList.fs[i]}, ${peakList.ss[i]}; expected ${one.pixels} at ` +
        `${one.fs}, ${one.ss}`;
      continue;
    }
    for (const name of columns) {
      const have = peakList[name][i] ?? Number.NaN;
      // A peak whose surroundings have no noise at all has an infinite one.
      if (have !== one[name]) worst = Math.max(worst, Math.abs(have - one[name]) / Math.max(1, Math.abs(one[name])));
    }
  }
  let ring = 0;
  for (const [r, four] of limits.entries())
    for (let k = 0; k < 4; k++) {
      const [have, want] = [peakList.rings?.[4 * r + k] ?? Number.NaN, four[k] ?? 0];
      if (have !== want)
        ring = Math.max(ring, Math.abs(have - want) / Math.max(1, Math.abs(want)) || Number.POSITIVE_INFINITY);
    }
  if (peakList.count !== peaks.length) note = `${peakList.count} peaks, expected ${peaks.length}`;
  const errors = { peaks: different, figures: worst, rings: ring };
  return { errors: sums ? { ...errors, sums: errorOfSums(peakList, sums) } : errors, ...(note ? { note } : {}) };
}

/** The largest error of a sum, or of a number of pixels, which is a whole number. */
function errorOfSums({ sums: found }: PeakList, sums: readonly RingSum[]): number {
  let worst = 0;
  for (let ring = 0; ring < sums.length; ring++) {
    const { sum = 0, pixels = 0 } = sums[ring] ?? {};
    const [have = Number.NaN, number = Number.NaN] = [found?.sums[ring], found?.pixels[ring]];
    const error = Math.max(Math.abs(have - sum) / Math.max(1, Math.abs(sum)), Math.abs(number - pixels));
    worst = Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
  }
  return worst;
}

/** Seconds per pixel on a GPU without float64, which emulates about forty sums of reals per window by integers. */
const costOfPixel = { peakfinder8: 2.5e-7, zaef: 2.5e-7, dispersion: 4e-6, 'dispersion-extended': 7e-6 };
type Finder = keyof typeof costOfPixel;

/** A case of a finder. */
function makeRow(
  finder: Finder,
  name: string,
  about: string,
  look: Look,
  bench = false,
): Row<Problem, PeakList, Truth> {
  const pixels = look.width * look.height;
  return {
    id: `peaks:${finder}:${look.dtype}:${look.width}x${look.height}${name ? `:${name}` : ''}`,
    about,
    // A tenth of the time of a software GPU, which is also more than a tenth of the core's.
    cost: 0.02 + pixels * costOfPixel[finder],
    plans: 1,
    work: { amount: 1, unit: 'frames' },
    ...(bench ? { bench } : {}),
    make: (seed) => problemOf({ ...look, plan: { ...look.plan, finder } }, seed),
    oracle(problem) {
      const { ring, panels } = ringsOfProblem(problem);
      const { width, height } = problem.options;
      const scene = { width, height, frame: problem.frame, ring, panels };
      const { settings } = problem;
      const truth = {
        peakfinder8: () => ({
          ...(problem.options.sumsOnly ? { peaks: [], limits: [] } : peakfinder8(scene, settings)),
          sums: ringSums(scene, settings.validRange),
        }),
        zaef: () => ({ peaks: zaef(scene, settings), limits: [] }),
        dispersion: () => ({ peaks: dispersion(scene, settings, false), limits: [] }),
        'dispersion-extended': () => ({ peaks: dispersion(scene, settings, true), limits: [] }),
      }[finder]();
      return { ...truth, peaks: selectStrongest(truth.peaks, problem.run.maxPeaks) };
    },
    async plan(context, { options, run, frame }) {
      const plan = await context.peaks(options);
      const ofRings = options.sumsOnly ? { sums: true } : { rings: true, sums: true };
      return {
        run: () => plan.run(frame, finder === 'peakfinder8' ? { ...run, ...ofRings } : run),
        timed: () => ({ amount: 1, call: () => plan.run(frame, run) }),
        dispose: () => plan.dispose(),
      };
    },
    compare,
    bounds: () => ({
      peaks: bounds.samePeaks,
      figures: bounds.peakFigures,
      rings: look.dtype === 'f32' ? bounds.ringsOfReals : bounds.ringsOfIntegers,
      sums: look.dtype === 'f32' ? bounds.ringSumsOfReals : bounds.ringSumsOfIntegers,
    }),
  };
}

/** The end of an address, what the case is about, and what differs from the usual frame and search of its finder. */
type Case = readonly [name: string, about: string, change: Partial<Look>, bench?: boolean];

const rowsOf = (finder: Finder, usual: Partial<Look>, cases: readonly Case[]): Row<Problem, PeakList, Truth>[] =>
  cases.map(([name, about, change, bench]) =>
    makeRow(finder, name, about, { width: 131, height: 107, dtype: 'u16', ...usual, ...change }, bench),
  );

const all = ['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'f32'] as const;
const ofTypes = (types: readonly Look['dtype'][]): Case[] =>
  types.map((dtype) => ['', 'every type of numbers', { dtype, ...(dtype.endsWith('8') && { peaks: 12 }) }]);
const large = { width: 2068, height: 2162, peaks: 250 } as const;

/** Which pixels take part; of those, one in ten or fewer is bad, as a finder allows. */
const ofPixels = (bad: number, beyond: number): Case[] => [
  ['res=20-70', 'pixels between two radii', { plan: { minRes: 20, maxRes: 70 } }],
  [`bad=${bad}`, 'bad pixels of the detector', { bad }],
  [`bad-here=${bad}`, 'bad pixels of the frame', { dtype: 'i32', badHere: bad }],
  [`beyond=${beyond}`, 'values that mark bad pixels', { beyond, run: { validRange: [0, 59999] } }],
  [`nan=${beyond}`, 'values that are no numbers', { dtype: 'f32', nan: beyond }],
  [
    'panels=4',
    'panels, each by itself: one ignored, one with bad edges',
    { width: 120, height: 164, dtype: 'i16', panels: 4 },
  ],
  ['max=5', 'only the strongest peaks are kept', { run: { maxPeaks: 5 } }],
  ['one', 'a frame of one pixel', { width: 1, height: 1, dtype: 'f32' }],
];

const peakfinder8Rows = rowsOf('peakfinder8', {}, [
  ...ofTypes(all),
  ...(['u16', 'i32', 'f32'] as const).map(
    (dtype): Case => [
      'sums',
      'rings are summed, nothing is searched',
      { dtype, bad: 0.05, beyond: 0.01, plan: { sumsOnly: true }, run: { validRange: [-2, 59999] } },
    ],
  ),
  ...ofPixels(0.1, 0.05),
  ['beyond-kept', 'saturated pixels that are taken as they are', { beyond: 0.002 }],
  ['background=60', 'a bright background', { background: 60 }],
  ['background=2000', 'a very bright background', { background: 2000, run: { threshold: 0 } }],
  ['background=0.02', 'hardly a photon', { background: 0.02 }],
  ['snr=1', 'limits inside of the noise', { run: { minSnr: 1, threshold: 0 } }],
  ['snr=0', 'no noise is allowed for', { run: { minSnr: 0, threshold: -5 } }],
  ['peaks=900', 'peaks that touch each other', { peaks: 900 }],
  ['pixels=4-9', 'sizes at both ends', { run: { minPixCount: 4, maxPixCount: 9 } }],
  ['radius=1', 'narrow surroundings', { run: { localBgRadius: 1 } }],
  ['radius=60', 'surroundings beyond the panel', { peaks: 8, run: { localBgRadius: 60 } }],
  ['constant=7', 'a frame without any noise', { dtype: 'i16', constant: 7 }],
  ['constant=0', 'an empty frame', { dtype: 'u32', constant: 0 }],
  [
    'photons',
    'more peaks than are read from a GPU at once',
    { background: 0.1, run: { threshold: 0, minSnr: 0, minPixCount: 1 } },
  ],
  ['narrow', 'a frame of a few columns', { width: 5, height: 300 }],
  ['1M', 'a megapixel', { width: 1024, height: 1024, peaks: 250 }, true],
  ['4M', 'the pace of a large detector', large, true],
]);

const zaefRows = rowsOf('zaef', {}, [
  ...ofTypes(all),
  ...ofPixels(0.01, 0.01),
  ['background=60', 'a background whose noise has slopes', { background: 60, run: { minSquaredGradient: 300 } }],
  [
    'gradient=0',
    'every pixel above the threshold is a foot',
    { run: { threshold: 0, minSquaredGradient: 0, minSnr: 1 } },
  ],
  ['peaks=900', 'peaks nearer than twice the radius, and feet that climb away', { peaks: 900 }],
  ['radius=4-5-7', "CrystFEL's radii", { peaks: 30, run: { peakRadius: [4, 5, 7] } }],
  ['radius=1.5-1.5-2.9', 'radii between whole pixels', { dtype: 'i32', run: { peakRadius: [1.5, 1.5, 2.9] } }],
  ['radius=5-30-60', 'a background beyond the panel', { peaks: 8, run: { peakRadius: [5, 30, 60] } }],
  ['constant=7', 'a plain without slopes', { dtype: 'i16', constant: 7, run: { threshold: 0, minSquaredGradient: 0 } }],
  ['4M', 'the pace of a large detector', large, true],
]);

/** Cases of dispersion and of its extended form: the same frames with other passes. */
const ofDispersion: readonly Case[] = [
  ...ofPixels(0.1, 0.05),
  ['beyond-kept', 'saturated pixels that are taken as they are', { beyond: 0.002 }],
  ['background=60', 'a bright background', { background: 60 }],
  ['background=0.02', 'hardly a photon', { background: 0.02 }],
  ['gain=4.3', 'fewer counts than units', { run: { gain: 4.3 } }],
  ['kernel=7', 'a wide window', { run: { kernelSize: 7 } }],
  ['kernel=64', 'a window beyond the panel', { width: 61, height: 47, peaks: 6, run: { kernelSize: 64 } }],
  ['sigmas=1.03-1.07', 'noise is strong', { run: { sigmaBackground: 1.03, sigmaStrong: 1.07 } }],
  ['count=40', 'windows at the edge and beside bad pixels are too small', { bad: 0.05, run: { minCount: 40 } }],
  ['constant=7', 'a frame without any noise', { dtype: 'i16', constant: 7 }],
  ['512', 'a quarter of a megapixel', { width: 512, height: 512, peaks: 60 }, true],
];

const dispersionRows = [
  ...rowsOf('dispersion', { peaks: 30 }, [
    ...ofTypes(all),
    ['pixels=4-9', 'sizes at both ends', { run: { minPixCount: 4, maxPixCount: 9 } }],
    ...ofDispersion,
  ]),
  ...rowsOf('dispersion-extended', { peaks: 30 }, [...ofTypes(['u16', 'i16', 'f32']), ...ofDispersion]),
];

export const peaksTable: RoomTable = {
  name: 'peaks',
  rows: [...peakfinder8Rows, ...zaefRows, ...dispersionRows] as readonly Row[],
  sample: 'peaks:peakfinder8:u16:5x300:narrow',
};
