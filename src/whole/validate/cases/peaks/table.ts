/** The case table of peaks. */

import type { PeakList } from '../../../../serial/peaks/peak-list.js';
import type { Context } from '../../../assembly/rooms.js';
import type { RoomTable, Row } from '../../case.js';
import { dispersion } from '../../oracle/peaks/dispersion.js';
import { type OraclePeak, peakfinder8, type RingLimits } from '../../oracle/peaks/peakfinder8.js';
import { type RingSum, ringSums } from '../../oracle/peaks/ring-sums.js';
import { zaef } from '../../oracle/peaks/zaef.js';
import * as bounds from '../../tolerances.js';
import { ringsOfProblem } from './rings.js';
import { type Look, type Problem, problemOf } from './scene.js';

interface Truth {
  readonly peaks: readonly OraclePeak[];
  readonly limits: readonly RingLimits[];
  /** Of peakfinder8. */
  readonly sums?: readonly RingSum[] | undefined;
}

/** The peaks of the greatest intensity, in the order of the scan. */
function strongest(peaks: readonly OraclePeak[], most: number | undefined): readonly OraclePeak[] {
  if (most === undefined || peaks.length <= most) return peaks;
  const least = [...peaks].sort((a, b) => b.intensity - a.intensity)[most - 1]?.intensity ?? 0;
  return peaks.filter(({ intensity }) => intensity >= least);
}

const columns = ['fs', 'ss', 'intensity', 'maximum', 'snr', 'background'] as const;

/** Counts the peaks that are missing, invented or in another order: all that do not match the one at their place. */
function compare(found: PeakList, { peaks, limits, sums }: Truth) {
  let different = Math.abs(found.count - peaks.length);
  let worst = 0;
  let note: string | undefined;
  for (const [i, one] of peaks.slice(0, found.count).entries()) {
    if (found.pixels[i] !== one.pixels || found.panel[i] !== one.panel) {
      different++;
      note ??=
        `peak ${i}: ${found.pixels[i]} pixels at ${found.fs[i]}, ${found.ss[i]}; expected ${one.pixels} at ` +
        `${one.fs}, ${one.ss}`;
      continue;
    }
    for (const name of columns) {
      const have = found[name][i] ?? Number.NaN;
      // A peak whose surroundings have no noise at all has an infinite one.
      if (have !== one[name]) worst = Math.max(worst, Math.abs(have - one[name]) / Math.max(1, Math.abs(one[name])));
    }
  }
  let ring = 0;
  for (const [r, four] of limits.entries())
    for (let k = 0; k < 4; k++) {
      const [have, want] = [found.rings?.[4 * r + k] ?? Number.NaN, four[k] ?? 0];
      if (have !== want)
        ring = Math.max(ring, Math.abs(have - want) / Math.max(1, Math.abs(want)) || Number.POSITIVE_INFINITY);
    }
  if (found.count !== peaks.length) note = `${found.count} peaks, expected ${peaks.length}`;
  const errors = { peaks: different, figures: worst, rings: ring };
  return { errors: sums ? { ...errors, sums: errorOfSums(found, sums) } : errors, ...(note ? { note } : {}) };
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

function row(name: string, about: string, look: Look, bench = false): Row<Problem, PeakList, Truth> {
  const pixels = look.width * look.height;
  const finder = look.plan?.finder ?? 'peakfinder8';
  return {
    id: `peaks:${finder}:${look.dtype}:${look.width}x${look.height}${name ? `:${name}` : ''}`,
    about,
    // A tenth of the time of a software GPU, which is also more than a tenth of the core's.
    cost: 0.02 + pixels * costOfPixel[finder],
    plans: 1,
    work: { amount: 1, unit: 'frames' },
    flops: 10 * pixels,
    bytes: pixels * 4,
    ...(bench ? { bench } : {}),
    make: (seed) => problemOf(look, seed),
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
      return { ...truth, peaks: strongest(truth.peaks, problem.run.maxPeaks) };
    },
    async plan(context, { options, run, frame }) {
      const finder = await context.peaks(options);
      const ofRings = options.sumsOnly ? { sums: true } : { rings: true, sums: true };
      return {
        backend: finder.backend,
        run: () => finder.run(frame, finder.finder === 'peakfinder8' ? { ...run, ...ofRings } : run),
        timed: () => ({ amount: 1, call: () => finder.run(frame, run) }),
        dispose: () => finder.dispose(),
      };
    },
    compare,
    bounds: () => ({
      peaks: bounds.samePeaks,
      figures: bounds.peakFigures,
      rings: look.dtype === 'f32' ? bounds.ringsOfReals : bounds.ringsOfIntegers,
      ...(finder === 'peakfinder8' && {
        sums: look.dtype === 'f32' ? bounds.ringSumsOfReals : bounds.ringSumsOfIntegers,
      }),
    }),
  };
}

