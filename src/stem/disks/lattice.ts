/**
 * Lattices through the positions of disks: zero + i·a + j·b, as (y, x) in pixels. `fast` and `affine` match as in
 * LiberTEM-blobfinder; the weight of a disk is its elevation.
 */
import { checkedOptions, row } from '../../options/call-options.js';
import { EwaldError } from '../../util/errors.js';

/** A point or vector, (y, x) in pixels. */
export type Vector = readonly [y: number, x: number];

/** A lattice. */
export interface Lattice {
  readonly zero: Vector;
  readonly a: Vector;
  readonly b: Vector;
}

/** How disks are matched with a lattice. */
export interface LatticeMatch extends Lattice {
  /**
   * `fast` (default): disks that lie near a lattice point, those of the fit in a second round. `affine`: all disks,
   * with the indices that the lattice gives them rounded, or `indices`.
   */
  readonly method?: 'fast' | 'affine' | undefined;
  /** Largest distance from a lattice point in pixels, divided by the root of the index; default 3. Of `fast`. */
  readonly tolerance?: number | undefined;
  /** Smallest elevation of a disk that is used; default 0.1. Of `fast`. */
  readonly minWeight?: number | undefined;
  /** Smallest number of disks of a fit; default 3. Of `fast`. */
  readonly minMatch?: number | undefined;
  /** Indices (i, j) of the disks, also fractional. Of `affine`. */
  readonly indices?: readonly Vector[] | ArrayLike<number> | undefined;
}

/** A match with its defaults, and the indices of all disks for `affine`. */
export type CheckedMatch = ReturnType<typeof checkMatch>;

/** The vectors are checked together, the indices against the disks. */
const matchRows = {
  ...row.others('zero', 'a', 'b', 'indices'),
  method: row.choice(['fast', 'affine'], 'fast'),
  tolerance: row.number(1e-6, Number.POSITIVE_INFINITY, 3),
  minWeight: row.number(0, Number.POSITIVE_INFINITY, 0.1),
  minMatch: row.number(3, Number.POSITIVE_INFINITY, 3),
} as const;

const isVector = (value: unknown): value is Vector =>
  Array.isArray(value) && value.length === 2 && value.every((one) => Number.isFinite(one));

/** Checks vectors of a lattice. Throws `Argument`. */
export function checkLattice(what: string, { zero, a, b }: Lattice): Float64Array {
  for (const [name, value] of Object.entries({ zero, a, b }))
    if (!isVector(value))
      throw new EwaldError('Argument', `${what}: ${name} is ${JSON.stringify(value)}; expected [y, x] in pixels`);
  const lengths = Math.hypot(...a) * Math.hypot(...b);
  if (Math.abs(a[0] * b[1] - a[1] * b[0]) < 1e-6 * lengths || lengths === 0)
    throw new EwaldError(
      'Argument',
      `${what}: a is (${a}) and b (${b}); expected two vectors of different directions, which span a lattice`,
    );
  return Float64Array.of(...zero, ...a, ...b);
}

/** Checks a match with `peaks` disks. Throws `Argument`, `Shape`. */
export function checkMatch(what: string, match: LatticeMatch, positions: ArrayLike<number>) {
  const { method, tolerance, minWeight, minMatch } = checkedOptions(`${what}: the match`, match, matchRows);
  const start = checkLattice(what, match);
  const disks = positions.length / 2;
  let indices: Float64Array | undefined;
  if (method === 'affine') {
    const given = match.indices ?? indicesOf(start, positions);
    indices = Float64Array.from((Array.isArray(given) ? given.flat() : given) as ArrayLike<number>);
    if (indices.length !== 2 * disks)
      throw new EwaldError('Shape', `${what}: ${indices.length / 2} indices for ${disks} disks; expected one a disk`);
  }
  return { start, method, tolerance, minWeight, minMatch, indices };
}

