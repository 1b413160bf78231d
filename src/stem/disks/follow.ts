/**
 * Lattices of frames whose disks are farther from their places than the squares in which they are searched hold. Of a disk
 * that the edge of its square cuts, the correlation has its maximum in the part that is left, nearer to the place than
 * the disk is. Such disks are left out, and the squares follow the lattice of the others until it is inside them.
 */
import type { FoundDisks } from '../../udf/disks/contract.js';
import type { DiskCorrelation } from '../../udf/disks/finder.js';
import { type CheckedPattern, cropSize } from '../../udf/disks/patterns.js';
import { type CheckedMatch, coordinates, fitLattice, type MatchedLattice, rint } from './lattice.js';

/** How often squares follow a lattice; each time it is known better. */
const maxRounds = 5;

/** Pixels from the middle of its square, along each axis, up to which a disk is measured and not cut by the edge. */
export const reachOf = (pattern: CheckedPattern, correlation: DiskCorrelation): number =>
  // In a correlation of the whole frame only its maximum may be cut.
  Math.max(1, cropSize(pattern) - (correlation === 'full' ? 1.5 : pattern.radius));

/** Whether a disk that was searched about (y, x), whole pixels, is nearer to the edge of its square than it is measured. */
export function isCut(refineds: ArrayLike<number>, k: number, y: number, x: number, reach: number): boolean {
  return Math.abs((refineds[2 * k] as number) - y) > reach || Math.abs((refineds[2 * k + 1] as number) - x) > reach;
}

/** What is needed besides the disks. */
interface FollowJob {
  readonly match: CheckedMatch;
  readonly pattern: CheckedPattern;
  readonly correlation: DiskCorrelation;
  /** Places (y, x) of the disks in the lattice of the match. */
  readonly peaks: Int32Array;
  readonly height: number;
  readonly width: number;
}

/** Frames to search again, and where: (y, x) of all disks of each. */
interface Again {
  readonly frames: readonly number[];
  readonly positions: Int32Array;
}

/** Fits the lattices of frames; `again` says which to search once more, and `take` receives what was found there. */
export class FollowedLattices {
  readonly #job: FollowJob;
  readonly #views: FoundDisks & MatchedLattice;
  /** Where the disks of each frame were searched. */
  readonly #places: Int32Array;
  readonly #disks: number;
  readonly #reach: number;
  /** Frames whose lattice is not fitted yet, each with the lattice to begin with. */
  #open: Map<number, Float64Array>;
  #rounds = 0;

