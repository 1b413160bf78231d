/** Analyses of phases: single side band ptychography, off-axis holography, integrated centres of mass. */
import { EwaldError } from '../../base/errors.js';
import { refusal } from '../../base/parameters.js';
import { sumUdf } from '../builtin/sums.js';
import type { ResultBuffer } from '../functions/buffers.js';
import type { AnyUdf } from '../functions/udf.js';
import { estimateSideband, holographyUdf } from '../holography/udf.js';
import { integrateField } from '../images/integrate.js';
import type { AnalysisParameters } from '../parameter-types.js';
import type { Scan } from '../scans/scan.js';
import { ssbUdf } from '../ssb/udf.js';
import { type Analysis, type Channel, navChannel } from './analysis.js';
import { calibratedBy } from './calibrated.js';
import { type ComOptions, comAnalysis } from './com.js';
import { detectorSize, expectsScan, optionsOf } from './parameters.js';

/** Options of `createSsbAnalysis`. */
export type SsbAnalysisOptions = Pick<
  AnalysisParameters,
  'voltage' | 'dpix' | 'semiconv' | 'semiconvPix' | 'cutoff' | 'cx' | 'cy' | 'scanRotation' | 'flipY' | 'calibration'
>;
/** Options of `createHolographyAnalysis`. */
export type HolographyAnalysisOptions = Pick<
  AnalysisParameters,
  'sbPosition' | 'sideband' | 'apertureRadius' | 'apertureOrder' | 'outShape' | 'normalised'
>;
/** Options of `createIcomAnalysis`. */
export type IcomOptions = ComOptions & Pick<AnalysisParameters, 'mirrored'>;

/** Single side band ptychography: `phase`, `amplitude`, and the complex object. */
export function ssbAnalysis(scan: Scan, options: SsbAnalysisOptions = {}): Analysis<'phase' | 'amplitude' | 'complex'> {
  const what = 'createSsbAnalysis';
  optionsOf(what, 'ssb', options);
  detectorSize(scan, what);
  const known = calibratedBy(what, scan, options);
  const { cy, cx, cutoff, scanRotation, flipY, voltage, dpix, semiconv } = known.options;
  const semiconvPix = known.options.semiconvPix ?? known.radius;
  const missing = Object.entries({ voltage, dpix, semiconv, semiconvPix }).filter(([, value]) => value === undefined);
  if (missing.length > 0)
    throw refusal(
      what,
      (said) =>
        `${missing.map(([name]) => said(name)).join(', ')} ${missing.length > 1 ? 'are' : 'is'} required` +
        `${options.calibration === undefined ? '' : ', which the calibration does not have'}`,
    );
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
  });
  return {
    name: 'ssb',
    scan,
    notes: [...known.notes, ...known.axesNotes, ...(known.drift === undefined ? [] : [known.drift])],
    udf: udf as AnyUdf,
    channels: ({ phase, amplitude, complex }) => [
      navChannel(scan, 'phase', 'phase', 'phase of the object, radians', phase.data) as never,
      navChannel(scan, 'amplitude', 'amplitude', 'amplitude of the object', amplitude.data) as never,
      { ...navChannel(scan, 'complex', 'object', 'the complex object', complex.data), complex: true } as never,
    ],
  };
}

/**
 * Off-axis holography: `phase` and `amplitude` of the first hologram, and the complex waves of all, `wave`. Without
 * `sbPosition`, the first of two passes sums the holograms and finds their side band.
 */
export function holographyAnalysis(
  scan: Scan,
  options: HolographyAnalysisOptions = {},
): Analysis<'phase' | 'amplitude' | 'wave'> {
  const what = 'createHolographyAnalysis';
  const given = optionsOf(what, 'holo', options);
  const { sbPosition, sideband = 'lower', apertureRadius: radius, apertureOrder: order, outShape, normalised } = given;
  const { width, height } = detectorSize(scan, what);
  if (order !== undefined && radius === undefined)
    throw refusal(what, (said) => `${said('apertureOrder')} requires ${said('apertureRadius')}`);
  const second = (position: readonly [number, number]): Analysis<'phase' | 'amplitude' | 'wave'> => ({
    name: 'holo',
    scan,
    udf: holographyUdf({
      sbPosition: position,
      ...(outShape && { outShape: outShape as unknown as [number, number] }),
      ...(radius !== undefined && {
        aperture: order === undefined ? { kind: 'disk', radius } : { kind: 'butterworth', radius, order },
      }),
      ...(normalised !== undefined && { normalised }),
    }) as AnyUdf,
    channels: ({ wave }) => waveChannels(scan, wave),
  });
  if (sbPosition) return second(sbPosition as unknown as [number, number]);
  return {
    name: 'holo',
    scan,
    udf: sumUdf,
    next: ({ intensity }: { readonly intensity: ResultBuffer<'f64'> }) =>
      second(estimateSideband(intensity.data, [height, width], sideband).sbPosition),
    channels() {
      throw new EwaldError('Internal', 'the analysis holo has channels only after its second pass');
    },
  };
}

function waveChannels(scan: Scan, { data, shape }: ResultBuffer<'c64'>) {
  const image = shape.slice(-2);
  const pixels = (image[0] as number) * (image[1] as number);
  const first = (of: (re: number, im: number) => number): Float64Array =>
    Float64Array.from({ length: pixels }, (_, i) => of(data[2 * i] as number, data[2 * i + 1] as number));
  const channel = (key: string, title: string, desc: string, values: ArrayLike<number>): Channel => ({
    ...navChannel(scan, key, title, desc, values),
    shape: image,
  });
  return [
    channel(
      'phase',
      'phase',
      'phase of the first hologram, radians',
      first((re, im) => Math.atan2(im, re)),
    ),
    channel('amplitude', 'amplitude', 'amplitude of the first hologram', first(Math.hypot)),
    { ...channel('wave', 'waves', 'complex waves of all holograms', data), shape, complex: true },
  ] as never;
}

/**
 * Integrated centres of mass: `phase`, whose gradient is the shift of the centre of mass, in pixels · positions. The
 * mean of the shifts is subtracted unless `regression` says otherwise: a beam off centre would be a ramp.
 */
export function icomAnalysis(scan: Scan, options: IcomOptions = {}): Analysis<'phase' | 'x' | 'y'> {
  const { mirrored, ...rest } = optionsOf('createIcomAnalysis', 'icom', options);
  expectsScan('createIcomAnalysis', scan);
  const { nav } = scan.shape;
  if (nav.length !== 2)
    throw new EwaldError('Shape', `createIcomAnalysis requires a scan of two axes; ${scan.name} has ${nav.length}`);
  const { udf, notes } = comAnalysis(scan, { ...rest, regression: rest.regression ?? 'mean' });
  return {
    name: 'icom',
    scan,
    notes,
    udf,
    channels: ({ fieldY, fieldX }) => [
      navChannel(
        scan,
        'phase',
        'integrated centres of mass',
        'image whose gradient is the shift of the centre of mass',
        integrateField(fieldY.data, fieldX.data, nav, mirrored === undefined ? {} : { mirrored }),
      ) as never,
      navChannel(scan, 'x', 'x', 'shift along x, pixels', fieldX.data) as never,
      navChannel(scan, 'y', 'y', 'shift along y, pixels', fieldY.data) as never,
    ],
  };
}