/** Nearest integer, halves to the even one, as in NumPy. */
export function rint(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

/** The whole pixels of a position: fractions are dropped, as in blobfinder, but 21.999999999999996 is 22. */
export const wholePixel = (value: number): number => Math.trunc(value + Math.sign(value) * 1e-9);

/** Indices of positions in a lattice, not rounded. */
export function coordinates(lattice: Float64Array, y: number, x: number): [number, number] {
  const [zy, zx, ay, ax, by, bx] = lattice as unknown as [number, number, number, number, number, number];
  const determinant = ay * bx - ax * by;
  return [((y - zy) * bx - (x - zx) * by) / determinant, ((x - zx) * ay - (y - zy) * ax) / determinant];
}

const indicesOf = (lattice: Float64Array, positions: ArrayLike<number>): Float64Array =>
  Float64Array.from({ length: positions.length }, (_, k) => {
    const p = k - (k % 2);
    return rint(coordinates(lattice, positions[p] as number, positions[p + 1] as number)[k % 2] as number);
  });

/** Views of the results of one frame, or of several. */
export interface MatchedLattice {
  readonly zero: Float64Array;
  readonly a: Float64Array;
  readonly b: Float64Array;
  readonly error: Float64Array;
  readonly selector: Uint8Array;
}

/**
 * Fits a lattice to the disks of one frame, by weighted least squares. NaN, and nothing selected, if there are too few
 * disks or all of them on one line.
 */
export function fitLattice(
  refineds: ArrayLike<number>,
  weights: ArrayLike<number>,
  match: CheckedMatch,
  out: MatchedLattice,
): void {
  const { zero, a, b, error, selector } = out;
  const disks = weights.length;
  let lattice: Float64Array | undefined = match.start;
  const indices = new Float64Array(2 * disks);
  for (let round = 0; lattice && round < (match.method === 'fast' ? 2 : 1); round++) {
    selector.fill(0);
    const used = select(refineds, weights, match, lattice, indices, selector);
    lattice = used < match.minMatch ? undefined : minSquares(refineds, weights, indices, selector);
  }
  if (!lattice) {
    selector.fill(0);
    for (const values of [zero, a, b, error]) values.fill(Number.NaN);
    return;
  }
  zero.set(lattice.subarray(0, 2));
  a.set(lattice.subarray(2, 4));
  b.set(lattice.subarray(4, 6));
  let [sum, distance] = [0, 0];
  for (let p = 0; p < disks; p++) {
    if (!selector[p]) continue;
    const [i, j] = [indices[2 * p] as number, indices[2 * p + 1] as number];
    const at = (k: 0 | 1): number =>
      (lattice[k] as number) + i * (lattice[2 + k] as number) + j * (lattice[4 + k] as number);
    const [dy, dx] = [(refineds[2 * p] as number) - at(0), (refineds[2 * p + 1] as number) - at(1)];
    sum += weights[p] as number;
    distance += (weights[p] as number) * Math.sqrt(dy * dy + dx * dx);
  }
  error[0] = distance / sum;
}

/** Selects disks and writes their indices; returns their number. */
function select(
  refineds: ArrayLike<number>,
  weights: ArrayLike<number>,
  { method, tolerance, minWeight, indices: given }: CheckedMatch,
  lattice: Float64Array,
  indices: Float64Array,
  selector: Uint8Array,
): number {
  const length = (k: number): number => Math.hypot(lattice[k] as number, lattice[k + 1] as number);
  const [lengthA, lengthB] = [length(2), length(4)];
  let used = 0;
  for (let p = 0; p < selector.length; p++) {
    const [y, x, weight] = [refineds[2 * p] as number, refineds[2 * p + 1] as number, weights[p] as number];
    if (Number.isNaN(y) || Number.isNaN(weight)) continue;
    if (method === 'affine') indices.set((given as Float64Array).subarray(2 * p, 2 * p + 2), 2 * p);
    else {
      if (weight < minWeight) continue;
      const [i, j] = coordinates(lattice, y, x);
      const [ri, rj] = [rint(i), rint(j)];
      const di = (Math.abs(i - ri) * lengthA) / Math.sqrt(Math.max(1, Math.abs(i)));
      const dj = (Math.abs(j - rj) * lengthB) / Math.sqrt(Math.max(1, Math.abs(j)));
      // Also false for NaN: a lattice may have become singular.
      if (!(Math.sqrt(di * di + dj * dj) < tolerance)) continue;
      indices[2 * p] = ri;
      indices[2 * p + 1] = rj;
    }
    selector[p] = 1;
    used++;
  }
  return used;
}

/** The lattice that minimises Σ weight · |position − lattice point|²; undefined if the points do not determine it. */
function minSquares(
  refineds: ArrayLike<number>,
  weights: ArrayLike<number>,
  indices: Float64Array,
  selector: Uint8Array,
): Float64Array | undefined {
  let [n, si, sj, ii, ij, jj, y0, yi, yj, x0, xi, xj] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let p = 0; p < selector.length; p++) {
    if (!selector[p]) continue;
    const w = weights[p] as number;
    const [i, j] = [indices[2 * p] as number, indices[2 * p + 1] as number];
    const [y, x] = [w * (refineds[2 * p] as number), w * (refineds[2 * p + 1] as number)];
    n += w;
    si += w * i;
    sj += w * j;
    ii += w * i * i;
    ij += w * i * j;
    jj += w * j * j;
    y0 += y;
    yi += y * i;
    yj += y * j;
    x0 += x;
    xi += x * i;
    xj += x * j;
  }
  // About the weighted mean, so that a 2 × 2 system remains.
  const [ci, cj] = [si / n, sj / n];
  const [aa, ab, bb] = [ii - ci * si, ij - ci * sj, jj - cj * sj];
  const determinant = aa * bb - ab * ab;
  if (!(determinant > 1e-10 * aa * bb)) return undefined;
  const solve = (v0: number, vi: number, vj: number): [number, number, number] => {
    const [p, q] = [vi - ci * v0, vj - cj * v0];
    const [a, b] = [(p * bb - q * ab) / determinant, (q * aa - p * ab) / determinant];
    return [v0 / n - a * ci - b * cj, a, b];
  };
  const [zy, ay, by] = solve(y0, yi, yj);
  const [zx, ax, bx] = solve(x0, xi, xj);
  return Float64Array.of(zy, zx, ay, ax, by, bx);
}

