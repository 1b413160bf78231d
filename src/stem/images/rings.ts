/**
 * Soft-edged rings of equal width, pixel by pixel: those of `radialBins` without a mask of each. A large frame has as many
 * weights as two or three frames have pixels, and its masks would take as much memory as rings.
 */
import type { Centre, MaskSize } from '../../udf/pass/masks.js';

/** Rings of equal width between ri and ro about a centre. */
export interface RingGrid extends Centre {
  readonly ri: number;
  readonly ro: number;
  readonly bins: number;
}

/** Pixels of which weights are made at a time. */
const chunkPixels = 2 ** 15;
/** Pixels of frames whose weights are kept, up to 40 bytes each. */
const keptPixels = 2 ** 20;

/** The rings of some pixels of a frame, row by row. */
export interface RingChunk {
  readonly first: number;
  readonly end: number;
  /** The first ring of each pixel; −1 if it lies in none. */
  readonly ring: Int32Array;
  /** Weights in that ring and the following ones, `spread` for each pixel. */
  readonly weights: Float64Array;
}

/** What a function adds to a chunk. */
type More<C extends RingChunk> = (chunk: RingChunk, size: MaskSize) => C;

/** Rounds half to even, as NumPy does. */
function roundEven(x: number): number {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** The rings of a frame, in chunks of pixels. */
export class Rings<C extends RingChunk = RingChunk> {
  readonly size: MaskSize;
  readonly grid: RingGrid;
  /** Rings that have a weight at a pixel, at most. */
  readonly spread: number;
  readonly #marks: Uint8Array | undefined;
  readonly #more: More<C>;
  readonly #kept: Map<number, C> | undefined;
  #spare: Pick<RingChunk, 'ring' | 'weights'> | undefined;

  /** Pixels with `marks` lie in none; `more` adds to each chunk what else is needed of its pixels. */
  constructor(grid: RingGrid, size: MaskSize, marks: Uint8Array | undefined, more: More<C>) {
    this.grid = grid;
    this.size = size;
    const width = (grid.ro - grid.ri) / grid.bins;
    this.spread = Math.min(grid.bins, Math.ceil((width + 1) / width - 1e-12));
    this.#marks = marks;
    this.#more = more;
    this.#kept = size.width * size.height <= keptPixels ? new Map() : undefined;
  }

  /** The chunks that have the pixels from `first` to `end`, which begin and end anywhere. */
  *chunks(first: number, end: number): Generator<C> {
    for (let at = first - (first % chunkPixels); at < end; at += chunkPixels) yield this.#chunk(at);
  }

  #chunk(first: number): C {
    const known = this.#kept?.get(first);
    if (known) return known;
    const end = Math.min(first + chunkPixels, this.size.width * this.size.height);
    const length = end - first;
    // Chunks that are not kept are used before the next one is made.
    if (this.#kept || this.#spare?.ring.length !== length)
      this.#spare = { ring: new Int32Array(length), weights: new Float64Array(length * this.spread) };
    const { ring, weights } = this.#spare;
    this.#fill(first, ring, weights);
    const made = this.#more({ first, end, ring, weights }, this.size);
    this.#kept?.set(first, made);
    return made;
  }

  #fill(first: number, ring: Int32Array, weights: Float64Array): void {
    const { cx, cy, ri, ro, bins } = this.grid;
    const { width: columns } = this.size;
    const { spread } = this;
    const width = (ro - ri) / bins;
    const marks = this.#marks;
    const [px, py] = [roundEven(cx), roundEven(cy)];
    const middle = ri < 0.5 && px >= 0 && py >= 0 && px < columns && py < this.size.height ? py * columns + px : -1;
    const reach = width / 2 + 0.5;
    const centres = Float64Array.from({ length: bins }, (_, k) => ri + width / 2 + k * width);
    ring.fill(-1);
    weights.fill(0);
    const end = first + ring.length;
    for (let row = Math.floor(first / columns), p = first; p < end; row++) {
      const dy = row - cy;
      const square = dy * dy;
      const start = row * columns;
      for (const after = Math.min(end, start + columns); p < after; p++) {
        if (marks?.[p]) continue;
        const dx = p - start - cx;
        const r = Math.sqrt(dx * dx + square);
        const ahead = (r - ri - 0.5) / width;
        if (ahead >= bins) continue;
        const from = ahead > 0 ? ahead | 0 : 0;
        const i = p - first;
        for (let s = 0, k = from; s < spread && k < bins; s++, k++) {
          const weight = reach - Math.abs(r - (centres[k] as number));
          if (!(weight > 0)) continue;
          weights[i * spread + s] = weight < 1 ? weight : 1;
          ring[i] = from;
        }
      }
    }
    // The disk excluded by ri is smaller than its pixel.
    if (middle >= first && middle < end && !marks?.[middle]) {
      ring[middle - first] = 0;
      weights[(middle - first) * spread] = 1 - ri;
    }
  }
}

/** What the rings of a frame have, each: the sum of weights of all pixels, of those without a count, and of the rest. */
export interface RingTotals {
  readonly sums: Float64Array;
  readonly lost: Float64Array;
  readonly rest: Float64Array;
  /** Pixels in any ring, and how many of them have no count. */
  readonly pixels: number;
  readonly without: number;
}

/** The sums of all rings, in one pass over the pixels. */
export function ringTotals(grid: RingGrid, size: MaskSize, marks: Uint8Array | undefined): RingTotals {
  const rings = new Rings(grid, size, undefined, (chunk) => chunk);
  const [sums, lost, rest] = [0, 1, 2].map(() => new Float64Array(grid.bins)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  let [pixels, without] = [0, 0];
  for (const { first, ring, weights } of rings.chunks(0, size.width * size.height))
    for (let i = 0; i < ring.length; i++) {
      const from = ring[i] as number;
      if (from < 0) continue;
      const isLost = marks?.[first + i] === 1;
      pixels++;
      if (isLost) without++;
      for (let s = 0; s < rings.spread && from + s < grid.bins; s++) {
        const weight = weights[i * rings.spread + s] as number;
        sums[from + s] = (sums[from + s] as number) + weight;
        const own = isLost ? lost : rest;
        own[from + s] = (own[from + s] as number) + weight;
      }
    }
  return { sums, lost, rest, pixels, without };
}
