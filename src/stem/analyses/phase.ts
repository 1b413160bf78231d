/** Analyses of phases: single side band ptychography, off-axis holography, integrated centres of mass. */

import { argumentError } from '../../options/parameters.js';
import type { ResultBuffer } from '../../udf/functions/buffers.js';
import type { AnyUdf } from '../../udf/functions/udf.js';
import type { Scan } from '../../udf/scans/scan.js';
import { EwaldError } from '../../util/errors.js';
import { comSumUdf } from '../builtin/com-sum.js';
import { sumUdf } from '../builtin/sums.js';
import { estimateSideband, holographyUdf } from '../holography/udf.js';
import type { IntegrateOptions } from '../images/integrate.js';
import { integrateMeasured, measuredNoise } from '../images/integrate-measured.js';
import { electronWavelength } from '../ssb/geometry.js';
import { ssbUdf } from '../ssb/udf.js';
import { analysis, bothOf, type Made, navChannel, type OptionsOfAnalysis } from './analysis.js';
import { calibratedBy } from './calibrated.js';
import { comOf } from './com.js';
import { icomNotes } from './com-notes.js';
import { haveNeighbours, leftOutOf, leftOutOfFrames, withNeighbours } from './left-out.js';
import { ssbNoise } from './noise.js';
import { detectorSize } from './parameters.js';

/** Options of `createSsbAnalysis`. */
export type SsbAnalysisOptions = OptionsOfAnalysis<'ssb'>;
/** Options of `createHolographyAnalysis`. */
export type HolographyAnalysisOptions = OptionsOfAnalysis<'holo'>;
/** Options of `createIcomAnalysis`. */
export type IcomOptions = OptionsOfAnalysis<'icom'>;

const unknownRotation =
  'the scan rotation is taken as 0 degrees: with another one, or with y of the detector inverted, the phase is not that ' +
  'of the object; a calibration finds it';

/** Single side band ptychography: `phase`, `amplitude`, and the complex object. */
export const ssbAnalysis = /* @__PURE__ */ analysis('ssb', (scan, options, what) => {
  detectorSize(scan, what);
  const known = calibratedBy(what, scan, options);
  const { cy, cx, cutoff, scanRotation, flipY, voltage, dpix, semiconv } = known.options;
  const semiconvPix = known.options.semiconvPix ?? known.radius;
  const missing = Object.entries({ voltage, dpix, semiconv, semiconvPix }).filter(([, value]) => value === undefined);
  if (missing.length > 0)
    throw argumentError(
      what,
      (said) =>
        `${missing.map(([name]) => said(name)).join(', ')} ${missing.length > 1 ? 'are' : 'is'} required` +
        `${options.calibration === undefined ? '' : ', which the calibration does not have'}`,
    );
  const leftOut = leftOutOf(scan, what, options);
  const udf = ssbUdf({
    voltage: (voltage as number) * 1e3,
    dpix: (dpix as number) * 1e-9,
    semiconv: (semiconv as number) * 1e-3,
    semiconvPix: semiconvPix as number,
    ...(cy !== undefined && { cy }),
    ...(cx !== undefined && { cx }),
    ...(cutoff !== undefined && { cutoff }),
    ...(scanRotation !== undefined && { scanRotation }),
    ...(flipY !== undefined && { flipY }),
    without: leftOut.pixels,
  });
  return {
    notes: [
      ...known.notes,
      ...known.axesNotes,
      ...(options.calibration === undefined && scanRotation === undefined ? [unknownRotation] : []),
      ...(known.drift === undefined ? [] : [known.drift]),
      ...leftOutOfFrames(leftOut, 'side bands are those of the others'),
    ],
    udf: udf as AnyUdf,
    doubts: ({ phase, fourier }) =>
      ssbNoise(scan, phase.data, (fourier.data[0] as number) / phase.data.length, {
        step: dpix as number,
        resolution: (electronWavelength((voltage as number) * 1e3) * 1e9) / Math.sin((semiconv as number) * 1e-3),
        radius: semiconvPix as number,
        edge: known.edge,
        cutoff: cutoff ?? 1,
      }),
    channels: ({ phase, amplitude, complex }) => [
      navChannel(scan, 'phase', 'phase', 'phase of the object, radians', phase.data, 'rad'),
      navChannel(scan, 'amplitude', 'amplitude', 'amplitude of the object', amplitude.data),
      { ...navChannel(scan, 'complex', 'object', 'the complex object', complex.data), complex: true },
    ],
  };
});

/**
 * Off-axis holography: `phase` and `amplitude` of the first hologram, and the complex waves of all, `wave`. Without
 * `sbPosition`, the first of two passes sums the holograms and finds their side band.
 */
