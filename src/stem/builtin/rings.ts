/** Sums over soft-edged rings, and their Fourier components, in one pass over the pixels of each frame. */

import { elementBytes } from '../../frames/dtype.js';
import { defineUdf, type Tiling, type UdfMeta } from '../../udf/functions/udf.js';
import { product } from '../../util/product.js';
import { type HarmonicChunk, HarmonicSums, harmonicPlan, withAngles } from '../images/ring-harmonics.js';
import { type RingChunk, type RingGrid, Rings } from '../images/rings.js';
import { marked, type PixelList } from '../images/without-count.js';
import { checkRing, frameSize } from './fluctuation.js';
import { requireReal } from './real-frames.js';
import { finishRings, ringSteps } from './ring-steps.js';

interface RingParams extends RingGrid, Readonly<Record<string, unknown>> {
  /** Pixels (y, x) that lie in no ring. */
  readonly without: PixelList;
}

const initial: RingParams = { cx: 0, cy: 0, ri: 0, ro: 1, bins: 1, without: [] };

const marksOf = ({ without }: RingParams, meta: UdfMeta, what: string): Uint8Array | undefined =>
  without.length > 0 ? marked(without, frameSize(what, meta)) : undefined;

function check(what: string, meta: UdfMeta, { ri, ro }: RingParams): void {
  requireReal(what, meta);
  frameSize(what, meta);
  checkRing(what, ri, ro);
}

/** Frames whose pixels are read with the same weights: at most those of a partition. */
const tiling = ({ meta }: { readonly meta: UdfMeta }): Tiling => ({
  depth: Math.max(1, Math.min(32, Math.floor(2 ** 25 / (product(meta.sig) * elementBytes(meta.inputDtype))))),
});

/** Adds the pixels from `low` to `high` of a frame, whose pixel p is at p + shift, to the sums of the rings. */
function addChunk(
  { first, ring, weights }: RingChunk,
  spread: number,
  frame: ArrayLike<number>,
  { low, high, shift }: { readonly low: number; readonly high: number; readonly shift: number },
  sums: Float64Array,
  at: number,
): void {
  for (let p = low; p < high; p++) {
    const i = p - first;
    const from = ring[i] as number;
    if (from < 0) continue;
    const value = frame[p + shift] as number;
    for (let s = 0; s < spread; s++) {
      const weight = weights[i * spread + s] as number;
      // A pixel without weight is not read: it may be no number.
      if (weight !== 0) sums[at + from + s] = (sums[at + from + s] as number) + weight * value;
    }
  }
}

/** `intensity`, [scan, bins]: Σ over the pixels of each ring. */
export const radialBinsUdf = /* @__PURE__ */ defineUdf({
  name: 'radial-bins',
  module: 'ewald/udf',
  params: initial,
  tiling,
  buffers(meta, params) {
    check('radial-bins', meta, params);
    return { intensity: { kind: 'nav', dtype: 'f64', extraShape: [params.bins] } };
  },
  getTaskData: ({ params, meta }) =>
    new Rings(params, frameSize('radial-bins', meta), marksOf(params, meta, 'radial-bins'), (chunk) => chunk),
  kernel({ params, meta }) {
    const rings = new Rings(
      params,
      frameSize('radial-bins', meta),
      marksOf(params, meta, 'radial-bins'),
      (chunk) => chunk,
    );
    const one = (_dy: number, _dx: number, into: Float64Array): void => {
      into[0] = 1;
    };
    const made = ringSteps(rings, meta.inputDtype, { count: 1, isDouble: true, factors: one });
    if (!made) return undefined;
    return {
      steps: made.steps,
      finish: ({ nav, frames }, { intensity }) => finishRings(made, nav, intensity as Float64Array, frames),
    };
  },
  processTile({ tile, depth, firstPixel, pixels, results: { intensity }, task, params }) {
    for (const chunk of task.chunks(firstPixel, firstPixel + pixels)) {
      const low = Math.max(firstPixel, chunk.first);
      const high = Math.min(firstPixel + pixels, chunk.end);
      for (let f = 0; f < depth; f++)
        addChunk(
          chunk,
          task.spread,
          tile as Float64Array,
          { low, high, shift: f * pixels - firstPixel },
          intensity as Float64Array,
          f * params.bins,
        );
    }
  },
  processSparse({ starts, pixels, values, count, results: { intensity }, task, params }) {
    for (let f = 0; f < count; f++)
      for (let k = starts[f] as number; k < (starts[f + 1] as number); k++) {
        const p = pixels[k] as number;
        for (const chunk of task.chunks(p, p + 1))
          addChunk(
            chunk,
            task.spread,
            values as Float64Array,
            { low: p, high: p + 1, shift: k - p },
            intensity as Float64Array,
            f * params.bins,
          );
      }
  },
});

