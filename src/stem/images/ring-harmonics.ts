/**
 * Σ w e^{ioφ} v over the pixels of rings, for orders o from 0 on, without a mask of each order: a turn is cut into sectors,
 * about whose middles e^{ioδ} is a short series, so that a pixel adds w v δʲ to few moments of its sector, and a transform
 * over the sectors gives all orders.
 */

import type { MaskSize } from '../../udf/pass/masks.js';
import { transformLines } from './lines.js';
import { type RingChunk, type RingGrid, Rings } from './rings.js';

/** Largest error of the series, of Σ |w v|; masks in float32 have 6e-8. */
const seriesError = 1e-9;
/** How far off the sector of a pixel may be, in radians, by its approximation. */
const sectorError = 0.0039;

/** How orders are computed. */
export interface HarmonicPlan {
  readonly orders: number;
  readonly sectors: number;
  /** Moments of each sector, an even number. */
  readonly moments: number;
}

/** The plan with the least work for rings of so many pixels together. */
export function harmonicPlan(maxOrder: number, bins: number, pixels: number): HarmonicPlan {
  let best: HarmonicPlan & { readonly work: number } = {
    orders: 0,
    sectors: 0,
    moments: 0,
    work: Number.POSITIVE_INFINITY,
  };
  for (let sectors = 2 ** Math.ceil(Math.log2(Math.max(16, 2 * maxOrder + 2))), n = 0; n < 4; n++, sectors *= 2) {
    const reach = maxOrder * (Math.PI / sectors + (sectors <= 512 ? sectorError : 0));
    let [moments, term] = [1, reach];
    for (; term > seriesError && moments < 16; term *= reach / moments) moments++;
    moments += moments % 2;
    const work = pixels * (4 + moments) + 6 * bins * sectors * moments;
    if (term <= seriesError && work < best.work) best = { orders: maxOrder + 1, sectors, moments, work };
  }
  const { orders, sectors, moments } = best;
  return { orders, sectors, moments };
}

/** A chunk with the sector of each pixel, and its angle from the middle of that. */
export interface HarmonicChunk extends RingChunk {
  readonly sector: Uint16Array;
  readonly delta: Float64Array;
}

/** Adds sectors and angles to chunks of pixels about a centre. */
export function withAngles({ cx, cy }: RingGrid, { sectors }: HarmonicPlan) {
  const [cos, sin] = [new Float64Array(sectors), new Float64Array(sectors)];
  for (let g = 0; g < sectors; g++) {
    cos[g] = Math.cos((2 * Math.PI * g) / sectors);
    sin[g] = Math.sin((2 * Math.PI * g) / sectors);
  }
  const isRough = sectors <= 512;
  return (chunk: RingChunk, { width }: MaskSize): HarmonicChunk => {
    const { first, end, ring } = chunk;
    const [sector, delta] = [new Uint16Array(ring.length), new Float64Array(ring.length)];
    for (let y = Math.floor(first / width), at = first; at < end; y++) {
      const dy = y - cy;
      const square = dy * dy;
      const start = y * width;
      for (const after = Math.min(end, start + width); at < after; at++) {
        const i = at - first;
        if ((ring[i] as number) < 0) continue;
        const dx = at - start - cx;
        const r = Math.sqrt(dx * dx + square);
        if (r === 0) continue;
        const turn = isRough ? roughAngle(dy, dx) : Math.atan2(dy, dx);
        // Sectors are a power of two; from here on the number is not negative.
        const g = ((turn * sectors) / (2 * Math.PI) + sectors + 0.5) & (sectors - 1);
        sector[i] = g;
        delta[i] = smallArcsine(((cos[g] as number) * dy - (sin[g] as number) * dx) / r);
      }
    }
    return { ...chunk, sector, delta };
  };
}

/** atan2 to .0038 radians. */
function roughAngle(dy: number, dx: number): number {
  const ax = dx < 0 ? -dx : dx;
  const ay = dy < 0 ? -dy : dy;
  const t = ax > ay ? ay / ax : ax / ay;
  let angle = t * (Math.PI / 4 + 0.273 * (1 - t));
  if (ay > ax) angle = Math.PI / 2 - angle;
  if (dx < 0) angle = Math.PI - angle;
  return dy < 0 ? -angle : angle;
}

/** The arcsine of numbers up to .21, by its series. */
function smallArcsine(s: number): number {
  const q = s * s;
  return s * (1 + q * (1 / 6 + q * (3 / 40 + q * (15 / 336 + q * (105 / 3456 + q * (945 / 42240))))));
}

/** The orders of one image, [rings, orders] complex. */
export function harmonicsOf(grid: RingGrid, size: MaskSize, maxOrder: number, image: ArrayLike<number>): Float64Array {
  const plan = harmonicPlan(maxOrder, grid.bins, image.length);
  const rings = new Rings<HarmonicChunk>(grid, size, undefined, withAngles(grid, plan));
  const sums = new HarmonicSums(plan, grid.bins);
  for (const chunk of rings.chunks(0, image.length))
    sums.add(chunk, rings.spread, image, { low: chunk.first, high: chunk.end, shift: 0 });
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
  /** Factors (io)ʲ / j!, as real numbers: their turn is i to the power of j. */
  readonly #terms: Float64Array;

  constructor(plan: HarmonicPlan, bins: number) {
    const { orders, sectors, moments } = plan;
    this.#plan = plan;
    this.#bins = bins;
    this.#moments = new Float64Array(bins * sectors * moments);
    this.#work = new Float64Array(sectors * moments);
    this.#terms = new Float64Array(orders * moments);
    for (let o = 0; o < orders; o++)
      for (let j = 0, term = 1; j < moments; j++, term *= o / j) this.#terms[o * moments + j] = term;
  }

  /** Adds the pixels from `low` to `high` of a frame, whose pixel p is at p + shift. */
  add(
    { first, ring, weights, sector, delta }: HarmonicChunk,
    spread: number,
    frame: ArrayLike<number>,
    { low, high, shift }: { readonly low: number; readonly high: number; readonly shift: number },
  ): void {
    const sums = this.#moments;
    const { sectors, moments } = this.#plan;
    for (let p = low; p < high; p++) {
      const i = p - first;
      const from = ring[i] as number;
      if (from < 0) continue;
      const value = frame[p + shift] as number;
      const angle = delta[i] as number;
      for (let s = 0; s < spread; s++) {
        const weight = weights[i * spread + s] as number;
        if (weight === 0) continue;
        let term = weight * value;
        let to = ((from + s) * sectors + (sector[i] as number)) * moments;
        for (const end = to + moments; to < end; to++) {
          sums[to] = (sums[to] as number) + term;
          term *= angle;
        }
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
          // i to the power of j is 1 or −1, and of j + 1 that times i.
          const sign = j % 4 === 0 ? 1 : -1;
          const even = sign * (this.#terms[o * moments + j] as number);
          const odd = sign * (this.#terms[o * moments + j + 1] as number);
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
