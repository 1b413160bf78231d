/** Sums over soft-edged rings, and their Fourier components, in one pass over the pixels of each frame. */

import { elementBytes } from '../../bytes/dtype.js';
import { defineUdf, type Tiling, type UdfMeta } from '../../udf/functions/udf.js';
import type { MaskSize } from '../../udf/pass/masks.js';
import { product } from '../../util/product.js';
import { type HarmonicRings, HarmonicSums, harmonicsIn, harmonicsOf } from '../images/ring-harmonics.js';
import { type RingChunk, type RingGrid, Rings, runFrom } from '../images/rings.js';
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

/** Frames whose numbers are added without rounding in words of 32 bits, along a run of a chunk. */
const isShort = (frame: unknown): boolean =>
  frame instanceof Uint16Array ||
  frame instanceof Uint8Array ||
  frame instanceof Int16Array ||
  frame instanceof Int8Array;

/** Adds the pixels from `low` to `high` of a frame, whose pixel p is at p + shift, to the sums of the rings. */
function addChunk(
  chunk: RingChunk,
  frame: ArrayLike<number>,
  { low, high, shift }: { readonly low: number; readonly high: number; readonly shift: number },
  sums: Float64Array,
  at: number,
): void {
  const { starts, ends, rings, weights } = chunk;
  const short = isShort(frame);
  for (let i = runFrom(chunk, low); i < starts.length && (starts[i] as number) < high; i++) {
    let p = Math.max(low, starts[i] as number) + shift;
    const end = Math.min(high, ends[i] as number) + shift;
    const weight = weights[i] as number;
    const to = at + (rings[i] as number);
    if (p + 1 === end) sums[to] = (sums[to] as number) + weight * (frame[p] as number);
    else if (short) {
      let sum = 0;
      for (; p < end; p++) sum = (sum + (frame[p] as number)) | 0;
      sums[to] = (sums[to] as number) + weight * sum;
    } else {
      let sum = sums[to] as number;
      for (; p < end; p++) sum += weight * (frame[p] as number);
      sums[to] = sum;
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
        const range = { low: p, high: p + 1, shift: k - p };
        addChunk(task.chunk(p), values as Float64Array, range, intensity as Float64Array, f * params.bins);
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

/** The pixels of parameters by sector, which take longer than the sums over a frame, of which a partition may have one. */
const known = new WeakMap<FourierParams, MaskSize & HarmonicRings>();
function harmonicRings(params: FourierParams, size: MaskSize): HarmonicRings {
  const last = known.get(params);
  if (last?.width === size.width && last.height === size.height) return last;
  const marks = params.without.length > 0 ? marked(params.without, size) : undefined;
  const made = { ...size, ...harmonicsIn(params, size, params.maxOrder, marks) };
  known.set(params, made);
  return made;
}

/** The components of a frame of ones, [rings, orders] complex, all pixels of which are counted. */
export const flatHarmonics = (udf: { readonly params: FourierParams }, size: MaskSize): Float64Array =>
  harmonicsOf(
    harmonicRings(udf.params.without.length > 0 ? { ...udf.params, without: [] } : udf.params, size),
    new Uint8Array(size.width * size.height).fill(1),
  );

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
  prepare: ({ params, meta }) => harmonicRings(params, frameSize('radial-fourier', meta)),
  getTaskData({ params, prepared: { plan, rings } }) {
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
  processTile({ tile, depth, pixels, results: { intensity }, task, params }) {
    // A tile has whole frames: `tiling` does not limit its pixels.
    const { rings, plan, sums, numbers } = task;
    while (sums.length < depth) sums.push(new HarmonicSums(plan, params.bins));
    for (const chunk of rings.chunks(0, pixels))
      for (let f = 0; f < depth; f++) sums[f]?.add(chunk, tile as Float64Array, f * pixels);
    for (let f = 0; f < depth; f++) sums[f]?.finish(intensity as Float64Array, f * numbers);
  },
});
