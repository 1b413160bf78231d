/** Sums, standard deviations, single frames, and their spectra. Defaults are those of LiberTEM. */

import { argumentError } from '../../options/parameters.js';
import { circular } from '../../udf/pass/masks.js';
import type { Scan } from '../../udf/scans/scan.js';
import { inspect } from '../../util/options.js';
import { product } from '../../util/product.js';
import { pickUdf } from '../builtin/pick.js';
import { stddevUdf } from '../builtin/stddev.js';
import { logSumUdf, sumSigUdf, sumUdf } from '../builtin/sums.js';
import { MiddleSpectrum } from '../images/fourier.js';
import {
  analysis,
  complexChannels,
  later,
  type Made,
  navChannel,
  type OptionsOfAnalysis,
  realOrComplex,
  roundedDoubt,
  sigChannel,
} from './analysis.js';
import {
  areNaN,
  haveNeighbours,
  leftOutOf,
  leftOutOfFrames,
  partsWithoutCounts,
  withNeighbours,
  withoutCounts,
} from './left-out.js';
import { centreOf, detectorSize } from './parameters.js';
import { underMask } from './under-mask.js';

/** Sum of all frames. */
export const sumAnalysis = /* @__PURE__ */ analysis('sum', (scan, options, what) => {
  const leftOut = leftOutOf(scan, what, options);
  return {
    notes: leftOutOfFrames(leftOut, areNaN),
    udf: sumUdf,
    complexFrames: true,
    channels({ intensity }) {
      const data = withoutCounts(intensity.data, leftOut);
      return realOrComplex(
        { ...sigChannel(scan, 'intensity', 'sum', 'sum of all frames', data, true), unit: 'counts' },
        intensity,
      );
    },
  };
});

/** Sum of each frame. */
export const sumSigAnalysis = /* @__PURE__ */ analysis('sumsig', (scan, options, what) => {
  const { marks, ...leftOut } = leftOutOf(scan, what, options);
  const title = 'sum of each frame';
  if (marks)
    return underMask(
      scan,
      new Uint8Array(marks.length).fill(1),
      { title: 'frame', desc: title, of: 'a frame' },
      { marks, ...leftOut },
    );
  return {
    udf: sumSigUdf,
    complexFrames: true,
    channels: ({ intensity }) =>
      realOrComplex(navChannel(scan, 'intensity', title, title, intensity.data, 'counts'), intensity),
  };
});

/** Sum of logarithms. */
export const logSumAnalysis = /* @__PURE__ */ analysis('logsum', (scan, options, what) => {
  const leftOut = leftOutOf(scan, what, options);
  const desc = 'sum of log(I − minimum + 1)';
  return {
    notes: leftOutOfFrames(leftOut, areNaN),
    udf: logSumUdf.withParams({ without: leftOut.pixels }),
    channels: ({ logsum }) => [
      sigChannel(scan, 'logsum', 'sum of logarithms', desc, withoutCounts(logsum.data, leftOut)),
    ],
  };
});

/** Standard deviation of each pixel, and mean, variance, sum. */
export const stddevAnalysis = /* @__PURE__ */ analysis('stddev', (scan, options, what) => {
  const leftOut = leftOutOf(scan, what, options);
  return {
    notes: leftOutOfFrames(leftOut, areNaN),
    udf: stddevUdf,
    channels: (results) =>
      (['std', 'mean', 'var', 'sum'] as const).map((key) =>
        later(
          {
            ...sigChannel(scan, key, key, `${key} of each pixel`, [], true),
            unit: key === 'var' ? 'counts²' : 'counts',
          },
          partsWithoutCounts(results[key], leftOut),
        ),
      ),
  };
});

/** Options of picks: the position as `at`, or as LiberTEM's x, y and z. */
export interface PickOptions extends OptionsOfAnalysis<'pick'> {
  readonly x?: number | undefined;
  readonly y?: number | undefined;
  readonly z?: number | undefined;
}

/** Options of spectra of picks. */
export type PickFftOptions = PickOptions & OptionsOfAnalysis<'pick-fft'>;