export const holographyAnalysis = /* @__PURE__ */ analysis('holo', (scan, ofAnalysis, what) => {
  const {
    sbPosition,
    sideband = 'lower',
    apertureRadius: radius,
    apertureOrder: order,
    outShape,
    normalised,
  } = ofAnalysis;
  const { width, height } = detectorSize(scan, what);
  if (order !== undefined && radius === undefined)
    throw argumentError(what, (said) => `${said('apertureOrder')} requires ${said('apertureRadius')}`);
  const leftOut = leftOutOf(scan, what, ofAnalysis);
  const notes = leftOutOfFrames(leftOut, haveNeighbours);
  const second = (position: readonly [number, number]): Made<'phase' | 'amplitude' | 'wave'> => ({
    notes,
    udf: holographyUdf({
      sbPosition: position,
      ...(outShape && { outShape }),
      ...(radius !== undefined && {
        aperture: order === undefined ? { kind: 'disk', radius } : { kind: 'butterworth', radius, order },
      }),
      ...(normalised !== undefined && { normalised }),
      without: leftOut.pixels,
    }) as AnyUdf,
    channels: ({ wave }) => waveChannels(scan, wave),
  });
  if (sbPosition) return second(sbPosition);
  const next = ({ intensity }: { readonly intensity: ResultBuffer<'f64'> }) =>
    second(
      estimateSideband(withNeighbours(intensity.data, leftOut, [height, width]), [height, width], sideband).sbPosition,
    );
  return { udf: sumUdf, next };
});

function waveChannels(scan: Scan, { data, shape }: ResultBuffer<'c64'>) {
  const image = shape.slice(-2);
  const pixels = (image[0] as number) * (image[1] as number);
  const first = (of: (re: number, im: number) => number): Float64Array =>
    Float64Array.from({ length: pixels }, (_, i) => of(data[2 * i] as number, data[2 * i + 1] as number));
  const phase = first((re, im) => Math.atan2(im, re));
  const amplitude = first(Math.hypot);
  return [
    { ...navChannel(scan, 'phase', 'phase', 'phase of the first hologram, radians', phase), shape: image },
    { ...navChannel(scan, 'amplitude', 'amplitude', 'amplitude of the first hologram', amplitude), shape: image },
    { ...navChannel(scan, 'wave', 'waves', 'complex waves of all holograms', data), shape, complex: true },
  ];
}

/**
 * Integrated centres of mass: `phase`, whose gradient is the shift of the centre of mass, in pixels · positions. The
 * mean of the shifts is subtracted unless `regression` says otherwise: a beam off centre would be a ramp. Filters are
 * Butterworth's, with the names, units (1/Å) and order of py4DSTEM's DPC, which applies them in each of its iterations.
 */
export const icomAnalysis = /* @__PURE__ */ analysis('icom', (scan, options, what) => {
  const { mirrored, qLowpass, qHighpass, butterworthOrder, dpix, ...rest } = options;
  const { nav } = scan.shape;
  if (nav.length !== 2)
    throw new EwaldError('Shape', `${what} requires a scan of two axes; ${scan.name} has ${nav.length}`);
  const com = comOf(scan, { ...rest, regression: rest.regression ?? 'mean' }, what);
  const { params } = com;
  const filters = { qLowpass, qHighpass, butterworthOrder };
  const { dpix: step } = calibratedBy(what, scan, { calibration: options.calibration, dpix }).options;
  const integration = { ...(mirrored !== undefined && { mirrored }), ...filtersOf(what, filters, step) };
  const notesOf = (results: FieldResults) => {
    const { fieldY, fieldX } = results;
    const { validMask } = fieldY;
    const integrate = (y: Float64Array, x: Float64Array) => integrateMeasured(y, x, nav, validMask, integration);
    const [gain, phase] = [measuredNoise(nav, validMask, integration), integrate(fieldY.data, fieldX.data)];
    const { scanRotation, flipY } = params;
    return icomNotes(com.shifts(results), { scanRotation, flipY, gain, phase, integrate });
  };
  return {
    notes: com.notes,
    udf: comSumUdf.withParams(params) as AnyUdf,
    ...bothOf(notesOf),
    channels({ fieldY, fieldX }: FieldResults) {
      const phase = integrateMeasured(fieldY.data, fieldX.data, nav, fieldY.validMask, integration);
      const desc = 'image whose gradient is the shift of the centre of mass';
      return [
        navChannel(scan, 'phase', 'integrated centres of mass', desc, phase, 'px · positions'),
        navChannel(scan, 'x', 'x', 'shift along x, pixels', fieldX.data, 'px'),
        navChannel(scan, 'y', 'y', 'shift along y, pixels', fieldY.data, 'px'),
      ];
    },
  };
});

type FieldResults = Readonly<Record<'fieldY' | 'fieldX' | 'sum' | 'counts', ResultBuffer<'f64'>>>;

/** Filters from 1/Å to cycles a position. Throws `Argument` without a step. */
function filtersOf(
  what: string,
  { qLowpass, qHighpass, butterworthOrder }: Pick<IcomOptions, 'qLowpass' | 'qHighpass' | 'butterworthOrder'>,
  dpix: number | undefined,
): IntegrateOptions {
  if (qLowpass === undefined && qHighpass === undefined) {
    if (butterworthOrder === undefined) return {};
    throw argumentError(
      what,
      (said) => `${said('butterworthOrder')} requires ${said('qLowpass')} or ${said('qHighpass')}`,
    );
  }
  if (dpix === undefined)
    throw argumentError(
      what,
      (said) =>
        `${said('qLowpass')} and ${said('qHighpass')} are in 1/Å and require the step of the scan, ${said('dpix')} ` +
        'in nm, or a calibration that has it; with 0.1 they are in cycles a position',
    );
  const inCycles = (q: number | undefined): number | undefined => (q === undefined ? undefined : q * dpix * 10);
  return { qLowpass: inCycles(qLowpass), qHighpass: inCycles(qHighpass), butterworthOrder };
}
