/** Centres of mass. Defaults are those of LiberTEM. */
import { argumentError, checkParameter } from '../../options/parameters.js';
import type { ResultBuffer } from '../../udf/functions/buffers.js';
import type { AnyUdf, UdfMeta } from '../../udf/functions/udf.js';
import type { Scan } from '../../udf/scans/scan.js';
import { type ComParams, discMask } from '../builtin/com.js';
import { comSumUdf } from '../builtin/com-sum.js';
import type { Image } from '../calibrate/image.js';
import { trendMap } from '../calibrate/trend.js';
import { applyRotation } from '../images/field.js';
import { analysisRows } from '../parameters.js';
import { analysis, bothOf, type Made, navChannel, type OptionsOfAnalysis } from './analysis.js';
import { calibratedBy } from './calibrated.js';
import { comLeftOut, comNotes, type MeasuredShifts } from './com-notes.js';
import { leftOutOf } from './left-out.js';
import { anyCentreOf, checkRing, partNotes, refuseBeyond } from './parameters.js';

/** Options of `createComAnalysis`. */
export type ComOptions = OptionsOfAnalysis<'com'>;

type ComResults = Readonly<Record<'sum' | 'counts' | 'fieldY' | 'fieldX', ResultBuffer<'f64'>>>;

const trends = { none: -1, mean: 0, plane: 1, calibrated: 0, '-1': -1, '0': 0, '1': 1 } as const;

/** The parameters of centres of mass, and what their results should be read with. */
export function comOf(scan: Scan, options: ComOptions, what: string) {
  const known = calibratedBy(what, scan, options);
  const { maskRadius, maskRadiusInner, flipY = false, scanRotation = 0 } = known.options;
  const { notes: _, ...centre } = anyCentreOf(scan, what, known.options);
  const { cx, cy } = centre;
  refuseBeyond(what, centre, 'maskRadius', maskRadius ?? null);
  refuseBeyond(what, centre, 'maskRadiusInner', maskRadiusInner ?? null);
  const [r, ri] = [maskRadius ?? (known.isCentred ? known.reach : undefined) ?? null, maskRadiusInner ?? null];
  if (ri !== null) checkRing(what, [ri, r ?? Number.POSITIVE_INFINITY], ['maskRadiusInner', 'maskRadius']);
  if (r !== null && r < 1)
    throw argumentError(
      what,
      (said) => `${said('maskRadius')} is ${r}: within it is one pixel at most; expected at least 1`,
    );
  const part = partNotes(what, centre, { ri, ro: r });
  const { regression: trend = 'none' } = options;
  if (typeof trend !== 'object') checkParameter(analysisRows.regression, String(trend), `${what}: regression`);
  const regression = typeof trend === 'object' ? trend : trends[trend];
  const descan = trend === 'calibrated' ? known.descan(what) : null;
  const remains = trend !== 'calibrated' && (regression === -1 || regression === 0) && known.drift;
  const remedy = 'regression plane or calibrated removes it, and with it what varies as slowly in the object';
  const leftOut = leftOutOf(scan, what, options);
  const params: ComParams = { cx, cy, r, ri, flipY, scanRotation, regression, descan, without: leftOut.pixels };
  const { marks } = leftOut;
  // Gaps in the disk are searched for, whether they are known or not.
  const within = (): Uint8Array => discMask({ ...params, without: [] }, { sig: scan.shape.sig } as UdfMeta);
  return {
    params,
    notes: [
      ...part,
      ...(ri === null ? [] : [ringNote(ri, r)]),
      ...known.notes,
      ...known.axesNotes,
      ...(marks ? comLeftOut(within(), marks, r === null && ri === null) : []),
      ...(remains ? [`${remains}: ${remedy}`] : []),
    ],
    /** What its notes follow from. */
    shifts: ({ sum, counts, fieldY, fieldX }: ComResults): MeasuredShifts => ({
      dtype: scan.dtype,
      nav: scan.shape.nav,
      sum: sumImage(sum),
      frames: counts.validMask.reduce((total, isValid) => total + isValid, 0),
      within: within(),
      marks,
      disk: { cy, cx, r },
      y: measured(fieldY),
      x: measured(fieldX),
      counts: counts.data,
      spread: known.spread(r, ri),
      descan: descan && applyRotation(trendMap([[0, 0], ...descan.slice(1)], scan.shape.nav as never), params),
    }),
  };
}

/** What an inner radius does, which LiberTEM's does, too. */
const ringNote = (ri: number, r: number | null): string =>
  `the centre of mass is that of the ring ${r === null ? `beyond ${ri}` : `from ${ri} to ${r}`} pixels, without the ` +
  'disk inside it';

/** Centre of mass: `field`, `magnitude`, `divergence`, `curl`, `x`, `y`. */
export const comAnalysis = /* @__PURE__ */ analysis('com', (scan, options: ComOptions, what) => {
  const { params, notes, shifts } = comOf(scan, options, what);
  const made: Made<'field' | 'magnitude' | 'divergence' | 'curl' | 'x' | 'y'> = {
    notes,
    // The sum shows what a disk leaves out of the beam, and pixels that never count.
    udf: comSumUdf.withParams(params) as AnyUdf,
    ...bothOf((results: ComResults) => comNotes(shifts(results))),
    channels({ field, magnitude, divergence, curl, fieldX, fieldY }) {
      const desc = 'shift of the centre of mass as (y, x), in pixels';
      const rate = 'px / position';
      return [
        { ...navChannel(scan, 'field', 'field', desc, magnitude.data, 'px'), vectors: field.data },
        navChannel(scan, 'magnitude', 'magnitude', 'length of the shift, pixels', magnitude.data, 'px'),
        navChannel(scan, 'divergence', 'divergence', 'divergence of the shifts', divergence.data, rate),
        navChannel(scan, 'curl', 'curl', 'curl of the shifts', curl.data, rate),
        navChannel(scan, 'x', 'x', 'shift along x, pixels', fieldX.data, 'px'),
        navChannel(scan, 'y', 'y', 'shift along y, pixels', fieldY.data, 'px'),
      ];
    },
  };
  return made;
});

/** A map with NaN at positions that were not measured. */
export const measured = ({ data, validMask }: ResultBuffer<'f64'>): Float64Array =>
  data.map((value, i) => (validMask[i] ? value : Number.NaN));

/** A sum of frames as an image. */
export function sumImage({ data, shape }: Pick<ResultBuffer<'f64'>, 'data' | 'shape'>): Image {
  const [height = 1, width = 1] = shape;
  return { data, height, width };
}
