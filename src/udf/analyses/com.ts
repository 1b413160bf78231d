/** Centres of mass. Defaults are those of LiberTEM. */
import { argumentError, checkParameter } from '../../base/parameters.js';
import { type ComParams, discMask } from '../builtin/com.js';
import { comSumUdf } from '../builtin/com-sum.js';
import type { Image } from '../calibrate/image.js';
import type { ResultBuffer } from '../functions/buffers.js';
import type { AnyUdf, UdfMeta } from '../functions/udf.js';
import { analysisRows } from '../parameters.js';
import type { Scan } from '../scans/scan.js';
import { analysis, type Made, navChannel, type OptionsOfAnalysis } from './analysis.js';
import { beamDoubts, beamFaults } from './beam-share.js';
import { calibratedBy } from './calibrated.js';
import { patternDoubts, stuckFaults, stuckPixels } from './field-doubts.js';
import { leftOutOf, leftOutUnder } from './left-out.js';
import { comNoise, emptyNote } from './noise.js';
import { centreOf, checkRing, refuseBeyond } from './parameters.js';

/** Options of `createComAnalysis`. */
export type ComOptions = OptionsOfAnalysis<'com'>;

type SumResults = Readonly<Record<'sum' | 'counts', ResultBuffer<'f64'>>>;

const others = 'the centre of mass is that of the others';

const trends = { none: -1, mean: 0, plane: 1, calibrated: 0, '-1': -1, '0': 0, '1': 1 } as const;

/** The parameters of centres of mass, and what their results should be read with. */
export function comOf(scan: Scan, options: ComOptions, what: string) {
  const known = calibratedBy(what, scan, options);
  const { maskRadius, maskRadiusInner, flipY = false, scanRotation = 0 } = known.options;
  const { notes: _, ...centre } = centreOf(scan, what, known.options);
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
  const { regression: trend = 'none' } = options;
  if (typeof trend !== 'object') checkParameter(analysisRows.regression, String(trend), `${what}: regression`);
  const regression = typeof trend === 'object' ? trend : trends[trend];
  const descan = trend === 'calibrated' ? known.descan(what) : null;
  const remains = trend !== 'calibrated' && (regression === -1 || regression === 0) && known.drift;
  const remedy = 'regression plane or calibrated removes it, and with it what varies as slowly in the object';
  const leftOut = leftOutOf(scan, what, options);
  const params: ComParams = { cx, cy, r, ri, flipY, scanRotation, regression, descan, without: leftOut.pixels };
  /** All pixels within the disk: gaps in it are searched for, whether they are known or not. */
  const within = (): Uint8Array => discMask({ ...params, without: [] }, { sig: scan.shape.sig } as UdfMeta);
  const { marks } = leftOut;
  /** The sum of the frames, with 0 where there is no count. */
  const sumOf = ({ sum: { data, shape } }: Pick<SumResults, 'sum'>): Image =>
    sumImage({ data: marks ? data.map((value, i) => (marks[i] ? 0 : value)) : data, shape });
  /** The pixels that count within the disk, and how many of it never do. */
  const usedOf = ({ sum, counts }: SumResults): { readonly pixels: Uint8Array; readonly stuck: number } => {
    const pixels = within();
    const frames = counts.validMask.reduce((total, isValid) => total + isValid, 0);
    const stuck = stuckPixels(sumOf({ sum }).data, pixels, scan.dtype, frames);
    for (const i of stuck) pixels[i] = 0;
    return { pixels, stuck: stuck.length };
  };
  return {
    params,
    notes: [
      ...(ri === null ? [] : [ringNote(ri, r)]),
      ...known.notes,
      ...known.axesNotes,
      ...(marks ? leftOutUnder(within(), marks, r === null && ri === null ? 'a frame' : 'the disk', others) : []),
      ...(remains ? [`${remains}: ${remedy}`] : []),
    ],
    /** Variance of the pattern along one axis within the disk. */
    spread: known.spread(r, ri),
    sum: sumOf,
    used: usedOf,
    faults: (results: SumResults) => {
      const { stuck } = usedOf(results);
      return [...beamFaults(sumOf(results), { cy, cx, r }), ...stuckFaults(stuck, scan.dtype)];
    },
    doubts: (results: SumResults) => beamDoubts(sumOf(results), { cy, cx, r }),
  };
}

/** What an inner radius does, which LiberTEM's does, too. */
const ringNote = (ri: number, r: number | null): string =>
  `the centre of mass is that of the ring ${r === null ? `beyond ${ri}` : `from ${ri} to ${r}`} pixels, without the ` +
  'disk inside it';

/** Centre of mass: `field`, `magnitude`, `divergence`, `curl`, `x`, `y`. */
export const comAnalysis = /* @__PURE__ */ analysis('com', (scan, options: ComOptions, what) => {
  const { params, notes, spread, sum: sumOf, used, faults, doubts } = comOf(scan, options, what);
  const made: Made<'field' | 'magnitude' | 'divergence' | 'curl' | 'x' | 'y'> = {
    notes,
    // The sum shows what a disk leaves out of the beam, and pixels that never count.
    udf: comSumUdf.withParams(params) as AnyUdf,
    faults,
    doubts: ({ field, counts, sum }) => [
      ...(params.r === null
        ? []
        : [...doubts({ sum, counts }), ...patternDoubts({ sum: sumOf({ sum }), used: used({ sum, counts }).pixels })]),
      ...emptyNote(counts.data),
      ...comNoise(scan, { field: field.data, counts: counts.data }, spread),
    ],
    channels({ field, magnitude, divergence, curl, fieldX, fieldY }) {
      const desc = 'shift of the centre of mass, length in pixels';
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

/** A sum of frames as an image. */
export function sumImage({ data, shape }: Pick<ResultBuffer<'f64'>, 'data' | 'shape'>): Image {
  const [height = 1, width = 1] = shape;
  return { data, height, width };
}
