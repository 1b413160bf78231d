/**
 * The oracle of the cell search and of the rotation that refines its cells, in float64: with one vector fixed, a cell
 * has one angle left, and every angle of the grid is tried. Written from cpp/indexing/README.md; it shares no code with
 * cpp/.
 */
import {
  type Cell,
  cross,
  dot,
  norm,
  reciprocal,
  scale,
  subtract,
  type Vector,
  volume,
} from '../../../crystal/cell.js';
import { distanceToNode, nearestNode } from './lattices.js';
import { add, indexDistances, normalize, rotateVector, solveSymmetric } from './search.js';

/** Number of lowest-resolution spots that the fast cell search uses. */
export const turnedSpots = 96;

/**
 * Number of angles in a full turn: 20160 / k, a multiple of 12, so that a step moves the outermost spot by at most 0.35
 * periods of the longer of the other two vectors.
 */
export function anglesFor(otherLength: number, spots: readonly Vector[]): number {
  const edge = norm(spots[Math.min(turnedSpots, spots.length) - 1] as Vector);
  const wish = Math.max(96, Math.floor((2 * Math.PI * otherLength * edge) / 0.35));
  let stride = Math.floor(20160 / wish);
  while (20160 % stride !== 0 || (20160 / stride) % 12 !== 0) stride--;
  return 20160 / stride;
}

/** Order of the lattice's rotation axis along a row, and whether a rotation of the lattice reverses that row. */
export function symmetryAlong(cell: Cell, row: number): { fold: number; flip: boolean } {
  const steps = [-2, -1, 0, 1, 2];
  const nodes = steps.flatMap((h) =>
    steps.flatMap((k) => steps.map((l) => add(scale(h, cell[0]), add(scale(k, cell[1]), scale(l, cell[2]))))),
  );
  const [a, b, c] = [cell[row] as Vector, cell[(row + 1) % 3] as Vector, cell[(row + 2) % 3] as Vector];
  const close = (x: number, y: number): boolean => Math.abs(x - y) < 0.01 * dot(a, a);
  let [fold, flip] = [0, false];
  for (const sign of [1, -1]) {
    const image = scale(sign, a);
    const ofB = nodes.filter((v) => close(dot(v, v), dot(b, b)) && close(dot(v, image), dot(b, a)));
    const ofC = nodes.filter((v) => close(dot(v, v), dot(c, c)) && close(dot(v, image), dot(c, a)));
    const rotations = ofB.flatMap((v) =>
      ofC.filter((w) => close(dot(v, w), dot(b, c)) && dot(image, cross(v, w)) * dot(a, cross(b, c)) > 0),
    ).length;
    if (sign === 1) fold = rotations;
    else flip = rotations > 0;
  }
  return { fold, flip };
}

/**
 * A frame about u: the angle of a cell is measured from x, the laboratory axis that is farthest from u, made
 * perpendicular to u.
 */
function frameAbout(u: Vector): { x: Vector; y: Vector } {
  const sizes = u.map(Math.abs);
  const axis = [0, 0, 0];
  axis[sizes.indexOf(Math.min(...sizes))] = 1;
  const x = normalize(subtract(axis as unknown as Vector, scale(dot(axis as unknown as Vector, u), u)));
  return { x, y: cross(u, x) };
}

/** The known cell rotated so that one row lies along u, at each of `angles` steps of a full turn. */
export function* turnsAbout(known: Cell, row: number, u: Vector, angles: number): Generator<Cell> {
  const from = normalize(known[row] as Vector);
  const [a, b] = [known[(row + 1) % 3] as Vector, known[(row + 2) % 3] as Vector];
  const ex = normalize(subtract(a, scale(dot(a, from), from)));
  const ey = cross(from, ex);
  const { x, y } = frameAbout(u);
  for (let q = 0; q < angles; q++) {
    const [cosine, sine] = [Math.cos((2 * Math.PI * q) / angles), Math.sin((2 * Math.PI * q) / angles)];
    const tx = add(scale(cosine, x), scale(sine, y));
    const ty = subtract(scale(cosine, y), scale(sine, x));
    const carried = [known[row] as Vector, a, b].map((v) =>
      add(scale(dot(v, from), u), add(scale(dot(v, ex), tx), scale(dot(v, ey), ty))),
    );
    const rows: Vector[] = [];
    [rows[row], rows[(row + 1) % 3], rows[(row + 2) % 3]] = carried as [Vector, Vector, Vector];
    yield rows as unknown as Cell;
  }
}

