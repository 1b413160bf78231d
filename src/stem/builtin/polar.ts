/** Polar transforms of frames, and statistics over their azimuths. */
import { defineUdf } from '../../udf/functions/udf.js';
import type { MaskSize } from '../../udf/pass/masks.js';
import { type PolarGrid, type PolarSamples, polarSamples } from '../images/polar.js';
import { checkRing, frameSize } from './fluctuation.js';
import { requireReal } from './real-frames.js';
import { addAll } from './sums.js';

type PolarParams = PolarGrid & Readonly<Record<string, unknown>>;
const initial: PolarParams = { cx: 0, cy: 0, e1: 0, e2: 0, ri: 0, ro: 1, radii: 1, azimuths: 180, without: [] };

/** The samples of parameters: getResults, which is called after each partition, sees no others. */
const known = new WeakMap<PolarParams, MaskSize & { readonly samples: PolarSamples }>();
function samplesOf(params: PolarParams, size: MaskSize): PolarSamples {
  const last = known.get(params);
  if (last?.width === size.width && last.height === size.height) return last.samples;
  const samples = polarSamples(params, size);
  known.set(params, { ...size, samples });
  return samples;
}

/**
 * `sum`, [azimuths, radii]: the sum of the transformed frames, and their number; `mean` and `variance` (of the
 * population) over the azimuths of each frame, [scan, radii]. NaN where no sample is inside the frame.
 */
export const polarUdf = /* @__PURE__ */ defineUdf({
  name: 'polar',
  module: 'ewald/udf',
  params: initial,
  buffers(meta, { ri, ro, radii, azimuths }) {
    requireReal('polar', meta);
    frameSize('polar', meta);
    checkRing('polar', ri, ro);
    const nav = { kind: 'nav', dtype: 'f64', extraShape: [radii] } as const;
    return {
      sum: { kind: 'single', dtype: 'f64', extraShape: [azimuths, radii] },
      numFrames: { kind: 'single', dtype: 'f64' },
      mean: nav,
      variance: nav,
    };
  },
  // Many samples take longer than a frame, and a partition may be a single one.
  prepare: ({ params, meta }) => samplesOf(params, frameSize('polar', meta)),
  getTaskData({ prepared }) {
    return { ...prepared, values: new Float64Array(prepared.valid.length) };
  },
  processFrame({ frame, results, task: { pixels, weights, valid, values }, params: { radii, azimuths } }) {
    const { sum, numFrames, mean, variance } = results;
    numFrames[0] = (numFrames[0] as number) + 1;
    for (let s = 0; s < valid.length; s++) {
      if (!valid[s]) continue;
      let value = 0;
      for (let k = 4 * s; k < 4 * s + 4; k++) value += (weights[k] as number) * (frame[pixels[k] as number] as number);
      values[s] = value;
      sum[s] = (sum[s] as number) + value;
    }
    for (let k = 0; k < radii; k++) {
      let [total, count, squares] = [0, 0, 0];
      for (let j = 0; j < azimuths; j++) {
        const s = j * radii + k;
        if (!valid[s]) continue;
        total += values[s] as number;
        count++;
      }
      const middle = total / count;
      for (let j = 0; j < azimuths; j++) {
        const s = j * radii + k;
        if (valid[s]) squares += ((values[s] as number) - middle) ** 2;
      }
      mean[k] = middle;
      variance[k] = squares / count;
    }
  },
  merge: addAll,
  mergesParts: true,
  getResults({ results: { sum, numFrames, mean, variance }, params, meta }) {
    const { valid } = samplesOf(params, frameSize('polar', meta));
    return { sum: sum.map((value, s) => (valid[s] ? value : Number.NaN)), numFrames, mean, variance };
  },
});
