/**
 * Σ w e^{ioφ} v over the pixels of rings, for orders o from 0 on, without a mask of each order: a turn is cut into sectors,
 * about whose middles e^{ioδ} is a short series, so that a pixel adds w v δʲ to few moments of its sector, and a transform
 * over the sectors gives all orders.
 */

import type { MaskSize } from '../../udf/pass/masks.js';
import { transformLines } from './lines.js';
import { type RingChunk, type RingGrid, Rings, RunList, runFrom } from './rings.js';

/** Largest error of the series, of Σ |w v|; masks in float32 have 6e-8. */
const seriesError = 1e-9;
/** Tangents of angles from the middle of a sector are kept as integers of this unit: those of 64 sectors are below .05. */
const unit = 2 ** -34;

/** How orders are computed. */
export interface HarmonicPlan {
  readonly orders: number;
  /** A power of two. */
  readonly sectors: number;
  /** Moments of each sector: 6, or 4 more, and so on. */
  readonly moments: number;
}

/**
 * The factors of e^{ioδ} = Σ aⱼ tan(δ)ʲ, those of odd powers over i: since (1 + t²) f′ = io f, (j + 1) aⱼ₊₁ is
 * io aⱼ − (j − 1) aⱼ₋₁.
 */
function termsOf(order: number, count: number): Float64Array {
  const terms = new Float64Array(count);
  terms[0] = 1;
  terms[1] = order;
  for (let j = 1; j + 1 < count; j++) {
    const turned = (j % 2 === 0 ? order : -order) * (terms[j] as number);
    terms[j + 1] = (turned - (j - 1) * (terms[j - 1] as number)) / (j + 1);
  }
  return terms;
}

/** Moments that orders up to this one need in sectors; undefined if more than 18. */
function momentsOf(maxOrder: number, sectors: number): number | undefined {
  const tangent = Math.tan(Math.PI / sectors);
  // The highest order has the largest terms, and the first one those that end last.
  const both = [termsOf(maxOrder, 20), termsOf(1, 20)];
  for (let moments = 6; moments <= 18; moments += 4)
    if (
      both.every((terms) =>
        [0, 1].every((k) => Math.abs(terms[moments + k] as number) * tangent ** (moments + k) <= seriesError),
      )
    )
      return moments;
  return undefined;
}

/** The plan with the least work for rings of so many pixels together. */
export function harmonicPlan(maxOrder: number, bins: number, pixels: number): HarmonicPlan {
  let best: HarmonicPlan & { readonly work: number } = {
    orders: 0,
    sectors: 0,
    moments: 0,
    work: Number.POSITIVE_INFINITY,
  };
  for (let sectors = 2 ** Math.ceil(Math.log2(Math.max(64, 2 * maxOrder + 2))), n = 0; n < 5; n++, sectors *= 2) {
    const moments = momentsOf(maxOrder, sectors);
    if (moments === undefined) continue;
    // Six moments of a pixel take three nanoseconds and four more as long again. A run of pixels in a sector costs as
    // much as some of its pixels, and is short where there are many sectors.
    const work = pixels * (10 + 3.5 * (moments - 6)) + 10 * sectors * Math.sqrt(pixels) + 6 * bins * sectors * moments;
    if (work < best.work) best = { orders: maxOrder + 1, sectors, moments, work };
  }
  const { orders, sectors, moments } = best;
  return { orders, sectors, moments };
}

/** A chunk whose runs end with their sector, and the tangent of the angle of each pixel from the middle of that, in units. */
export interface HarmonicChunk extends RingChunk {
  readonly sectors: Int32Array;
  readonly tangents: Int32Array;
}

/** Divides runs of pixels by sectors about a centre. */
export function withAngles({ cx, cy }: RingGrid, { sectors: count }: HarmonicPlan) {
  const [cos, sin] = [new Float64Array(count), new Float64Array(count)];
  for (let g = 0; g < count; g++) {
    cos[g] = Math.cos((2 * Math.PI * g) / count);
    sin[g] = Math.sin((2 * Math.PI * g) / count);
  }
  const limit = Math.tan(Math.PI / count) * (1 + 1e-9);
  const runs = new RunList();
  return (chunk: RingChunk, { width }: MaskSize): HarmonicChunk => {
    const { first, end } = chunk;
    const tangents = new Int32Array(end - first);
    runs.clear();
    for (let i = 0; i < chunk.starts.length; i++) {
      let from = chunk.starts[i] as number;
      const to = chunk.ends[i] as number;
      const [ring, weight] = [chunk.rings[i] as number, chunk.weights[i] as number];
      const y = Math.floor(from / width);
      const dy = y - cy;
      const x = y * width + cx;
      let g = -1;
      let c = 0;
      let s = 0;
      for (let p = from; p < to; p++) {
        const dx = p - x;
        const along = c * dx + s * dy;
        const isAhead = along > 0;
        let tangent = (c * dy - s * dx) / along;
        if (!(isAhead && tangent <= limit && tangent >= -limit)) {
          if (p > from) runs.add(from, p, ring, weight, g);
          from = p;
          // The next sector of a turn, mostly.
          const isNext = isAhead && tangent < 2 * limit && tangent > -2 * limit;
          g =
            (isNext ? g + (tangent > 0 ? 1 : -1) : Math.round((Math.atan2(dy, dx) * count) / (2 * Math.PI))) &
            (count - 1);
          c = cos[g] as number;
          s = sin[g] as number;
          tangent = dx === 0 && dy === 0 ? 0 : (c * dy - s * dx) / (c * dx + s * dy);
        }
        tangents[p - first] = tangent / unit;
      }
      runs.add(from, to, ring, weight, g);
    }
    const { parts, ...made } = runs.chunk(first, end);
    return { ...made, sectors: parts, tangents };
  };
}

