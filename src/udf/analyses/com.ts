/** Centres of mass. Defaults are those of LiberTEM. */
import { argumentError, checkParameter } from '../../base/parameters.js';
import { comUdf } from '../builtin/com.js';
import { comSumUdf } from '../builtin/com-sum.js';
import type { Image } from '../calibrate/image.js';
import type { ResultBuffer } from '../functions/buffers.js';
import type { AnyUdf } from '../functions/udf.js';
import type { AnalysisParameters } from '../parameter-types.js';
import { analysisRows } from '../parameters.js';
import type { Scan } from '../scans/scan.js';
import { type Analysis, type Channel, navChannel } from './analysis.js';
import { beamFaults } from './beam-share.js';
import { calibratedBy } from './calibrated.js';
import { comNoise } from './noise.js';
import { centreOf, checkRing, optionsOf, refuseBeyond } from './parameters.js';

/** Options of `createComAnalysis`. */
export type ComOptions = Pick<
  AnalysisParameters,
  'cx' | 'cy' | 'maskRadius' | 'maskRadiusInner' | 'flipY' | 'scanRotation' | 'regression' | 'calibration'
>;

const trends = { none: -1, mean: 0, plane: 1, calibrated: 0, '-1': -1, '0': 0, '1': 1 } as const;

/** Centre of mass: `field`, `magnitude`, `divergence`, `curl`, `x`, `y`. */
export function comAnalysis(
  scan: Scan,
  options: ComOptions = {},
): Analysis<'field' | 'magnitude' | 'divergence' | 'curl' | 'x' | 'y'> {
  const what = 'createComAnalysis';
  const known = calibratedBy(what, scan, optionsOf(what, 'com', options));
  const { maskRadius, maskRadiusInner, flipY = false, scanRotation = 0 } = known.options;
  const centre = centreOf(scan, what, known.options);
  const { cx, cy } = centre;
  refuseBeyond(what, centre, 'maskRadius', maskRadius ?? null);
  refuseBeyond(what, centre, 'maskRadiusInner', maskRadiusInner ?? null);
  const [r, ri] = [maskRadius ?? known.reach ?? null, maskRadiusInner ?? null];
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
  const notes = [...known.notes, ...known.axesNotes, ...(remains ? [`${remains}: ${remedy}`] : [])];
  const params = { cx, cy, r, ri, flipY, scanRotation, regression, descan, without: known.hot };
  return {
    name: 'com',
    scan,
    notes,
    // The sum shows what a disk leaves out of the beam.
    udf: (r === null ? comUdf.withParams(params) : comSumUdf.withParams(params)) as AnyUdf,
    faults: ({ sum }) => (sum ? beamFaults(sumImage(sum), { cy, cx, r }) : []),
    doubts: ({ field, counts }) => comNoise(scan, { field: field.data, counts: counts.data }, known.spread(r, ri)),
    channels(results) {
      const of = (key: string, title: string, desc: string, data: ArrayLike<number>, unit: string) =>
        navChannel(scan, key, title, desc, data, unit) as never;
      return [
        {
          ...(of(
            'field',
            'field',
            'shift of the centre of mass, length in pixels',
            results.magnitude.data,
            'px',
          ) as Channel),
          vectors: results.field.data,
        } as never,
        of('magnitude', 'magnitude', 'length of the shift, pixels', results.magnitude.data, 'px'),
        of('divergence', 'divergence', 'divergence of the shifts', results.divergence.data, 'px / position'),
        of('curl', 'curl', 'curl of the shifts', results.curl.data, 'px / position'),
        of('x', 'x', 'shift along x, pixels', results.fieldX.data, 'px'),
        of('y', 'y', 'shift along y, pixels', results.fieldY.data, 'px'),
      ];
    },
  };
}

/** A sum of frames as an image. */
export function sumImage({ data, shape }: Pick<ResultBuffer<'f64'>, 'data' | 'shape'>): Image {
  const [height = 1, width = 1] = shape;
  return { data, height, width };
}