/**
 * Lattice points in frames of a size whose disks lie inside with all pixels of their crops, i fastest, for indices −10
 * to 10, as (y, x).
 */
export function latticePeaks(
  { zero, a, b }: Lattice,
  search: number,
  [height, width]: readonly [number, number],
): { readonly peaks: Int32Array; readonly indices: Float64Array } {
  const [peaks, indices]: [number[], number[]] = [[], []];
  for (let j = -10; j <= 10; j++)
    for (let i = -10; i <= 10; i++) {
      const [y, x] = [zero[0] + i * a[0] + j * b[0], zero[1] + i * a[1] + j * b[1]];
      if (!(y >= search && x >= search && y < height - search && x < width - search)) continue;
      peaks.push(wholePixel(y), wholePixel(x));
      indices.push(i, j);
    }
  return { peaks: Int32Array.from(peaks), indices: Float64Array.from(indices) };
}

/** Distance in pixels within which two difference vectors are the same. */
const same = 2;

/**
 * The lattice of some positions, highest first: the shortest differences of positions that many of them have in common,
 * from the position next to the middle of the frame. Throws `Argument` if there is no lattice.
 */
export function guessLattice(
  what: string,
  peaks: ArrayLike<number>,
  [height, width]: readonly [number, number],
): Lattice {
  const points = Array.from(
    { length: peaks.length / 2 },
    (_, p): Vector => [peaks[2 * p] as number, peaks[2 * p + 1] as number],
  );
  const refusal = (why: string): EwaldError =>
    new EwaldError('Argument', `${what}: ${why}; pass zero, a and b as [y, x], or another pattern or number of peaks`);
  if (points.length < 3) throw refusal(`${points.length} disks do not determine a lattice`);
  const near = (p: Vector, q: Vector): boolean => Math.hypot(p[0] - q[0], p[1] - q[1]) <= same;
  const votes: { vector: Vector; count: number }[] = [];
  for (const p of points)
    for (const q of points) {
      const vector: Vector = [q[0] - p[0], q[1] - p[1]];
      // One of the two directions, the one along x.
      if (p === q || vector[1] < 0 || (vector[1] === 0 && vector[0] < 0)) continue;
      const known = votes.find((vote) => near(vote.vector, vector));
      if (known) {
        const { count } = known;
        known.vector = [
          (known.vector[0] * count + vector[0]) / (count + 1),
          (known.vector[1] * count + vector[1]) / (count + 1),
        ];
        known.count++;
      } else votes.push({ vector, count: 1 });
    }
  const most = Math.max(...votes.map(({ count }) => count));
  const common = votes
    .filter(({ count }) => count >= Math.max(2, 0.5 * most))
    .map(({ vector }) => vector)
    .sort((p, q) => Math.hypot(...p) - Math.hypot(...q));
  const [a] = common;
  const b = a && common.find((v) => Math.abs(v[0] * a[1] - v[1] * a[0]) > 0.3 * Math.hypot(...v) * Math.hypot(...a));
  if (!a || !b) throw refusal(`the ${points.length} disks of the sum have no two differences in common`);
  const middle: Vector = [height / 2, width / 2];
  const zero = originAmong(points, a, b, middle);
  // Fitted to all of them, since the pixels of single peaks are coarse.
  const out = {
    zero: new Float64Array(2),
    a: new Float64Array(2),
    b: new Float64Array(2),
    error: new Float64Array(1),
    selector: new Uint8Array(points.length),
  };
  const start = Float64Array.of(...zero, ...a, ...b);
  const ones = new Float64Array(points.length).fill(1);
  fitLattice(
    points.flat(),
    ones,
    { start, method: 'fast', tolerance: 3, minWeight: 0, minMatch: 3, indices: undefined },
    out,
  );
  if (Number.isNaN(out.error[0])) throw refusal('no lattice fits the disks of the sum');
  const pair = (values: Float64Array): Vector => [values[0] as number, values[1] as number];
  const found = { zero: pair(out.zero), a: pair(out.a), b: pair(out.b) };
  // A direct beam that a stop covers has no disk, and is a point of the lattice.
  const [i, j] = onLattice(found, middle);
  return { ...found, zero: pointOf(found, [Math.round(i), Math.round(j)]) };
}