/** The orders of one image, [rings, orders] complex. */
export function harmonicsOf(grid: RingGrid, size: MaskSize, maxOrder: number, image: ArrayLike<number>): Float64Array {
  const plan = harmonicPlan(maxOrder, grid.bins, image.length);
  const rings = new Rings<HarmonicChunk>(grid, size, undefined, withAngles(grid, plan));
  const sums = new HarmonicSums(plan, grid.bins);
  for (const chunk of rings.chunks(0, image.length))
    sums.add(chunk, image, { low: chunk.first, high: chunk.end, shift: 0 });
  const out = new Float64Array(2 * grid.bins * plan.orders);
  sums.finish(out, 0);
  return out;
}

/** Sums of frames by ring, sector and power of the angle, [rings, sectors, moments], and what they become. */
export class HarmonicSums {
  readonly #plan: HarmonicPlan;
  readonly #bins: number;
  readonly #moments: Float64Array;
  readonly #work: Float64Array;
  /** Factors of the series, as real numbers: those of odd powers are times i. */
  readonly #terms: Float64Array;

  constructor(plan: HarmonicPlan, bins: number) {
    const { orders, sectors, moments } = plan;
    this.#plan = plan;
    this.#bins = bins;
    this.#moments = new Float64Array(bins * sectors * moments);
    this.#work = new Float64Array(sectors * moments);
    this.#terms = new Float64Array(orders * moments);
    for (let o = 0; o < orders; o++) this.#terms.set(termsOf(o, moments), o * moments);
  }

  /** Adds the pixels from `low` to `high` of a frame, whose pixel p is at p + shift. */
  add(
    chunk: HarmonicChunk,
    frame: ArrayLike<number>,
    { low, high, shift }: { readonly low: number; readonly high: number; readonly shift: number },
  ): void {
    const { first, starts, ends, rings, weights, sectors: of, tangents } = chunk;
    const { sectors, moments } = this.#plan;
    const sums = this.#moments;
    for (let i = runFrom(chunk, low); i < starts.length && (starts[i] as number) < high; i++) {
      const from = Math.max(low, starts[i] as number);
      const end = Math.min(high, ends[i] as number);
      const to = ((rings[i] as number) * sectors + (of[i] as number)) * moments;
      const weight = weights[i] as number;
      let m0 = 0;
      let m1 = 0;
      let m2 = 0;
      let m3 = 0;
      let m4 = 0;
      let m5 = 0;
      for (let p = from; p < end; p++) {
        const tangent = (tangents[p - first] as number) * unit;
        const square = tangent * tangent;
        let even = frame[p + shift] as number;
        let odd = even * tangent;
        m0 += even;
        m1 += odd;
        even *= square;
        odd *= square;
        m2 += even;
        m3 += odd;
        even *= square;
        odd *= square;
        m4 += even;
        m5 += odd;
      }
      sums[to] = (sums[to] as number) + weight * m0;
      sums[to + 1] = (sums[to + 1] as number) + weight * m1;
      sums[to + 2] = (sums[to + 2] as number) + weight * m2;
      sums[to + 3] = (sums[to + 3] as number) + weight * m3;
      sums[to + 4] = (sums[to + 4] as number) + weight * m4;
      sums[to + 5] = (sums[to + 5] as number) + weight * m5;
      for (let j = 6; j < moments; j += 4) {
        m0 = 0;
        m1 = 0;
        m2 = 0;
        m3 = 0;
        for (let p = from; p < end; p++) {
          const tangent = (tangents[p - first] as number) * unit;
          const square = tangent * tangent;
          let even = (frame[p + shift] as number) * square * square * square;
          for (let k = 6; k < j; k += 4) even *= square * square;
          let odd = even * tangent;
          m0 += even;
          m1 += odd;
          even *= square;
          odd *= square;
          m2 += even;
          m3 += odd;
        }
        sums[to + j] = (sums[to + j] as number) + weight * m0;
        sums[to + j + 1] = (sums[to + j + 1] as number) + weight * m1;
        sums[to + j + 2] = (sums[to + j + 2] as number) + weight * m2;
        sums[to + j + 3] = (sums[to + j + 3] as number) + weight * m3;
      }
    }
  }

  /** Writes [rings, orders] complex numbers to `out`, and begins anew. */
  finish(out: Float64Array, at: number): void {
    const { orders, sectors, moments } = this.#plan;
    const length = sectors * moments;
    for (let b = 0; b < this.#bins; b++) {
      const sums = this.#moments.subarray(b * length, (b + 1) * length);
      // Two moments are the real and the imaginary part of one line.
      const found = transformLines(sums, this.#work, sectors, moments / 2);
      for (let o = 0; o < orders; o++) {
        const [here, opposite] = [o * moments, ((sectors - o) % sectors) * moments];
        let [re, im] = [0, 0];
        for (let j = 0; j < moments; j += 2) {
          const [a, b1] = [found[here + j] as number, found[here + j + 1] as number];
          const [c, d] = [found[opposite + j] as number, found[opposite + j + 1] as number];
          // Spectra of both moments, conjugated for the sign of the angle.
          const [evenRe, evenIm] = [(a + c) / 2, (d - b1) / 2];
          const [oddRe, oddIm] = [(b1 + d) / 2, (a - c) / 2];
          const even = this.#terms[o * moments + j] as number;
          const odd = this.#terms[o * moments + j + 1] as number;
          re += even * evenRe - odd * oddIm;
          im += even * evenIm + odd * oddRe;
        }
        out[at + 2 * (b * orders + o)] = re;
        out[at + 2 * (b * orders + o) + 1] = im;
      }
    }
    this.#moments.fill(0);
  }
}
