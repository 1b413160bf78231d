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

/** Pixels whose runs are made at a time; their numbers fit 16 bits. */
const chunkPixels = 2 ** 15;
/** Bytes of the chunks of a frame that are kept for the next frame, at most. */
const keptBytes = 2 ** 27;

/**
 * The rings of some pixels, as runs of neighbours in a row that have one weight in one ring, by pixel and then by ring:
 * the inside of a ring is few runs, its soft edges are runs of one pixel.
 */
export interface RingChunk {
  readonly first: number;
  readonly end: number;
  /** The first pixel of each run, and the one after its last. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly rings: Int32Array;
  readonly weights: Float64Array;
}

/** What a function makes of a chunk. */
type More<C> = (chunk: RingChunk, size: MaskSize) => C;

/** The first run of a chunk that reaches beyond the pixel before `low`. */
export function runFrom({ ends }: RingChunk, low: number): number {
  let [from, to] = [0, ends.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((ends[middle] as number) > low) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** Runs in memory that grows. */
class RunList {
  #ints = new Int32Array(3072);
  #weights = new Float64Array(1024);
  #length = 0;

  clear(): void {
    this.#length = 0;
  }

  add(start: number, end: number, ring: number, weight: number): void {
    const at = this.#length++;
    if (at === this.#weights.length) {
      const [ints, weights] = [new Int32Array(6 * at), new Float64Array(2 * at)];
      ints.set(this.#ints);
      weights.set(this.#weights);
      [this.#ints, this.#weights] = [ints, weights];
    }
    this.#ints[3 * at] = start;
    this.#ints[3 * at + 1] = end;
    this.#ints[3 * at + 2] = ring;
    this.#weights[at] = weight;
  }

  /** The runs from `first` to `end`, in memory of their own. */
  chunk(first: number, end: number): RingChunk {
    const n = this.#length;
    const ints = this.#ints;
    const [starts, ends, rings] = [new Int32Array(n), new Int32Array(n), new Int32Array(n)];
    for (let i = 0; i < n; i++) {
      starts[i] = ints[3 * i] as number;
      ends[i] = ints[3 * i + 1] as number;
      rings[i] = ints[3 * i + 2] as number;
    }
    return { first, end, starts, ends, rings, weights: this.#weights.slice(0, n) };
  }
}

/** Rounds half to even, as NumPy does. */
function roundEven(x: number): number {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** Half the chord of a circle; 0 beside it. */
const halfChord = (radius: number, square: number): number => Math.sqrt(Math.max(0, radius * radius - square));

/** The rings of a frame, in chunks of pixels. */
export class Rings<C extends object = RingChunk> {
  readonly size: MaskSize;
  readonly grid: RingGrid;
  readonly #marks: Uint8Array | undefined;
  readonly #more: More<C>;
  readonly #kept = new Map<number, C>();
  readonly #runs = new RunList();
  #room = keptBytes;

  /** Pixels with `marks` lie in none; `more` makes of each chunk what is needed of its pixels. */
  constructor(grid: RingGrid, size: MaskSize, marks: Uint8Array | undefined, more: More<C>) {
    this.grid = grid;
    this.size = size;
    this.#marks = marks;
    this.#more = more;
  }

  /** The chunks that have the pixels from `first` to `end`, which begin and end anywhere. */
  *chunks(first: number, end: number): Generator<C> {
    for (let at = first - (first % chunkPixels); at < end; at += chunkPixels) yield this.chunk(at);
  }

  /** The chunk that has a pixel. */
  chunk(pixel: number): C {
    const first = pixel - (pixel % chunkPixels);
    const known = this.#kept.get(first);
    if (known) return known;
    const end = Math.min(first + chunkPixels, this.size.width * this.size.height);
    this.#runs.clear();
    const { width: columns } = this.size;
    for (let row = Math.floor(first / columns); row * columns < end; row++)
      this.#row(row, Math.max(first, row * columns), Math.min(end, (row + 1) * columns));
    const made = this.#more(this.#runs.chunk(first, end), this.size);
    const bytes = Object.values(made).reduce((sum, part) => sum + (ArrayBuffer.isView(part) ? part.byteLength : 0), 0);
    if (bytes <= this.#room) {
      this.#room -= bytes;
      this.#kept.set(first, made);
    }
    return made;
  }

  /** Adds the runs of the pixels from `low` to `high` of a row. */
  #row(row: number, low: number, high: number): void {
    const { cx, cy, ri, ro, bins } = this.grid;
    const { width: columns } = this.size;
    const runs = this.#runs;
    const marks = this.#marks;
    const width = (ro - ri) / bins;
    const reach = width / 2 + 0.5;
    const spread = Math.min(bins, Math.ceil((width + 1) / width - 1e-12));
    const middle = this.#middle();
    const [dy, start] = [row - cy, row * columns];
    const square = dy * dy;
    const half = halfChord(ro + 0.5, square) + 1;
    const after = Math.min(high, start + Math.ceil(cx + half) + 1);
    /** The first pixel from p on that is marked, or of a size of its own. */
    let stop = -1;
    for (let p = Math.max(low, start + Math.floor(cx - half)); p < after; ) {
      if (p > stop) {
        const mark = marks ? marks.subarray(p, after).indexOf(1) : -1;
        stop = mark < 0 ? after : p + mark;
        if (middle >= p && middle < stop) stop = middle;
      }
      const dx = p - start - cx;
      const r = Math.sqrt(dx * dx + square);
      const ahead = (r - ri - 0.5) / width;
      if (marks?.[p] || ahead >= bins) {
        p++;
        continue;
      }
      const from = ahead > 0 ? ahead | 0 : 0;
      // The disk excluded by ri is smaller than its pixel.
      const own = p === middle ? 1 - ri : -1;
      let next = p + 1;
      let isIn = false;
      for (let s = 0, k = from; s < spread && k < bins; s++, k++) {
        const centre = ri + width / 2 + k * width;
        let weight = reach - Math.abs(r - centre);
        if (s === 0 && own >= 0) weight = own;
        if (!(weight > 0)) continue;
        isIn = true;
        if (weight >= 1 && own < 0)
          next = Math.max(next, Math.min(stop, start + this.#whole(cx, square, dx, k, width)));
        runs.add(p, next, k, weight < 1 ? weight : 1);
      }
      // The hole that the first ring is about has no pixels to look at.
      if (!isIn && r < ri)
        next = Math.max(next, Math.min(stop, start + Math.floor(cx + halfChord(Math.max(0, ri - 0.5), square))));
      p = next;
    }
  }

  /** The column up to which pixels from dx on are whole in ring k as well, a pixel less than it may be. */
  #whole(cx: number, square: number, dx: number, k: number, width: number): number {
    const inner = this.grid.ri + k * width + 0.5;
    const isAcross = dx >= 0 || (inner + 1e-6) ** 2 < square;
    return isAcross ? Math.floor(cx + halfChord(inner + width - 1, square)) : Math.floor(cx - halfChord(inner, square));
  }

  /** The pixel in which a hole smaller than it lies; −1 without one. */
  #middle(): number {
    const { cx, cy, ri } = this.grid;
    const [px, py] = [roundEven(cx), roundEven(cy)];
    const isInside = ri < 0.5 && px >= 0 && py >= 0 && px < this.size.width && py < this.size.height;
    return isInside ? py * this.size.width + px : -1;
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
  let [pixels, without, last] = [0, 0, -1];
  for (const { starts, ends, rings: of, weights } of rings.chunks(0, size.width * size.height))
    for (let i = 0; i < starts.length; i++) {
      const [k, weight] = [of[i] as number, weights[i] as number];
      for (let p = starts[i] as number; p < (ends[i] as number); p++) {
        const isLost = marks?.[p] === 1;
        // A pixel in several rings has as many runs, one after the other.
        if (p !== last) {
          pixels++;
          if (isLost) without++;
        }
        last = p;
        sums[k] = (sums[k] as number) + weight;
        const own = isLost ? lost : rest;
        own[k] = (own[k] as number) + weight;
      }
    }
  return { sums, lost, rest, pixels, without };
}

/** What share of each ring is in the frame, by the sums of weights there; 1 of one that does not reach its edge. */
export function ringShares({ cx, cy, ri, ro, bins }: RingGrid, { width, height }: MaskSize, sums: Float64Array) {
  const nearest = Math.min(cx, cy, width - 1 - cx, height - 1 - cy) + 1;
  return sums.map((sum, k) => {
    const [inner, outer] = [0, 1].map((end) => ri + ((k + end) * (ro - ri)) / bins) as [number, number];
    // The edge of a ring is half a pixel wide on either side.
    if (outer + 0.5 <= nearest) return 1;
    return Math.min(1, sum / (Math.PI * (outer * outer - inner * inner)));
  });
}
