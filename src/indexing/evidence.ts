/**
 * The evidence of spots for one lattice: their distances from its nodes, the small rotation that fits them best, and
 * the binomial tail of their number.
 */

import { searchConstants } from '../compute/layout/search.js';
import { type Cell, dot, reciprocal, type Vector, volume } from '../crystal/cell.js';

/** Spots of an image, [n, 3] numbers of 1/angstrom. */
export type Spots = ArrayLike<number>;

const levels = searchConstants.levels.value;
const widestOccupancy = searchConstants.widestOccupancy.value;

/** The radius at which the spheres around the nodes fill `widestOccupancy` of reciprocal space, 1/angstrom. */
const widestRadius = (cell: Cell): number => Math.cbrt((widestOccupancy * 3) / (4 * Math.PI * Math.abs(volume(cell))));

interface Near {
  /** Indices of the node packed into one number; 0 for the node 000. */
  readonly place: number;
  readonly node: Vector;
  /** The spot minus its node. */
  readonly off: Vector;
}

/** The node nearest to each spot that has one within `radius`. */
function* nearNodes(cell: Cell, spots: Spots, radius: number): Generator<Near> {
  const [a, b, c] = cell;
  const [u, v, w] = reciprocal(cell);
  for (let i = 0; i < spots.length; i += 3) {
    const s: Vector = [spots[i] as number, spots[i + 1] as number, spots[i + 2] as number];
    const [h, k, l] = [Math.round(dot(a, s)), Math.round(dot(b, s)), Math.round(dot(c, s))];
    const node: Vector = [
      h * u[0] + k * v[0] + l * w[0],
      h * u[1] + k * v[1] + l * w[1],
      h * u[2] + k * v[2] + l * w[2],
    ];
    const off: Vector = [s[0] - node[0], s[1] - node[1], s[2] - node[2]];
    if (dot(off, off) < radius * radius) yield { place: (h * 65536 + k) * 65536 + l, node, off };
  }
}

/**
 * Rounds of the orientation fit, the factor on the radius from one round to the next, and the smallest radius relative
 * to the widest.
 */
const fit = { rounds: 8, shrink: 0.85, narrowest: 0.4 } as const;

/** The orientation near that of `cell` that explains the spots best, by iterated least squares for a small rotation. */
export function reoriented(cell: Cell, spots: Spots): Cell {
  const widest = widestRadius(cell);
  let best = cell;
  let radius = widest;
  for (let round = 0; round < fit.rounds; round++) {
    // Σ (|n|² − n nᵀ) ω = Σ n × (s − n), with ω the rotation in radians.
    const m: [number, number, number, number, number, number] = [0, 0, 0, 0, 0, 0];
    const r: [number, number, number] = [0, 0, 0];
    for (const { node: n, off } of nearNodes(best, spots, radius)) {
      const square = dot(n, n);
      m[0] += square - n[0] * n[0];
      m[1] -= n[0] * n[1];
      m[2] -= n[0] * n[2];
      m[3] += square - n[1] * n[1];
      m[4] -= n[1] * n[2];
      m[5] += square - n[2] * n[2];
      r[0] += n[1] * off[2] - n[2] * off[1];
      r[1] += n[2] * off[0] - n[0] * off[2];
      r[2] += n[0] * off[1] - n[1] * off[0];
    }
    const turn = solveSymmetric(m, r);
    if (!turn) return best;
    best = turnedBy(best, turn);
    radius = Math.max(radius * fit.shrink, widest * fit.narrowest);
  }
  return best;
}

/** Solves a symmetric system [xx xy xz yy yz zz] of three equations; undefined if it is singular. */
export function solveSymmetric(
  [a, b, c, d, e, f]: readonly [number, number, number, number, number, number],
  [x, y, z]: Vector,
): Vector | undefined {
  const [p, q, r] = [d * f - e * e, c * e - b * f, b * e - c * d];
  const [s, t, u] = [a * f - c * c, b * c - a * e, a * d - b * b];
  const det = a * p + b * q + c * r;
  if (!(Math.abs(det) > 1e-30 * (a + d + f) ** 3)) return undefined;
  return [(p * x + q * y + r * z) / det, (q * x + s * y + t * z) / det, (r * x + t * y + u * z) / det];
}

/** A cell rotated by a rotation vector in radians. */
function turnedBy(cell: Cell, w: Vector): Cell {
  const angle = Math.hypot(...w);
  if (angle === 0) return cell;
  const [x, y, z] = [w[0] / angle, w[1] / angle, w[2] / angle];
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const turned = (v: Vector): Vector => {
    const along = (x * v[0] + y * v[1] + z * v[2]) * (1 - c);
    return [
      c * v[0] + s * (y * v[2] - z * v[1]) + along * x,
      c * v[1] + s * (z * v[0] - x * v[2]) + along * y,
      c * v[2] + s * (x * v[1] - y * v[0]) + along * z,
    ];
  };
  return [turned(cell[0]), turned(cell[1]), turned(cell[2])];
}

/**
 * log₁₀ of the chance that one trial explains as many spots, including trials of all orientations: the verdict's tail
 * at its best radius, as in cpp/indexing/significance.h, without the factors that lattices of one cell share.
 */
export function log10Chance(cell: Cell, spots: Spots): number {
  const n = spots.length / 3;
  const radius = widestRadius(cell);
  // Only the closest of the spots at a node counts, and none at the node 000.
  const closest = new Map<number, number>();
  for (const { place, off } of nearNodes(cell, spots, radius)) {
    if (place === 0) continue;
    const square = dot(off, off);
    if (square < (closest.get(place) ?? Number.POSITIVE_INFINITY)) closest.set(place, square);
  }
  const occupied = new Uint32Array(levels);
  for (const square of closest.values())
    for (let j = 0; j < levels && square < radius * radius * 2 ** ((-2 * j) / 3); j++)
      occupied[j] = (occupied[j] ?? 0) + 1;
  let best = 0;
  for (const [j, count] of occupied.entries()) {
    const p = widestOccupancy * 2 ** -j;
    best = Math.min(best, log10Tail(n, count, p) - Math.log10(p));
  }
  return best;
}

const log10Factorials: number[] = [0];
function log10Factorial(n: number): number {
  for (let i = log10Factorials.length; i <= n; i++) log10Factorials.push((log10Factorials[i - 1] ?? 0) + Math.log10(i));
  return log10Factorials[n] ?? 0;
}

/** log₁₀ of the probability of k or more hits in n trials of probability p. */
function log10Tail(n: number, k: number, p: number): number {
  if (k <= n * p) return 0;
  const first = log10Factorial(n) - log10Factorial(k) - log10Factorial(n - k);
  let term = 1;
  let series = 1;
  for (let i = k; i < n && term > 1e-9 * series; i++) {
    term *= ((p / (1 - p)) * (n - i)) / (i + 1);
    series += term;
  }
  return Math.min(0, first + k * Math.log10(p) + (n - k) * Math.log10(1 - p) + Math.log10(series));
}
