/** Sums under masks: custom masks, disks, rings, points, rings of equal width. Defaults are those of LiberTEM. */

import { expects } from '../../base/arguments.js';
import { callback } from '../../base/callbacks.js';
import { EwaldError } from '../../base/errors.js';
import { masksUdf } from '../builtin/masks.js';
import { circular, type MaskArray, point, radialBins, ring } from '../images/masks.js';
import type { AnalysisParameters } from '../parameter-types.js';
import type { Scan } from '../scans/scan.js';
import { type Analysis, columnOf, complexChannels, navChannel, realOrComplex } from './analysis.js';
import { calibratedBy } from './calibrated.js';
import { centreNotes, centreOf, expectsScan, optionsOf, radii, refuseBeyond } from './parameters.js';

/** Options of `createMaskAnalysis`. */
export type MaskAnalysisOptions = Pick<AnalysisParameters, 'factories' | 'useSparse' | 'shifts'>;
/** Options of `createDiskAnalysis`. */
type DiskOptions = Pick<AnalysisParameters, 'cx' | 'cy' | 'r' | 'calibration'>;
/** Options of analyses of one ring. */
export type RingOptions = Pick<AnalysisParameters, 'cx' | 'cy' | 'ri' | 'ro' | 'calibration'>;
/** Options of `createPointAnalysis`. */
type PointOptions = Pick<AnalysisParameters, 'x' | 'y'>;
/** Options of `createRadialBinsAnalysis`. */
type RadialBinsOptions = RingOptions & Pick<AnalysisParameters, 'nBins' | 'normalize'>;

/** One channel per mask: `mask_0`, `mask_1`, …; complex masks have five channels each. */
export function maskAnalysis(scan: Scan, options: MaskAnalysisOptions): Analysis {
  expectsScan('createMaskAnalysis', scan);
  const { factories, useSparse = 'auto', shifts } = optionsOf('createMaskAnalysis', 'masks', options);
  if (!Array.isArray(factories) || factories.length === 0)
    throw new EwaldError('Argument', 'createMaskAnalysis: factories is empty; expected functions that create masks');
  for (const [i, factory] of Array.from<unknown>(factories).entries())
    expects(
      typeof factory === 'function',
      `createMaskAnalysis: factories[${i}]`,
      factory,
      'a function that makes a mask',
    );
  const made = options.factories.map((factory, i) => callback(`createMaskAnalysis: factories[${i}]`, factory)());
  const complex = made.some((mask) => 're' in mask);
  const array = (mask: MaskArray | readonly number[]): MaskArray =>
    Array.isArray(mask) ? Float64Array.from(mask) : (mask as MaskArray);
  const masks = made.flatMap((mask) => {
    if ('re' in mask) return [mask.re, mask.im];
    return complex ? [array(mask), new Uint8Array(mask.length)] : [array(mask)];
  });
  const udf = masksUdf.withParams({ masks, complex, sparse: useSparse, shifts: shifts ?? null });
  return {
    name: 'masks',
    scan,
    udf,
    complexFrames: true,
    channels({ intensity }) {
      const columns = intensity.extraShape[0] as number;
      return Array.from({ length: columns }, (_, k) => {
        const [key, title] = [`mask_${k}`, `mask ${k}`];
        if (!intensity.dtype.startsWith('c'))
          return [
            navChannel(
              scan,
              key,
              title,
              `sum of each frame under mask ${k}`,
              columnOf(intensity.data as Float64Array, columns, k),
            ),
          ];
        const data = intensity.data as Float64Array;
        const pairs = Float64Array.from(
          { length: (2 * data.length) / (2 * columns) },
          (_, i) => data[2 * ((i >> 1) * columns + k) + (i % 2)] as number,
        );
        return complexChannels(key, title, scan.shape.nav, pairs);
      }).flat() as never;
    },
  };
}

function oneMask<K extends string>(
  scan: Scan,
  name: string,
  mask: MaskArray,
  [title, desc]: readonly [title: string, desc: string],
  notes: readonly string[],
): Analysis<K> {
  const udf = masksUdf.withParams({ masks: [mask] });
  return {
    name,
    scan,
    notes,
    udf,
    complexFrames: true,
    channels: ({ intensity }) =>
      realOrComplex(navChannel(scan, 'intensity', title, desc, intensity.data, 'counts'), intensity),
  };
}

/**
 * Virtual bright field: sum over a disk; by default in the middle, with 0.15 of the shorter side as radius, or those of
 * a calibration.
 */
export function diskAnalysis(scan: Scan, options: DiskOptions = {}): Analysis<'intensity'> {
  const what = 'createDiskAnalysis';
  optionsOf(what, 'disk', options);
  const centre = centreOf(scan, what, options);
  const { radius } = calibratedBy(what, scan, options);
  refuseBeyond(what, centre, 'r', options.r ?? null);
  const r = options.r ?? radius ?? 0.15 * Math.min(centre.width, centre.height);
  const notes = centreNotes(scan, what, options);
  return oneMask(scan, 'disk', circular({ ...centre, r }), ['disk', 'sum over a disk'], notes);
}

/** Virtual annular detector: sum over a ring; by default from half of the shorter side to 0.8 of the shorter side. */
export function ringAnalysis(scan: Scan, options: RingOptions = {}): Analysis<'intensity'> {
  optionsOf('createRingAnalysis', 'ring', options);
  const centre = centreOf(scan, 'createRingAnalysis', options);
  const half = Math.min(centre.width, centre.height) / 2;
  const both = radii('createRingAnalysis', options, 0.8 * half, half);
  refuseBeyond('createRingAnalysis', centre, 'ri', both.ri);
  const mask = ring({ ...centre, ...both });
  const notes = centreNotes(scan, 'createRingAnalysis', options);
  return oneMask(scan, 'ring', mask, ['ring', 'sum over a ring'], notes);
}

/** One pixel of every frame; by default the middle. */
export function pointAnalysis(scan: Scan, options: PointOptions = {}): Analysis<'intensity'> {
  const { x, y } = optionsOf('createPointAnalysis', 'point', options);
  const centre = centreOf(scan, 'createPointAnalysis', { cx: x, cy: y }, ['x', 'y']);
  return oneMask(scan, 'point', point(centre), ['point', 'one pixel of each frame'], []);
}

/** Rings of equal width between ri and ro: sums over soft-edged rings, one channel each, `bin_0` … */
export function radialBinsAnalysis(scan: Scan, options: RadialBinsOptions = {}): Analysis {
  optionsOf('createRadialBinsAnalysis', 'radial-bins', options);
  const centre = centreOf(scan, 'createRadialBinsAnalysis', options);
  const half = Math.min(centre.width, centre.height) / 2;
  const { ri, ro } = radii('createRadialBinsAnalysis', options, 0, half);
  const bins = options.nBins ?? Math.max(1, Math.round(ro - ri));
  const masks = radialBins({ ...centre, ri, ro, bins, normalize: options.normalize ?? false });
  return {
    name: 'radial-bins',
    scan,
    notes: centreNotes(scan, 'createRadialBinsAnalysis', options),
    udf: masksUdf.withParams({ masks }),
    channels: ({ intensity }) =>
      masks.map((_, k) =>
        navChannel(
          scan,
          `bin_${k}`,
          `bin ${k}`,
          `sum over ring ${k}`,
          columnOf(intensity.data as Float64Array, masks.length, k),
        ),
      ),
  };
}
