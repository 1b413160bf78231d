/** Sums, standard deviations, single frames, and their spectra. Defaults are those of LiberTEM. */

import { inspect } from '../../base/options.js';
import { argumentError } from '../../base/parameters.js';
import { product } from '../../base/product.js';
import { pickUdf } from '../builtin/pick.js';
import { stddevUdf } from '../builtin/stddev.js';
import { logSumUdf, sumSigUdf, sumUdf } from '../builtin/sums.js';
import { shiftedMagnitude, shiftedSpectrum } from '../images/fourier.js';
import { circular } from '../images/masks.js';
import type { AnalysisParameters } from '../parameter-types.js';
import type { Scan } from '../scans/scan.js';
import { type Analysis, complexChannels, navChannel, realOrComplex, sigChannel } from './analysis.js';
import { centreNotes, centreOf, detectorSize, expectsScan, optionsOf } from './parameters.js';

/** Options of picks: the position as `at`, or as LiberTEM's x, y and z. */
interface PickOptions extends Pick<AnalysisParameters, 'at'> {
  readonly x?: number | undefined;
  readonly y?: number | undefined;
  readonly z?: number | undefined;
}
/** Options of `createFftSumAnalysis`. */
type FftSumOptions = Pick<AnalysisParameters, 'cx' | 'cy' | 'radius' | 'calibration'>;

/** The scan, after checking that it is one. Throws `Argument`. */
function checked(what: string, scan: Scan): Scan {
  expectsScan(what, scan);
  return scan;
}

/** Sum of all frames. */
export const sumAnalysis = (scan: Scan): Analysis<'intensity'> => ({
  name: 'sum',
  scan: checked('createSumAnalysis', scan),
  udf: sumUdf,
  complexFrames: true,
  channels: ({ intensity }) =>
    realOrComplex(
      { ...sigChannel(scan, 'intensity', 'sum', 'sum of all frames', intensity.data, true), unit: 'counts' },
      intensity,
    ),
});

/** Sum of each frame. */
export const sumSigAnalysis = (scan: Scan): Analysis<'intensity'> => ({
  name: 'sumsig',
  scan: checked('createSumSigAnalysis', scan),
  udf: sumSigUdf,
  complexFrames: true,
  channels: ({ intensity }) =>
    realOrComplex(
      navChannel(scan, 'intensity', 'sum of each frame', 'sum of each frame', intensity.data, 'counts'),
      intensity,
    ),
});

/** Sum of logarithms. */
export const logSumAnalysis = (scan: Scan): Analysis<'logsum'> => ({
  name: 'logsum',
  scan: checked('createLogSumAnalysis', scan),
  udf: logSumUdf,
  channels: ({ logsum }) => [
    sigChannel(scan, 'logsum', 'sum of logarithms', 'sum of log(I − minimum + 1)', logsum.data) as never,
  ],
});

/** Standard deviation of each pixel, and mean, variance, sum. */
export const stddevAnalysis = (scan: Scan): Analysis<'std' | 'mean' | 'var' | 'sum'> => ({
  name: 'stddev',
  scan: checked('createStddevAnalysis', scan),
  udf: stddevUdf,
  channels: (results) =>
    (['std', 'mean', 'var', 'sum'] as const).map(
      (key) =>
        ({
          ...sigChannel(scan, key, key, `${key} of each pixel`, results[key].data, true),
          unit: key === 'var' ? 'counts²' : 'counts',
        }) as never,
    ),
});

/** One frame, by the position's coordinates, slowest axis first, or by x, y, z as in LiberTEM. */
export function pickAnalysis(scan: Scan, options: PickOptions = {}, fourier = false): Analysis<'intensity'> {
  expectsScan('createPickAnalysis', scan);
  const { at: position, x, y, z } = optionsOf('createPickAnalysis', fourier ? 'pick-fft' : 'pick', options);
  const { nav, sig } = scan.shape;
  const given = position ?? [z, y, x].filter((value): value is number => value !== undefined);
  const at = given.length === 0 ? nav.map(() => 0) : given;
  if (
    at.length !== nav.length ||
    at.some((value, axis) => !Number.isInteger(value) || value < 0 || value >= (nav[axis] as number))
  )
    throw argumentError(
      'createPickAnalysis',
      (said) =>
        `${position ? said('at') : 'the position'} is (${at.map(inspect).join(', ')}); ` +
        `the scan of ${scan.name} is ${nav.join(' × ') || 'one frame'}`,
    );
  const roi = new Uint8Array(product(nav));
  roi[at.reduce((flat, value, axis) => flat * (nav[axis] as number) + value, 0)] = 1;
  return {
    name: fourier ? 'pick-fft' : 'pick',
    scan,
    udf: pickUdf,
    complexFrames: !fourier,
    roi,
    channels({ intensity }) {
      const raw = intensity.rawData as Float64Array;
      if (intensity.dtype.startsWith('c')) return complexChannels('intensity', 'frame', sig, raw) as never;
      if (!fourier)
        return [{ ...sigChannel(scan, 'intensity', 'frame', `frame ${at.join(', ')}`, raw), unit: 'counts' } as never];
      const { width, height } = detectorSize(scan, 'pick-fft');
      return [
        sigChannel(
          scan,
          'intensity',
          'spectrum',
          `|spectrum| of frame ${at.join(', ')}, frequency 0 in the middle`,
          shiftedMagnitude(raw, height, width),
          true,
        ) as never,
      ];
    },
  };
}

/**
 * Spectrum of the sum of all frames, with a disk removed first if a radius is given: `intensity` is
 * log(|spectrum| + 1), as LiberTEM shows it, `complex` the spectrum itself, both with frequency 0 in the middle.
 * The sum is `sum`.
 */
export function fftSumAnalysis(scan: Scan, options: FftSumOptions = {}): Analysis<'intensity' | 'complex'> {
  const { radius: r } = optionsOf('createFftSumAnalysis', 'fft-sum', options);
  const centre = centreOf(scan, 'createFftSumAnalysis', options);
  const hole = r === undefined ? undefined : circular({ ...centre, r });
  return {
    name: 'fft-sum',
    scan,
    notes: centreNotes(scan, 'createFftSumAnalysis', options),
    udf: sumUdf,
    channels({ intensity }) {
      const sum = Float64Array.from(intensity.data as Float64Array, (value, i) => (hole?.[i] ? 0 : value));
      const spectrum = shiftedSpectrum(sum, centre.height, centre.width);
      const logs = Float64Array.from({ length: sum.length }, (_, i) =>
        Math.log(Math.hypot(spectrum[2 * i] as number, spectrum[2 * i + 1] as number) + 1),
      );
      return [
        sigChannel(
          scan,
          'intensity',
          'spectrum of the sum',
          'log(|spectrum of the sum| + 1), frequency 0 in the middle',
          logs,
        ) as never,
        {
          ...sigChannel(scan, 'complex', 'spectrum', 'the complex spectrum, frequency 0 in the middle', spectrum),
          complex: true,
        } as never,
      ];
    },
  };
}