const pointOf = ({ zero, a, b }: Lattice, [i, j]: Vector): Vector => [
  zero[0] + i * a[0] + j * b[0],
  zero[1] + i * a[1] + j * b[1],
];

/** Of a position (y, x), whole on the lattice. */
function onLattice({ zero, a, b }: Lattice, [y, x]: Vector): Vector {
  const determinant = a[0] * b[1] - a[1] * b[0];
  const [v, u] = [y - zero[0], x - zero[1]];
  return [(v * b[1] - u * b[0]) / determinant, (u * a[0] - v * a[1]) / determinant];
}

/**
 * The position from which the vectors lead to most of the others, of these the one next to the middle: the edge of a stop
 * may look like a disk, and lie nearer to the middle than any.
 */
function originAmong(points: readonly Vector[], a: Vector, b: Vector, middle: Vector): Vector {
  const distance = (p: Vector): number => Math.hypot(p[0] - middle[0], p[1] - middle[1]);
  const led = points.map((zero) => {
    const lattice = { zero, a, b };
    return points.filter((p) => {
      const [i, j] = onLattice(lattice, p);
      const [y, x] = pointOf(lattice, [Math.round(i), Math.round(j)]);
      return Math.hypot(p[0] - y, p[1] - x) <= same;
    }).length;
  });
  // Vectors are means of coarse differences: positions far apart are led to by fewer.
  const most = Math.max(...led);
  return points
    .filter((_, k) => (led[k] as number) >= 0.5 * most)
    .reduce((best, p) => (distance(p) < distance(best) ? p : best));
}
