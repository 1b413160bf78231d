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
function harmonicPlan(maxOrder: number, bins: number, pixels: number): HarmonicPlan {
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

/**
 * The pixels of a chunk, sector by sector of each ring: a run of pixels of a row is short where sectors are many, and each
 * would cost as much as some of its pixels.
 */
export interface HarmonicChunk {
  readonly first: number;
  readonly end: number;
  /** Each pixel, counted from the first one, and the tangent of its angle from the middle of its sector, in units. */
  readonly pixels: Uint16Array;
  readonly tangents: Int32Array;
  /** Where each group of pixels ends, its ring · sectors + sector, and the weight of its pixels. */
  readonly ends: Int32Array;
  readonly places: Int32Array;
  readonly weights: Float64Array;
}

/** Pixels with their places, which are brought into the order of these. */
class PixelSorter {
  #pixels = new Uint16Array();
  #tangents = new Int32Array();
  #places = new Int32Array();
  /** Of each place, the pixels with weight 1; then where the next of them goes. */
  readonly #counts: Int32Array;
  #used: number[] = [];
  #alone: number[] = [];
  #weights: number[] = [];
  #length = 0;

  constructor(places: number) {
    this.#counts = new Int32Array(places);
  }

  begin(most: number): void {
    if (this.#places.length < most) {
      this.#pixels = new Uint16Array(most);
      this.#tangents = new Int32Array(most);
      this.#places = new Int32Array(most);
    }
    [this.#used, this.#alone, this.#weights, this.#length] = [[], [], [], 0];
  }

  add(pixel: number, tangent: number, place: number, weight: number): void {
    const at = this.#length++;
    this.#pixels[at] = pixel;
    this.#tangents[at] = tangent;
    this.#places[at] = weight === 1 ? place : -1;
    if (weight === 1) {
      const count = this.#counts[place] as number;
      if (count === 0) this.#used.push(place);
      this.#counts[place] = count + 1;
    } else {
      this.#alone.push(place);
      this.#weights.push(weight);
    }
  }

  /** The pixels of weight 1 by place, then the others as they come, each a group of its own. */
  sorted(first: number, end: number): HarmonicChunk {
    const [used, alone, counts, length] = [this.#used, this.#alone, this.#counts, this.#length];
    const [pixels, tangents] = [new Uint16Array(length), new Int32Array(length)];
    const ends = new Int32Array(used.length + alone.length);
    let last = 0;
    for (let k = 0; k < used.length; k++) {
      const place = used[k] as number;
      const begin = last;
      last += counts[place] as number;
      ends[k] = last;
      counts[place] = begin;
    }
    for (let k = used.length; k < ends.length; k++) ends[k] = ++last;
    for (let i = 0, single = length - alone.length; i < length; i++) {
      const place = this.#places[i] as number;
      const at = place < 0 ? single++ : (counts[place] as number);
      if (place >= 0) counts[place] = at + 1;
      pixels[at] = this.#pixels[i] as number;
      tangents[at] = this.#tangents[i] as number;
    }
    for (const place of used) counts[place] = 0;
    const weights = new Float64Array(ends.length).fill(1);
    weights.set(this.#weights, used.length);
    return { first, end, pixels, tangents, ends, places: Int32Array.from([...used, ...alone]), weights };
  }
}

/** Brings the pixels of rings into the order of sectors about a centre. */
function withAngles({ cx, cy, bins }: RingGrid, { sectors: count }: HarmonicPlan) {
  const [cos, sin] = [new Float64Array(count), new Float64Array(count)];
  for (let g = 0; g < count; g++) {
    cos[g] = Math.cos((2 * Math.PI * g) / count);
    sin[g] = Math.sin((2 * Math.PI * g) / count);
  }
  const limit = Math.tan(Math.PI / count) * (1 + 1e-9);
  const sorter = new PixelSorter(bins * count);
  return ({ first, end, starts, ends, rings, weights }: RingChunk, { width }: MaskSize): HarmonicChunk => {
    let most = 0;
    for (let i = 0; i < starts.length; i++) most += (ends[i] as number) - (starts[i] as number);
    sorter.begin(most);
    for (let i = 0; i < starts.length; i++) {
      const from = starts[i] as number;
      const to = ends[i] as number;
      const [places, weight] = [(rings[i] as number) * count, weights[i] as number];
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
          // The next sector of a turn, mostly.
          const isNext = isAhead && tangent < 2 * limit && tangent > -2 * limit;
          g =
            (isNext ? g + (tangent > 0 ? 1 : -1) : Math.round((Math.atan2(dy, dx) * count) / (2 * Math.PI))) &
            (count - 1);
          c = cos[g] as number;
          s = sin[g] as number;
          tangent = dx === 0 && dy === 0 ? 0 : (c * dy - s * dx) / (c * dx + s * dy);
        }
        sorter.add(p - first, tangent / unit, places + g, weight);
      }
    }
    return sorter.sorted(first, end);
  };
}

/** The rings of a frame with the angles of their pixels. */
export interface HarmonicRings {
  readonly plan: HarmonicPlan;
  readonly rings: Rings<HarmonicChunk>;
}

/** Rings without the pixels that have marks. */
export function harmonicsIn(
  grid: RingGrid,
  size: MaskSize,
  maxOrder: number,
  marks: Uint8Array | undefined,
): HarmonicRings {
  const plan = harmonicPlan(maxOrder, grid.bins, size.width * size.height);
  return { plan, rings: new Rings(grid, size, marks, withAngles(grid, plan)) };
}

/** The orders of one image, [rings, orders] complex. */
export function harmonicsOf({ plan, rings }: HarmonicRings, image: ArrayLike<number>): Float64Array {
  const sums = new HarmonicSums(plan, rings.grid.bins);
  for (const chunk of rings.chunks(0, image.length)) sums.add(chunk, image, 0);
  const out = new Float64Array(2 * rings.grid.bins * plan.orders);
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

  /** Adds the pixels of a chunk of a frame, which begins at `start` of an array. */
  add(chunk: HarmonicChunk, frame: ArrayLike<number>, start: number): void {
    const { first, pixels, ends, places, weights, tangents } = chunk;
    const { moments } = this.#plan;
    const sums = this.#moments;
    const at = start + first;
    for (let i = 0, from = 0; i < ends.length; i++) {
      const end = ends[i] as number;
      const to = (places[i] as number) * moments;
      const weight = weights[i] as number;
      let m0 = 0;
      let m1 = 0;
      let m2 = 0;
      let m3 = 0;
      let m4 = 0;
      let m5 = 0;
      for (let k = from; k < end; k++) {
        const tangent = (tangents[k] as number) * unit;
        const square = tangent * tangent;
        let even = frame[(pixels[k] as number) + at] as number;
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
        for (let k = from; k < end; k++) {
          const tangent = (tangents[k] as number) * unit;
          const square = tangent * tangent;
          let even = (frame[(pixels[k] as number) + at] as number) * square * square * square;
          for (let n = 6; n < j; n += 4) even *= square * square;
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
      from = end;
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
