/** Polar transforms, with the axes of a calibration. */

import { argumentError } from '../../base/parameters.js';
import { polarUdf } from '../builtin/polar.js';
import type { ResultBuffer } from '../functions/buffers.js';
import type { AnyUdf } from '../functions/udf.js';
import type { AnalysisParameters } from '../parameter-types.js';
import { analysisRows } from '../parameters.js';
import type { Scan } from '../scans/scan.js';
import { type Analysis, type Channel, navChannel } from './analysis.js';
import { calibratedBy } from './calibrated.js';
import type { RingOptions } from './masks.js';
import { centreNotes, centreOf, optionsOf, radii } from './parameters.js';

/** Options of `createPolarAnalysis`. */
export type PolarOptions = RingOptions & Pick<AnalysisParameters, 'nBins' | 'nAnnular'>;

interface PolarResults {
  readonly sum: ResultBuffer<'f64'>;
  readonly numFrames: ResultBuffer<'f64'>;
  readonly mean: ResultBuffer<'f64'>;
  readonly variance: ResultBuffer<'f64'>;
}

/**
 * Polar transform about the centre, without the distortion that a calibration has: `polar`, that of the mean of all
 * frames, [azimuths, radii], interpolated from four pixels a sample; `mean` and `variance` over the azimuths of each
 * frame, [scan, radii]; `radii` in nm⁻¹ or mrad if the calibration has their scale, otherwise in pixels, and `azimuths`
 * in degrees from x to y. NaN where a radius is outside of the frame; dead and hot pixels, gaps and the beam stop of
 * the calibration are skipped.
 */
export function polarAnalysis(
  scan: Scan,
  options: PolarOptions = {},
): Analysis<'polar' | 'mean' | 'variance' | 'radii' | 'azimuths'> {
  const what = 'createPolarAnalysis';
  optionsOf(what, 'polar', options);
  const { cx, cy, width, height } = centreOf(scan, what, options);
  const { ri, ro } = radii(what, options, 0, Math.min(width, height) / 2);
  const { nBins = Math.max(1, Math.round(ro - ri)), nAnnular = analysisRows.nAnnular.range.fallback } = options;
  const { distortion, scale, covered } = calibratedBy(what, scan, options);
  // A distortion moves the corners by less than that.
  const farthest = 1.1 * Math.hypot(Math.max(cx, width - 1 - cx), Math.max(cy, height - 1 - cy));
  if (ro > farthest)
    throw argumentError(what, (said) => {
      const most = farthest.toFixed(0);
      return `${said('ro')} is ${ro}, and no pixel is farther than ${most} away; expected at most ${most}`;
    });
  const udf = polarUdf.withParams({
    cx,
    cy,
    ...distortion,
    ri,
    ro,
    radii: nBins,
    azimuths: nAnnular,
    without: covered,
  });
  const step = (ro - ri) / nBins;
  const notes = scale.refused === undefined ? [] : [scale.refused];
  return {
    name: 'polar',
    scan,
    notes: [...centreNotes(scan, what, options), ...notes],
    udf: udf as AnyUdf,
    channels({ sum, numFrames, mean, variance }: PolarResults) {
      const along = `radius in steps of ${(step * scale.value).toPrecision(4)} ${scale.unit}`;
      type Named = readonly [key: string, title: string, desc: string, unit: string];
      const of = ([key, title, desc, unit]: Named, shape: readonly number[], data: ArrayLike<number>) =>
        ({ ...navChannel(scan, key, title, desc, data, unit), shape }) as Channel;
      const numbers = (count: number, value: (k: number) => number) =>
        Float64Array.from({ length: count }, (_, k) => value(k));
      const measured = ({ data, validMask }: ResultBuffer<'f64'>): Float64Array =>
        data.map((value, i) => (validMask[Math.floor(i / nBins)] ? value : Number.NaN));
      const each = [...scan.shape.nav, nBins];
      const turn = `azimuth in steps of ${(360 / nAnnular).toPrecision(4)} degrees from x to y`;
      const image = sum.data.map((value) => value / (numFrames.data[0] as number));
      const axes = [
        { name: 'azimuth', unit: '°', first: 0, step: 360 / nAnnular },
        { name: 'radius', unit: scale.unit, first: ri * scale.value, step: step * scale.value },
      ];
      return [
        { ...of(['polar', 'polar', `mean pattern: ${turn}, ${along}`, 'counts'], [nAnnular, nBins], image), axes },
        of(['mean', 'radial mean', `mean over azimuths of each pattern: ${along}`, 'counts'], each, measured(mean)),
        of(
          ['variance', 'radial variance', `variance over azimuths of each pattern: ${along}`, 'counts²'],
          each,
          measured(variance),
        ),
        of(
          ['radii', 'radii', `radii, ${scale.unit}`, scale.unit],
          [nBins],
          numbers(nBins, (k) => (ri + k * step) * scale.value),
        ),
        of(
          ['azimuths', 'azimuths', 'azimuths, degrees', 'degrees'],
          [nAnnular],
          numbers(nAnnular, (k) => (360 * k) / nAnnular),
        ),
      ] as never;
    },
  };
}