  /** `views` have what was found about `positions`, those of all frames or of each of them, and receive the lattices. */
  constructor(job: FollowJob, views: FoundDisks & MatchedLattice, positions: Int32Array, count: number) {
    this.#job = job;
    this.#views = views;
    this.#disks = job.peaks.length / 2;
    this.#places = new Int32Array(2 * this.#disks * count);
    for (let at = 0; at < this.#places.length; at += positions.length) this.#places.set(positions, at);
    this.#reach = reachOf(job.pattern, job.correlation);
    this.#open = new Map(Array.from({ length: count }, (_, f) => [f, job.match.start]));
  }

  /** Fits what was found; undefined if no frame needs another search. */
  again(): Again | undefined {
    const next = new Map<number, Float64Array>();
    for (const [f, start] of this.#open) {
      const lattice = this.#fit(f, start);
      if (lattice && this.#rounds < maxRounds && this.#follow(f, lattice)) next.set(f, lattice);
    }
    this.#open = next;
    this.#rounds++;
    if (next.size === 0) return undefined;
    const frames = [...next.keys()];
    const positions = new Int32Array(2 * this.#disks * frames.length);
    for (const [i, f] of frames.entries()) positions.set(this.#placesOf(f), 2 * this.#disks * i);
    return { frames, positions };
  }

  /** Disks of the frames that `again` named. */
  take(foundDisks: FoundDisks): void {
    const n = this.#disks;
    let i = 0;
    for (const f of this.#open.keys()) {
      for (const [name, each] of [
        ['centers', 2],
        ['refineds', 2],
        ['heights', 1],
        ['elevations', 1],
      ] as const)
        this.#views[name].set(foundDisks[name].subarray(each * n * i, each * n * (i + 1)) as never, each * n * f);
      i++;
    }
  }

  #placesOf(f: number): Int32Array {
    return this.#places.subarray(2 * this.#disks * f, 2 * this.#disks * (f + 1));
  }

  /** The lattice of the disks that are not cut, where there is none the one of all of them, to follow. */
  #fit(f: number, start: Float64Array): Float64Array | undefined {
    const n = this.#disks;
    const { zero, a, b, error, selector, ...found } = this.#views;
    const refineds = found.refineds.subarray(2 * n * f, 2 * n * (f + 1));
    const elevations = found.elevations.subarray(n * f, n * (f + 1));
    const places = this.#placesOf(f);
    const weights = elevations.map((weight, k) =>
      isCut(refineds, k, places[2 * k] as number, places[2 * k + 1] as number, this.#reach) ? Number.NaN : weight,
    );
    const out = {
      zero: zero.subarray(2 * f, 2 * f + 2),
      a: a.subarray(2 * f, 2 * f + 2),
      b: b.subarray(2 * f, 2 * f + 2),
      error: error.subarray(f, f + 1),
      selector: selector.subarray(n * f, n * (f + 1)),
    };
    const match = { ...this.#job.match, start };
    const fitted = fittedBy(refineds, weights, match, out) ?? fittedBy(refineds, elevations, match, copyOf(out));
    if (fitted || match.method !== 'fast') return fitted;
    // No disk is near the lattice: all of them may have moved together.
    const shift = commonShift(refineds, elevations, places, match);
    if (!shift) return undefined;
    const [zy, zx, ...vectors] = start as unknown as [number, number, ...number[]];
    const moved = { ...match, start: Float64Array.of(zy + shift[0], zx + shift[1], ...vectors) };
    return fittedBy(refineds, weights, moved, out) ?? fittedBy(refineds, elevations, moved, copyOf(out));
  }

  /** Moves the squares of a frame with a lattice if that is beyond what they measure; false if it is not. */
  #follow(f: number, lattice: Float64Array): boolean {
    const { match, pattern, peaks, height, width } = this.#job;
    const places = this.#placesOf(f);
    const margin = cropSize(pattern);
    const [zy, zx, ay, ax, by, bx] = lattice as unknown as [number, number, number, number, number, number];
    let isBeyond = false;
    const next = places.slice();
    for (let k = 0; k < places.length; k += 2) {
      const [i, j] = coordinates(match.start, peaks[k] as number, peaks[k + 1] as number);
      const [y, x] = [zy + i * ay + j * by, zx + i * ax + j * bx];
      // A square that is not in the frame has no disk.
      if (!(y >= margin && x >= margin && y < height - margin && x < width - margin)) continue;
      isBeyond ||=
        Math.abs(y - (places[k] as number)) > this.#reach || Math.abs(x - (places[k + 1] as number)) > this.#reach;
      next.set([rint(y), rint(x)], k);
    }
    if (isBeyond) places.set(next);
    return isBeyond;
  }
}

/**
 * By how much (y, x) most disks are beside their places, each about as much as the others; undefined where they are not:
 * a lattice of other vectors has no such shift, and noise neither.
 */
function commonShift(
  refineds: ArrayLike<number>,
  weights: ArrayLike<number>,
  places: Int32Array,
  { minWeight, minMatch, tolerance }: CheckedMatch,
): readonly [y: number, x: number] | undefined {
  const shifts: [y: number, x: number][] = [];
  for (let k = 0; k < weights.length; k++) {
    const [y, x] = [0, 1].map((axis) => (refineds[2 * k + axis] as number) - (places[2 * k + axis] as number));
    if ((weights[k] as number) >= minWeight && Number.isFinite(y)) shifts.push([y as number, x as number]);
  }
  const near = ([y, x]: readonly [number, number]) =>
    shifts.filter(([v, u]) => Math.hypot(v - y, u - x) < tolerance / 2);
  let best: [number, number][] = [];
  for (const shift of shifts) {
    const found = near(shift);
    if (found.length > best.length) best = found;
  }
  if (best.length < Math.max(minMatch, shifts.length / 2)) return undefined;
  return [0, 1].map((axis) => best.reduce((sum, one) => sum + (one[axis] as number), 0) / best.length) as [
    number,
    number,
  ];
}

const copyOf = ({ zero, a, b, error, selector }: MatchedLattice): MatchedLattice => ({
  zero: zero.slice(),
  a: a.slice(),
  b: b.slice(),
  error: error.slice(),
  selector: selector.slice(),
});

/** `fitLattice`, with zero, a and b in one; undefined where no lattice fits. */
function fittedBy(
  refineds: ArrayLike<number>,
  weights: ArrayLike<number>,
  match: CheckedMatch,
  out: MatchedLattice,
): Float64Array | undefined {
  fitLattice(refineds, weights, match, out);
  return Number.isNaN(out.error[0]) ? undefined : Float64Array.of(...out.zero, ...out.a, ...out.b);
}
