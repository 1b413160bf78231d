/** Centres of mass and the sum of all frames in one pass: the sum shows which pixels the centres lack. */
import { type BuffersOf, defineUdf, type UdfMeta } from '../../udf/functions/udf.js';
import { maskResponse } from '../images/mask-response.js';
import { filled, fillOf } from '../images/without-count.js';
import { type ComParams, comCentre, comImages, comUdf, discMask } from './com.js';
import { frameSize } from './fluctuation.js';

const com = comUdf.definition;
const comBuffers = com.buffers as (meta: UdfMeta, params: ComParams) => BuffersOf<typeof comUdf>;

/** The results of `comUdf`, and `sum`, [y, x]. */
export const comSumUdf = /* @__PURE__ */ defineUdf({
  name: 'com-sum',
  module: 'ewald/udf',
  params: comUdf.params,
  buffers: (meta: UdfMeta, params: ComParams) => ({
    ...comBuffers(meta, params),
    sum: { kind: 'sig', dtype: 'f64' } as const,
  }),
  getTaskData: ({ params, meta }) => discMask(params, meta),
  processFrame(scope) {
    com.processFrame?.(scope);
    const {
      frame,
      results: { sum },
    } = scope;
    for (let i = 0; i < frame.length; i++) sum[i] = (sum[i] as number) + (frame[i] as number);
  },
  merge({ dest, src }) {
    dest.moments.set(src.moments);
    for (let i = 0; i < dest.sum.length; i++) dest.sum[i] = (dest.sum[i] as number) + (src.sum[i] as number);
  },
  getResults({ results: { moments, sum }, params, meta, damage }) {
    // Background within the mask makes a centre of mass move less than the disk.
    const size = frameSize('com', meta);
    const response = params.descan && {
      response: maskResponse(filled(sum, fillOf(params.without, size)), discMask(params, meta), size.width),
    };
    return { ...comImages(moments, { ...params, ...response, ...comCentre(params, meta) }, meta, damage), sum };
  },
  kernel({ params, meta }) {
    const part = com.kernel?.({ params, meta });
    if (!part) return undefined;
    return {
      ...part,
      steps: [...part.steps, { kind: 'sum' }],
      planes: ['sum'],
    };
  },
  resident: ({ params, meta, detectors, scan }) => ({
    moments: detectors.moments(discMask(params, meta)),
    sum: scan.sum,
  }),
});
