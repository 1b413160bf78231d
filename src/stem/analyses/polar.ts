/** Polar transforms, with the axes of a calibration. */

import { argumentError } from '../../options/parameters.js';
import type { ResultBuffer } from '../../udf/functions/buffers.js';
import type { AnyUdf } from '../../udf/functions/udf.js';
import { counted } from '../../util/amounts.js';
import { polarUdf } from '../builtin/polar.js';
import { azimuthShares } from '../images/polar.js';
import { analysisRows } from '../parameters.js';
import { analysis, navChannel, type OptionsOfAnalysis } from './analysis.js';
import { calibratedBy } from './calibrated.js';
import { leftOutOf, leftOutOfFrames } from './left-out.js';
import { beyondNotes, centreOf, radii } from './parameters.js';

/** At how many positions a radius that the frame has is without a number, and how many samples of the mean pattern are. */
function holesText({ mean, variance, sum }: PolarResults, shares: Float64Array): string[] {
  const radii = shares.length;
  const isThere = (k: number): boolean =>
    (shares[k] as number) > 0 && mean.data.some((value, i) => i % radii === k && !Number.isNaN(value));
  const there = Array.from(shares.keys(), isThere);
  let positions = 0;
  for (let i = 0; i < mean.validMask.length; i++)
    if (mean.validMask[i] && there.some((is, k) => is && Number.isNaN(variance.data[i * radii + k]))) positions++;
  if (positions === 0) return [];
  const [all, samples] = [mean.validMask.reduce((total, one) => total + one, 0), sum.data.length];
  const azimuths = samples / radii;
  let holes = 0;
  for (let j = 0; j < azimuths; j++)
    for (let k = 0; k < radii; k++) if (there[k] && shares[k] === 1 && Number.isNaN(sum.data[j * radii + k])) holes++;
  return [
    `at ${positions} of ${counted(all, 'position')} pixels are no numbers: radii through them have no mean and variance there ` +
      `(NaN), nor have ${counted(holes, 'sample')} of the mean pattern`,
  ];
}

/** Options of `createPolarAnalysis`. */
export type PolarOptions = OptionsOfAnalysis<'polar'>;

type PolarResults = Readonly<Record<'sum' | 'numFrames' | 'mean' | 'variance', ResultBuffer<'f64'>>>;

/**
 * Polar transform about the centre, without the distortion that a calibration has: `polar`, that of the mean of all
 * frames, [azimuths, radii], interpolated from four pixels a sample; `mean` and `variance` over the azimuths of each
 * frame, [scan, radii]; `radii` in nm⁻¹ or mrad if the calibration has their scale, otherwise in pixels, and `azimuths`
 * in degrees from x to y. NaN where a radius is outside of the frame; dead and hot pixels, gaps and the beam stop of
 * the calibration are skipped.
 */
export const polarAnalysis = /* @__PURE__ */ analysis('polar', (scan, options, what) => {
  const { notes, cx, cy, width, height } = centreOf(scan, what, options);
  const { ri, ro } = radii(what, options, 0, Math.min(width, height) / 2);
  const { nBins = Math.max(1, Math.round(ro - ri)), nAnnular = analysisRows.nAnnular.range.fallback } = options;
  const { distortion, scale } = calibratedBy(what, scan, options);
  const leftOut = leftOutOf(scan, what, options);
  // A distortion moves the corners by less than that.
  const farthest = 1.1 * Math.hypot(Math.max(cx, width - 1 - cx), Math.max(cy, height - 1 - cy));
  if (ro > farthest)
    throw argumentError(what, (said) => {
      const most = farthest.toFixed(0);
      return `${said('ro')} is ${ro}, and no pixel is farther than ${most} away; expected at most ${most}`;
    });
  const params = { cx, cy, ...distortion, ri, ro, radii: nBins, azimuths: nAnnular, without: leftOut.pixels };
  const step = (ro - ri) / nBins;
  const shares = azimuthShares(params, { width, height });
  return {
    doubts: (results: PolarResults) => holesText(results, shares),
    notes: [
      ...notes,
      ...(scale.refused === undefined ? [] : [scale.refused]),
      ...leftOutOfFrames(leftOut, 'they are skipped'),
      ...beyondNotes(shares, 'radius', 'mean and variance are over the azimuths that are in it'),
    ],
    udf: polarUdf.withParams(params) as AnyUdf,
    channels({ sum, numFrames, mean, variance }: PolarResults) {
      const { unit } = scale;
      const along = `radius in steps of ${(step * scale.value).toPrecision(4)} ${unit}`;
      const measured = ({ data, validMask }: ResultBuffer<'f64'>): Float64Array =>
        data.map((value, i) => (validMask[Math.floor(i / nBins)] ? value : Number.NaN));
      const each = [...scan.shape.nav, nBins];
      const turn = `azimuth in steps of ${(360 / nAnnular).toPrecision(4)} degrees from x to y`;
      const image = sum.data.map((value) => value / (numFrames.data[0] as number));
      const radius = Float64Array.from({ length: nBins }, (_, k) => (ri + k * step) * scale.value);
      const azimuth = Float64Array.from({ length: nAnnular }, (_, k) => (360 * k) / nAnnular);
      const axes = [
        { name: 'azimuth', unit: '°', first: 0, step: 360 / nAnnular },
        { name: 'radius', unit, first: ri * scale.value, step: step * scale.value },
      ];
      const means = navChannel(
        scan,
        'mean',
        'radial mean',
        `mean over azimuths of each pattern: ${along}`,
        measured(mean),
        'counts',
      );
      const variances = navChannel(
        scan,
        'variance',
        'radial variance',
        `variance over azimuths of each pattern: ${along}`,
        measured(variance),
        'counts²',
      );
      return [
        {
          ...navChannel(scan, 'polar', 'polar', `mean pattern: ${turn}, ${along}`, image, 'counts'),
          shape: [nAnnular, nBins],
          axes,
        },
        { ...means, shape: each, axes: axes.slice(1) },
        { ...variances, shape: each, axes: axes.slice(1) },
        { ...navChannel(scan, 'radii', 'radii', `radii, ${unit}`, radius, unit), shape: [nBins] },
        { ...navChannel(scan, 'azimuths', 'azimuths', 'azimuths, degrees', azimuth, 'degrees'), shape: [nAnnular] },
      ];
    },
  };
});