/** Factors e^{ioφ} for all orders, as real and imaginary parts. */
const turns =
  (orders: number) =>
  (dy: number, dx: number, into: Float64Array): void => {
    const r = Math.sqrt(dx * dx + dy * dy);
    const [cos, sin] = r === 0 ? [1, 0] : [dx / r, dy / r];
    let [re, im] = [1, 0];
    for (let o = 0; o < orders; o++) {
      into[2 * o] = re;
      into[2 * o + 1] = im;
      [re, im] = [re * cos - im * sin, re * sin + im * cos];
    }
  };

interface FourierParams extends RingParams {
  readonly maxOrder: number;
}

/** `intensity`, [scan, bins · orders] complex: Σ of e^{ioφ} over the pixels of each ring, for orders o from 0 on. */
export const radialFourierUdf = /* @__PURE__ */ defineUdf({
  name: 'radial-fourier',
  module: 'ewald/udf',
  params: { ...initial, maxOrder: 0 } as FourierParams,
  tiling,
  buffers(meta, params) {
    check('radial-fourier', meta, params);
    return { intensity: { kind: 'nav', dtype: 'c128', extraShape: [params.bins * (params.maxOrder + 1)] } };
  },
  getTaskData({ params, meta }) {
    const size = frameSize('radial-fourier', meta);
    const plan = harmonicPlan(params.maxOrder, params.bins, size.width * size.height);
    const marks = marksOf(params, meta, 'radial-fourier');
    const rings = new Rings<HarmonicChunk>(params, size, marks, withAngles(params, plan));
    return { rings, plan, sums: [new HarmonicSums(plan, params.bins)], numbers: 2 * params.bins * plan.orders };
  },
  kernel({ params, meta }) {
    const size = frameSize('radial-fourier', meta);
    const rings = new Rings(params, size, marksOf(params, meta, 'radial-fourier'), (chunk) => chunk);
    const orders = params.maxOrder + 1;
    // Single precision, like LiberTEM's complex64.
    const made = ringSteps(rings, meta.inputDtype, { count: 2 * orders, isDouble: false, factors: turns(orders) });
    if (!made) return undefined;
    return {
      steps: made.steps,
      finish: ({ nav, frames }, { intensity }) => finishRings(made, nav, intensity as Float64Array, frames),
    };
  },
  processTile({ tile, depth, firstPixel, pixels, results: { intensity }, task, params }) {
    const { rings, plan, sums, numbers } = task;
    while (sums.length < depth) sums.push(new HarmonicSums(plan, params.bins));
    for (const chunk of rings.chunks(firstPixel, firstPixel + pixels)) {
      const low = Math.max(firstPixel, chunk.first);
      const high = Math.min(firstPixel + pixels, chunk.end);
      for (let f = 0; f < depth; f++)
        sums[f]?.add(chunk, rings.spread, tile as Float64Array, { low, high, shift: f * pixels - firstPixel });
    }
    for (let f = 0; f < depth; f++) sums[f]?.finish(intensity as Float64Array, f * numbers);
  },
});
