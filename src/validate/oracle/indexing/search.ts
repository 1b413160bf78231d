/**
 * The oracle of the exhaustive method: the published search and its refinements, written from the paper in float64,
 * plainly and without regard to speed.
 *
 * It detects what a comparison of lattices cannot: if a constant of the sampling or of a score is slightly wrong, the
 * lattice is still found. It uses one known cell, samples the longest vector, and uses every spot. It shares no code
 * with cpp/.
 *
 * Source: TORO (J. Appl. Cryst. 57 (2024), doi 10.1107/S1600576724003182), with the defects of its reference
 * implementation corrected as listed in cpp/indexing/README.md.
 */
import {
  type Cell,
  cellFrom,
  cross,
  dot,
  lengthsOf,
  norm,
  reciprocal,
  scale,
  subtract,
  type Vector,
  volume,
} from '../../../crystal/cell.js';

/** Parameters of a search, named as in `IndexingThresholds`. */
export interface Search {
  readonly samplePoints: number;
  readonly anglePoints: number;
  readonly candidateVectors: number;
  readonly cells: number;
  readonly trimLow: number;
  readonly trimHigh: number;
  readonly delta: number;
  readonly planeDistance: number;
  readonly nodeDistance: number;
  readonly minSpots: number;
  readonly refinement: 'raw' | 'ifss' | 'ifse' | 'ifssr';
  readonly contraction: number;
  readonly maxDistance: number;
  readonly refineMinSpots: number;
  readonly refineIterations: number;
}

/** The table of defaults, at a size that is repeated in float64 in a moment. */
export const published: Search = {
  samplePoints: 1024,
  anglePoints: 64,
  candidateVectors: 12,
  cells: 8,
  trimLow: 0.001,
  trimHigh: 0.3,
  delta: 0.1,
  planeDistance: 0.2,
  nodeDistance: 0.15,
  minSpots: 6,
  refinement: 'ifssr',
  contraction: 0.8,
  maxDistance: 0.00075,
  refineMinSpots: 8,
  refineIterations: 32,
};
/** What differs for the refinements that measure distances in index space. */
export const inIndexSpace = { maxDistance: 0.01, refineMinSpots: 6, refineIterations: 15 } as const;

/** A cell and its score: lower is better. */
export interface Scored {
  readonly cell: Cell;
  readonly score: number;
}

export const add = (a: Vector, b: Vector): Vector => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const normalize = (a: Vector): Vector => scale(1 / norm(a), a);
export const offInteger = (x: number): number => x - Math.round(x);
/** A vector rotated about an axis of length 1. */
export const rotateVector = (v: Vector, axis: Vector, angle: number): Vector =>
  add(
    add(scale(Math.cos(angle), v), scale(Math.sin(angle), cross(axis, v))),
    scale((1 - Math.cos(angle)) * dot(axis, v), axis),
  );

/**
 * The mean distance minus one more than the number of good spots: the count decides, and the mean, the geometric mean
 * of the trimmed distances, only among equal counts.
 */
export function scoreOf(distances: readonly number[], limit: number, { trimLow, trimHigh, delta }: Search): number {
  let [logarithms, good] = [0, 0];
  for (const distance of distances) {
    logarithms += Math.log2(Math.min(Math.max(distance, trimLow), trimHigh) + delta);
    if (distance < limit) good++;
  }
  return 2 ** (logarithms / distances.length) - delta - (good + 1);
}

type Axis = 0 | 1 | 2;

/** x of A x = v for a symmetric matrix A of positive determinant, given by its elements. */
export function solveSymmetric(element: (i: Axis, j: Axis) => number, right: Vector): Vector {
  const rows = ([0, 1, 2] as const).map((i) => ([0, 1, 2] as const).map((j) => element(i, j)));
  // The dual of a symmetric matrix is its inverse.
  const inverse = reciprocal(cellFrom(rows.flat()));
  return [dot(inverse[0], right), dot(inverse[1], right), dot(inverse[2], right)];
}

/** x of A x = v for A = Σ s sᵀ over the chosen spots plus `more`; undefined if the spots span no volume. */
export function solveNormal(
  spots: readonly Vector[],
  right: Vector,
  more: (i: Axis, j: Axis) => number = () => 0,
): Vector | undefined {
  const entry = (i: Axis, j: Axis): number => spots.reduce((sum, s) => sum + s[i] * s[j], more(i, j));
  const matrix = cellFrom(([0, 1, 2] as const).flatMap((i) => ([0, 1, 2] as const).map((j) => entry(i, j))));
  const trace = matrix[0][0] + matrix[1][1] + matrix[2][2];
  if (!(dot(matrix[0], cross(matrix[1], matrix[2])) > 1e-7 * trace ** 3)) return undefined;
  return solveSymmetric((i, j) => matrix[i][j], right);
}

const weightedSum = (spots: readonly Vector[], weights: readonly number[]): Vector =>
  spots.reduce<Vector>((sum, s, i) => add(sum, scale(weights[i] as number, s)), [0, 0, 0]);

/** Direction p of `points` on the half-sphere, with equal areas and golden-angle azimuths. */
export function spiralDirection(p: number, points: number): Vector {
  const z = 1 - (p + 0.5) / points;
  const azimuth = p * Math.PI * (3 - Math.sqrt(5));
  const r = Math.sqrt(1 - z * z);
  return [r * Math.cos(azimuth), r * Math.sin(azimuth), z];
}

/**
 * Least squares on the planes determined by the sampled vector, with fewer and fewer spots. `widen` scales the
 * distances within which spots are used.
 */