const small = { width: 131, height: 107 } as const;
const all = ['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'f32'] as const;

const rows: readonly Row<Problem, PeakList, Truth>[] = [
  ...all.map((dtype) =>
    row('', 'every type of numbers', { ...small, dtype, ...(dtype.endsWith('8') ? { peaks: 12 } : {}) }),
  ),
  ...(['u16', 'i32', 'f32'] as const).map((dtype) =>
    row('sums', 'rings are summed, nothing is searched', {
      ...small,
      dtype,
      bad: 0.05,
      beyond: 0.01,
      plan: { sumsOnly: true },
      run: { validRange: [-2, 59999] },
    }),
  ),
  row('background=60', 'a bright background', { ...small, dtype: 'u16', background: 60 }),
  row('background=2000', 'a very bright background', {
    ...small,
    dtype: 'u16',
    background: 2000,
    run: { threshold: 0 },
  }),
  row('background=0.02', 'hardly a photon', { ...small, dtype: 'u16', background: 0.02 }),
  row('snr=1', 'limits inside of the noise', { ...small, dtype: 'u16', run: { minSnr: 1, threshold: 0 } }),
  row('snr=0', 'no noise is allowed for', { ...small, dtype: 'u16', run: { minSnr: 0, threshold: -5 } }),
  row('peaks=900', 'peaks that touch each other', { ...small, dtype: 'u16', peaks: 900 }),
  row('pixels=4-9', 'sizes at both ends', { ...small, dtype: 'u16', run: { minPixCount: 4, maxPixCount: 9 } }),
  row('radius=1', 'narrow surroundings', { ...small, dtype: 'u16', run: { localBgRadius: 1 } }),
  row('radius=60', 'surroundings beyond the panel', { ...small, dtype: 'u16', peaks: 8, run: { localBgRadius: 60 } }),
  row('res=20-70', 'rings between two radii', { ...small, dtype: 'u16', plan: { minRes: 20, maxRes: 70 } }),
  row('bad=0.1', 'bad pixels of the detector', { ...small, dtype: 'u16', bad: 0.1 }),
  row('bad-here=0.1', 'bad pixels of the frame', { ...small, dtype: 'i32', badHere: 0.1 }),
  row('beyond=0.05', 'values that mark bad pixels', {
    ...small,
    dtype: 'u16',
    beyond: 0.05,
    run: { validRange: [0, 59999] },
  }),
  row('beyond-kept', 'saturated pixels that are taken as they are', { ...small, dtype: 'u16', beyond: 0.002 }),
  row('nan=0.05', 'values that are no numbers', { ...small, dtype: 'f32', nan: 0.05 }),
  row('constant=7', 'a frame without any noise', { ...small, dtype: 'i16', constant: 7 }),
  row('constant=0', 'an empty frame', { ...small, dtype: 'u32', constant: 0 }),
  row('panels=4', 'panels, each by itself: one ignored, one with bad edges', {
    width: 120,
    height: 164,
    dtype: 'i16',
    panels: 4,
  }),
  row('max=5', 'only the strongest peaks are kept', {
    ...small,
    dtype: 'u16',
    run: { maxPeaks: 5 },
  }),
  row('photons', 'more peaks than are read from a GPU at once', {
    ...small,
    dtype: 'u16',
    background: 0.1,
    run: { threshold: 0, minSnr: 0, minPixCount: 1 },
  }),
  row('narrow', 'a frame of a few columns', { width: 5, height: 300, dtype: 'u16' }),
  row('one', 'a frame of one pixel', { width: 1, height: 1, dtype: 'f32' }),
  row('1M', 'a megapixel', { width: 1024, height: 1024, dtype: 'u16', peaks: 250 }, true),
  row('4M', 'the pace of a large detector', { width: 2068, height: 2162, dtype: 'u16', peaks: 250 }, true),
];

/** A row of zaef. */
const zaefRow = (name: string, about: string, look: Look, bench = false): Row<Problem, PeakList, Truth> =>
  row(name, about, { ...look, plan: { ...look.plan, finder: 'zaef' } }, bench);

const zaefRows: readonly Row<Problem, PeakList, Truth>[] = [
  ...all.map((dtype) =>
    zaefRow('', 'every type of numbers', { ...small, dtype, ...(dtype.endsWith('8') ? { peaks: 12 } : {}) }),
  ),
  zaefRow('background=60', 'a bright background, whose noise has slopes', {
    ...small,
    dtype: 'u16',
    background: 60,
    run: { minSquaredGradient: 300 },
  }),
  zaefRow('gradient=0', 'every pixel above the threshold is a foot', {
    ...small,
    dtype: 'u16',
    run: { threshold: 0, minSquaredGradient: 0, minSnr: 1 },
  }),
  zaefRow('peaks=900', 'peaks nearer than twice the radius, and feet that climb away', {
    ...small,
    dtype: 'u16',
    peaks: 900,
  }),
  zaefRow('radius=4-5-7', "CrystFEL's radii", { ...small, dtype: 'u16', peaks: 30, run: { peakRadius: [4, 5, 7] } }),
  zaefRow('radius=1.5-1.5-2.9', 'radii between whole pixels', {
    ...small,
    dtype: 'i32',
    run: { peakRadius: [1.5, 1.5, 2.9] },
  }),
  zaefRow('radius=5-30-60', 'a background beyond the panel', {
    ...small,
    dtype: 'u16',
    peaks: 8,
    run: { peakRadius: [5, 30, 60] },
  }),
  zaefRow('res=20-70', 'pixels between two radii', { ...small, dtype: 'u16', plan: { minRes: 20, maxRes: 70 } }),
  zaefRow('bad=0.01', 'bad pixels of the detector', { ...small, dtype: 'u16', bad: 0.01 }),
  zaefRow('bad-here=0.01', 'bad pixels of the frame', { ...small, dtype: 'i32', badHere: 0.01 }),
  zaefRow('beyond=0.01', 'values that mark bad pixels', {
    ...small,
    dtype: 'u16',
    beyond: 0.01,
    run: { validRange: [0, 59999] },
  }),
  zaefRow('nan=0.01', 'values that are no numbers', { ...small, dtype: 'f32', nan: 0.01 }),
  zaefRow('constant=7', 'a plain without slopes', {
    ...small,
    dtype: 'i16',
    constant: 7,
    run: { threshold: 0, minSquaredGradient: 0 },
  }),
  zaefRow('panels=4', 'panels, each by itself: one ignored, one with bad edges', {
    width: 120,
    height: 164,
    dtype: 'i16',
    panels: 4,
  }),
  zaefRow('max=5', 'only the strongest peaks are kept', {
    ...small,
    dtype: 'u16',
    run: { maxPeaks: 5 },
  }),
  zaefRow('one', 'a frame of one pixel', { width: 1, height: 1, dtype: 'f32' }),
  zaefRow('4M', 'the pace of a large detector', { width: 2068, height: 2162, dtype: 'u16', peaks: 250 }, true),
];

/** Rows of dispersion and of its extended form: the same frames with other passes. */
const dispersionRows = (finder: 'dispersion' | 'dispersion-extended'): readonly Row<Problem, PeakList, Truth>[] => {
  const one = (name: string, about: string, look: Look, bench = false): Row<Problem, PeakList, Truth> =>
    row(name, about, { ...look, plan: { ...look.plan, finder } }, bench);
  const seen = { ...small, peaks: 30 } as const;
  // What both forms share (types, spot sizes, which pixels take part) is tested with the first form only.
  const plainly = finder === 'dispersion';
  const types = plainly ? all : (['u16', 'i16', 'f32'] as const);
  return [
    ...types.map((dtype) => one('', 'every type of numbers', { ...seen, dtype })),
    one('background=60', 'a bright background', { ...seen, dtype: 'u16', background: 60 }),
    one('background=0.02', 'hardly a photon', { ...seen, dtype: 'u16', background: 0.02 }),
    one('gain=4.3', 'fewer counts than units', { ...seen, dtype: 'u16', run: { gain: 4.3 } }),
    one('kernel=7', 'a wide window', { ...seen, dtype: 'u16', run: { kernelSize: 7 } }),
    one('kernel=64', 'a window beyond the panel', { width: 61, height: 47, dtype: 'u16', run: { kernelSize: 64 } }),
    one('sigmas=1.03-1.07', 'noise is strong', {
      ...seen,
      dtype: 'u16',
      run: { sigmaBackground: 1.03, sigmaStrong: 1.07 },
    }),
    one('count=40', 'windows at the edge and beside bad pixels are too small', {
      ...seen,
      dtype: 'u16',
      bad: 0.05,
      run: { minCount: 40 },
    }),
    one('bad=0.1', 'bad pixels of the detector', { ...seen, dtype: 'u16', bad: 0.1 }),
    one('bad-here=0.1', 'bad pixels of the frame', { ...seen, dtype: 'i32', badHere: 0.1 }),
    one('beyond-kept', 'saturated pixels that are taken as they are', { ...seen, dtype: 'u16', beyond: 0.002 }),
    one('nan=0.05', 'values that are no numbers', { ...seen, dtype: 'f32', nan: 0.05 }),
    one('constant=7', 'a frame without any noise', { ...small, dtype: 'i16', constant: 7 }),
    one('panels=4', 'panels, each by itself: one ignored, one with bad edges', {
      width: 120,
      height: 164,
      dtype: 'i16',
      panels: 4,
    }),
    one('max=5', 'only the strongest peaks are kept', {
      ...small,
      dtype: 'u16',
      run: { maxPeaks: 5 },
    }),
    one('one', 'a frame of one pixel', { width: 1, height: 1, dtype: 'f32' }),
    ...(plainly
      ? [
          one('pixels=4-9', 'sizes at both ends', {
            ...small,
            dtype: 'u16',
            run: { minPixCount: 4, maxPixCount: 9 },
          }),
          one('res=20-70', 'pixels between two radii', { ...seen, dtype: 'u16', plan: { minRes: 20, maxRes: 70 } }),
          one('beyond=0.05', 'values that mark bad pixels', {
            ...seen,
            dtype: 'u16',
            beyond: 0.05,
            run: { validRange: [0, 59999] },
          }),
        ]
      : []),
    one('512', 'a quarter of a megapixel', { width: 512, height: 512, dtype: 'u16', peaks: 60 }, true),
  ];
};

async function tryOut(context: Context): Promise<void> {
  const finder = await context.peaks({ width: 32, height: 32, dtype: 'u16' });
  const frame = new Uint16Array(1024);
  frame.set([500, 900], 10 * 32 + 20);
  const { count, fs, ss } = await finder.run(frame, { threshold: 100 });
  await finder.dispose();
  // The centroid of 500 at 20.5 and 900 at 21.5.
  const right = count === 1 && Math.abs((fs[0] ?? 0) - (20.5 + 900 / 1400)) < 1e-5 && ss[0] === 10.5;
  if (!right) throw new Error(`found ${count} peaks at ${fs}, ${ss}; expected one at 21.143, 10.5`);
}

export const peaksTable: RoomTable = {
  name: 'peaks',
  rows: [
    ...rows,
    ...zaefRows,
    ...dispersionRows('dispersion'),
    ...dispersionRows('dispersion-extended'),
  ] as readonly Row[],
  tryOut,
};