function picked(
  scan: Scan,
  { at: typed, x, y, z, calibration }: PickFftOptions,
  what: string,
  isFourier: boolean,
): Made<'intensity'> {
  const { nav, sig } = scan.shape;
  const given = typed ?? [z, y, x].filter((value): value is number => value !== undefined);
  const at = given.length === 0 ? nav.map(() => 0) : given;
  const named = (said: (name: string) => string): string => (typed ? said('at') : 'the position');
  if (
    at.length !== nav.length ||
    at.some((value, axis) => !Number.isInteger(value) || value < 0 || value >= (nav[axis] as number))
  )
    throw argumentError(
      what,
      (said) =>
        `${named(said)} is (${at.map(inspect).join(', ')}); ` +
        `the scan of ${scan.name} is ${nav.join(' × ') || 'one frame'}`,
    );
  const roi = new Uint8Array(product(nav));
  const position = at.reduce((flat, value, axis) => flat * (nav[axis] as number) + value, 0);
  const frame = position + scan.sync.syncOffset;
  if (!scan.live && (frame < 0 || frame >= scan.imageCount))
    throw argumentError(
      what,
      (said) =>
        `${named(said)} is (${at.join(', ')}), which has no frame: with ${said('syncOffset')} ${scan.sync.syncOffset}, ` +
        `${scan.name} has frames for the positions ${Math.max(0, -scan.sync.syncOffset)} to ` +
        `${Math.min(roi.length, scan.imageCount - scan.sync.syncOffset) - 1}`,
    );
  roi[position] = 1;
  const name = `frame ${at.join(', ')}`;
  const leftOut = leftOutOf(scan, what, { calibration });
  return {
    notes: leftOutOfFrames(leftOut, haveNeighbours),
    udf: pickUdf,
    complexFrames: !isFourier,
    roi,
    ...(!isFourier && { doubts: ({ intensity }) => roundedDoubt(scan, intensity.rawData) }),
    channels({ intensity }) {
      const raw = intensity.rawData as Float64Array;
      if (intensity.dtype.startsWith('c')) return complexChannels('intensity', 'frame', sig, raw);
      const { dtype } = intensity;
      if (!isFourier) return [{ ...sigChannel(scan, 'intensity', 'frame', name, raw), unit: 'counts', dtype }];
      const { width, height } = detectorSize(scan, what);
      const desc = `|spectrum| of ${name}, frequency 0 in the middle`;
      const channel = sigChannel(scan, 'intensity', 'spectrum', desc, [], true);
      const sides = [height, width] as const;
      return [
        later(channel, new MiddleSpectrum(() => withNeighbours(raw, leftOut, sides), sides, ['magnitude']).magnitude),
      ];
    },
  };
}

/** One frame, by the position's coordinates, slowest axis first, or by x, y, z as in LiberTEM. */
export const pickAnalysis = /* @__PURE__ */ analysis('pick', (scan, options: PickOptions, what) =>
  picked(scan, options, what, false),
);

/** The spectrum of one frame, chosen as that of `createPickAnalysis`. */
export const pickFftAnalysis = /* @__PURE__ */ analysis('pick-fft', (scan, options: PickFftOptions, what) =>
  picked(scan, options, what, true),
);

/**
 * Spectrum of the sum of all frames, with a disk removed first if a radius is given: `intensity` is
 * log(|spectrum| + 1), as LiberTEM shows it, `complex` the spectrum itself, both with frequency 0 in the middle.
 * The sum is `sum`.
 */
export const fftSumAnalysis = /* @__PURE__ */ analysis('fft-sum', (scan, options, what) => {
  const { radius: r } = options;
  const { notes, ...centre } = centreOf(scan, what, options);
  const hole = r === undefined ? undefined : circular({ ...centre, r });
  const leftOut = leftOutOf(scan, what, options);
  return {
    notes: [...notes, ...leftOutOfFrames(leftOut, haveNeighbours)],
    udf: sumUdf,
    channels({ intensity }) {
      const middle = 'frequency 0 in the middle';
      const logDesc = `log(|spectrum of the sum| + 1), ${middle}`;
      const spectrum = new MiddleSpectrum(
        () => {
          const given = withNeighbours(intensity.data as Float64Array, leftOut, scan.shape.sig);
          return hole ? given.map((value, i) => (hole[i] ? 0 : value)) : given;
        },
        [centre.height, centre.width],
        ['logs', 'complex'],
      );
      const complex = later(
        { ...sigChannel(scan, 'complex', 'spectrum', `the complex spectrum, ${middle}`, []), complex: true },
        spectrum.complex,
      );
      const logs = later(sigChannel(scan, 'intensity', 'spectrum of the sum', logDesc, []), spectrum.logs);
      return [logs, complex];
    },
  };
});