/** Σ max(0, 0.06 − D²), D the distance from the nearest node in index units. */
export const closeness = (cell: Cell, spots: readonly Vector[]): number =>
  indexDistances(cell, spots).reduce((sum, d) => sum + Math.max(0, 0.06 - d * d), 0);

/**
 * Number of spots that are certainly within `limit` of a node, in index units, and of spots within `error` of that
 * limit.
 */
export function countAtNodes(
  cell: Cell,
  spots: readonly Vector[],
  limit: number,
  error: number,
): { sure: number; undecided: number } {
  let [sure, undecided] = [0, 0];
  for (const d of indexDistances(cell, spots)) {
    if (Math.abs(d - limit) < error) undecided++;
    else if (d < limit) sure++;
  }
  return { sure, undecided };
}

/**
 * Largest difference between the metric of a cell and that of the known one, relative to the square of its longest
 * vector; Infinity if the handedness is opposite.
 */
export function metricDifference(cell: Cell, known: Cell): number {
  if (volume(cell) * volume(known) <= 0) return Number.POSITIVE_INFINITY;
  const longest = Math.max(...known.map((row) => dot(row, row)));
  return Math.max(
    ...cell.flatMap((row, i) =>
      cell.map((other, j) => Math.abs(dot(row, other) - dot(known[i] as Vector, known[j] as Vector)) / longest),
    ),
  );
}

/** The distance between two cells in periods at the outermost spot, by the row that differs most. */
export const cellDistance = (a: Cell, b: Cell, spots: readonly Vector[]): number =>
  Math.max(...a.map((row, i) => norm(subtract(row, b[i] as Vector)))) * norm(spots.at(-1) as Vector);

/** Σ max(0, 1 − e² / r²), e the distance from the nearest node in 1/angstrom. */
export function meritOf(cell: Cell, spots: readonly Vector[], radius: number): number {
  const dual = reciprocal(cell);
  return spots.reduce((sum, s) => sum + Math.max(0, 1 - (distanceToNode(cell, dual, s) / radius) ** 2), 0);
}

/**
 * Rotates a cell onto the spots: five rounds of the least-squares rotation, using the spots within a shrinking distance
 * of their nodes. `widen` scales the distances, so that calls with different values show the effect of a spot at the
 * limit.
 */
export function turnToSpots(start: Cell, spots: readonly Vector[], radius: number, widen: number): Cell {
  const low = spots.slice(0, turnedSpots);
  let cell = start;
  const rounds: readonly [readonly Vector[], number, number][] = [
    [low, 0.3, Number.POSITIVE_INFINITY],
    [low, 0.25, Number.POSITIVE_INFINITY],
    [spots, 0.25, 3.2 * radius],
    [spots, 0.25, 1.6 * radius],
    [spots, 0.25, 1.2 * radius],
  ];
  for (const [list, indexLimit, limit] of rounds) {
    const dual = reciprocal(cell);
    const pairs = list
      .map((s) => ({ s, q: nearestNode(cell, dual, s) }))
      .filter(
        ({ s, q }) =>
          norm(subtract(s, q)) < widen * limit && (indexDistances(cell, [s])[0] as number) < widen * indexLimit,
      );
    if (pairs.length < 3) continue;
    // (Σ |q|² 1 − q qᵀ) w = Σ q × e; a small multiple of the trace keeps a rotation about a row of spots small.
    const squares = pairs.reduce((sum, { q }) => sum + dot(q, q), 0);
    const w = solveSymmetric(
      (i, j) =>
        pairs.reduce((sum, { q }) => sum + (i === j ? dot(q, q) : 0) - q[i] * q[j], 0) + (i === j ? 2e-4 * squares : 0),
      pairs.reduce<Vector>((sum, { s, q }) => add(sum, cross(q, subtract(s, q))), [0, 0, 0]),
    );
    const angle = norm(w);
    if (!(angle > 1e-12 && angle < 0.3)) continue;
    const axis = scale(1 / angle, w);
    cell = cell.map((v) => rotateVector(v, axis, angle)) as unknown as Cell;
  }
  return cell;
}