export function refineVector(sampled: Vector, spots: readonly Vector[], minSpots: number, widen = 1): Vector {
  const planes = spots.map((s) => Math.round(dot(sampled, s)));
  let z = sampled;
  for (const limit of [0.1, 0.05, 0.025, 0.01]) {
    const near = spots
      .map((_, i) => i)
      .filter((i) => Math.abs((planes[i] as number) - dot(z, spots[i] as Vector)) < widen * limit);
    if (near.length < minSpots) break;
    const chosen = near.map((i) => spots[i] as Vector);
    const solved = solveNormal(
      chosen,
      weightedSum(
        chosen,
        near.map((i) => planes[i] as number),
      ),
    );
    if (!solved) break;
    z = solved;
  }
  return z;
}

/**
 * Every cell with one vector along u: the other vectors are carried over by half a turn about the bisector, then
 * rotated about u.
 */
export function* cellsAbout(known: Cell, row: number, u: Vector, angles: number): Generator<Cell> {
  const [a, b, c] = [known[row] as Vector, known[(row + 1) % 3] as Vector, known[(row + 2) % 3] as Vector];
  const middle = normalize(add(a, scale(norm(a), u)));
  const carried = [b, c].map((v) => subtract(scale(2 * dot(v, middle), middle), v)) as [Vector, Vector];
  for (let q = 0; q < angles; q++) {
    const turned = carried.map((v) => rotateVector(v, u, (2 * Math.PI * q) / angles)) as [Vector, Vector];
    const rows: Vector[] = [];
    [rows[row], rows[(row + 1) % 3], rows[(row + 2) % 3]] = [scale(norm(a), u), ...turned];
    yield rows as unknown as Cell;
  }
}

/** Distances of spots from their nearest nodes, in index units. */
export const indexDistances = (cell: Cell, spots: readonly Vector[]): number[] =>
  spots.map((s) => Math.hypot(...cell.map((row) => offInteger(dot(row, s)))));

/** The best cell of the search after refinement. */
export function searchExhaustively(spots: readonly Vector[], known: Cell, search: Search): Scored {
  const lengths = lengthsOf(known);
  const row = lengths.indexOf(Math.max(...lengths));
  const length = lengths[row] as number;
  const sampled = Array.from({ length: search.samplePoints }, (_, p) => {
    const vector = scale(length, spiralDirection(p, search.samplePoints));
    return {
      vector,
      p,
      score: scoreOf(
        spots.map((s) => Math.abs(offInteger(dot(vector, s)))),
        search.planeDistance,
        search,
      ),
    };
  });
  sampled.sort((x, y) => x.score - y.score || x.p - y.p);
  const found: Scored[] = [];
  for (const { vector } of sampled.slice(0, search.candidateVectors)) {
    const u = normalize(search.minSpots > 0 ? refineVector(vector, spots, search.minSpots) : vector);
    for (const sense of [u, scale(-1, u)]) {
      for (const cell of cellsAbout(known, row, sense, search.anglePoints))
        found.push({ cell, score: scoreOf(indexDistances(cell, spots), search.nodeDistance, search) });
    }
  }
  found.sort((x, y) => x.score - y.score);
  const refined = found.slice(0, search.cells).map((raw) => refineCell(raw, spots, Math.min(...lengths), search));
  return refined.reduce((best, cell) => (cell.score < best.score ? cell : best));
}

/**
 * The published refinements: a fit of all nine numbers of the cell, with a radius that shrinks. ifss keeps the first
 * indices, ifse recomputes them, ifssr measures distances in 1/angstrom. The score becomes the distance of the
 * refineMinSpots-th nearest spot.
 */
export function refineCell(raw: Scored, spots: readonly Vector[], shortest: number, search: Search): Scored {
  const { refinement, contraction, maxDistance, refineMinSpots: least, refineIterations } = search;
  if (refinement === 'raw') return raw;
  const inReciprocalSpace = refinement === 'ifssr';
  let cell = raw.cell;
  let limit = (raw.score - Math.floor(raw.score)) / (inReciprocalSpace ? shortest : 1);
  const indicesOf = (by: Cell): Vector[] =>
    spots.map((s) => by.map((axis) => Math.round(dot(axis, s))) as unknown as Vector);
  const first = indicesOf(cell);
  const measure = (): { indices: Vector[]; distances: number[] } => {
    const indices = refinement === 'ifss' ? first : indicesOf(cell);
    const dual = reciprocal(cell);
    const distances = spots.map((s, i) => {
      const off = cell.map((axis, k) => (indices[i] as Vector)[k as 0 | 1 | 2] - dot(axis, s)) as unknown as Vector;
      return inReciprocalSpace
        ? norm(add(scale(off[0], dual[0]), add(scale(off[1], dual[1]), scale(off[2], dual[2]))))
        : norm(off);
    });
    return { indices, distances };
  };
  // ifssr counts its first check as a round.
  for (let round = inReciprocalSpace ? 1 : 0; round < refineIterations && limit > maxDistance; round++) {
    const { indices, distances } = measure();
    const near = spots.map((_, i) => i).filter((i) => (distances[i] as number) < limit);
    if (near.length < least) break;
    limit *= contraction;
    const chosen = near.map((i) => spots[i] as Vector);
    const rows = ([0, 1, 2] as const).map((k) =>
      solveNormal(
        chosen,
        weightedSum(
          chosen,
          near.map((i) => (indices[i] as Vector)[k]),
        ),
      ),
    );
    // An unrestrained fit may collapse onto a plane; such a cell is rejected.
    if (rows.every((solved) => solved !== undefined) && Math.abs(volume(rows as unknown as Cell)) > 1)
      cell = rows as unknown as Cell;
  }
  const sorted = measure().distances.sort((a, b) => a - b);
  return { cell, score: sorted.length < least ? 1 : (sorted[least - 1] as number) };
}
