/**
 * Determines whether a found lattice is the only one that explains its spots.
 *
 * If the Ewald sphere is nearly flat (electron diffraction), a still cannot distinguish a lattice from its rotation by
 * 180° about the beam: up to Friedel's inversion, a node (x, y, z) and its rotated mate (x, y, −z) are both within the
 * excitation error of the spot. A lattice that shares the plane of nodes that was hit may be equally good. Rivals are
 * searched for here, in double precision and once for all backends; both lattices are judged by the chance that decides
 * whether a lattice is accepted (evidence.ts), without the factors that both have in common.
 */

import { rivalDecades } from '../compute/layout/indexing.js';
import { searchConstants } from '../compute/layout/search.js';
import { type Cell, dot, norm, sameLattice, type Vector } from '../crystal/cell.js';
import { log10Chance, reoriented, type Spots, solveSymmetric } from './evidence.js';

/**
 * Second moments [xx xy xz yy yz zz] of `count` spots, every `step`th, and a small ridge that keeps the matrix of
 * coplanar spots invertible.
 */
function momentsOf(spots: Spots, count = spots.length / 3, step = 1) {
  let [xx, xy, xz, yy, yz, zz] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const at = 3 * step * i;
    const x = spots[at] as number;
    const y = spots[at + 1] as number;
    const z = spots[at + 2] as number;
    xx += x * x;
    xy += x * y;
    xz += x * z;
    yy += y * y;
    yz += y * z;
    zz += z * z;
  }
  const ridge = 1e-9 * (xx + yy + zz);
  const moments = [xx + ridge, xy, xz, yy + ridge, yz, zz + ridge] as const;
  return { moments, ridge, count: Math.max(1, count) };
}
type Moments = ReturnType<typeof momentsOf>;

/** The direction in which the spots are thinnest, and their thickness there: root mean square, 1/angstrom. */
export function thinAxis(spots: Spots): { axis: Vector; thickness: number } {
  return thinnest(momentsOf(spots));
}

function thinnest({ moments, ridge, count }: Moments): { axis: Vector; thickness: number } {
  // The eigenvector of the smallest eigenvalue, by inverse iteration.
  let axis: Vector = [0.36, 0.48, 0.8];
  for (let round = 0; round < 24; round++) {
    const next = solveSymmetric(moments, axis);
    if (!next) break;
    const length = norm(next);
    axis = [next[0] / length, next[1] / length, next[2] / length];
  }
  const [x, y, z] = axis;
  const [xx, xy, xz, yy, yz, zz] = moments;
  const square = xx * x * x + yy * y * y + zz * z * z + 2 * (xy * x * y + xz * x * z + yz * y * z) - ridge;
  return { axis, thickness: Math.sqrt(Math.max(0, square) / count) };
}

/**
 * A lower bound of the smallest thickness, without determining its direction: of three eigenvalues, the product of the
 * two larger ones is at most the square of half the trace, so the smallest is at least 4 det / trace².
 */
function minThickness({ moments: [xx, xy, xz, yy, yz, zz], ridge, count }: Moments): number {
  const det = xx * (yy * zz - yz * yz) - xy * (xy * zz - yz * xz) + xz * (xy * yz - yy * xz);
  const trace = xx + yy + zz;
  return Math.sqrt(Math.max(0, (4 * det) / (trace * trace) - ridge) / count);
}

/** Number of spots sampled to decide whether the sphere is flat, because every image of a batch is checked. */
const tellingSpots = 64;

/** Whether the Ewald sphere is flat relative to a cell; only then are rivals worth searching for. */
export function isFlat(spots: Float32Array, cell: Cell): boolean {
  const all = spots.length / 3;
  const step = Math.max(1, Math.floor(all / tellingSpots));
  const shortest = Math.min(norm(cell[0]), norm(cell[1]), norm(cell[2]));
  const limit = searchConstants.flatThickness.value;
  const moments = momentsOf(spots, step > 1 ? tellingSpots : all, step);
  // The bound settles most stills; a small margin keeps rounding from deciding.
  if (minThickness(moments) * shortest > 1.001 * limit) return false;
  return thinnest(moments).thickness * shortest < limit;
}

const halfTurned = (cell: Cell, axis: Vector): Cell => {
  const [a, b, c] = cell.map((row) => {
    const along = 2 * dot(row, axis);
    return [along * axis[0] - row[0], along * axis[1] - row[1], along * axis[2] - row[2]] as const;
  }) as [Vector, Vector, Vector];
  return [a, b, c];
};

/**
 * Distinct lattices that explain the spots of `cell` equally well within `rivalDecades` powers of ten, best first: its
 * rotation by 180° about the beam, and those of `candidates` (other results of the search). Primitive cells, angstrom.
 */
export function rivalsOf(cell: Cell, candidates: readonly Cell[], spots: Spots): Cell[] {
  const own = Math.min(log10Chance(cell, spots), log10Chance(reoriented(cell, spots), spots));
  const turned = reoriented(halfTurned(cell, thinAxis(spots).axis), spots);
  return [turned, ...candidates]
    .map((other) => ({ other, log10: log10Chance(other, spots) }))
    .filter(({ log10 }) => log10 <= own + rivalDecades)
    .sort((p, q) => p.log10 - q.log10)
    .map(({ other }) => other)
    .filter((other, i, all) => ![cell, ...all.slice(0, i)].some((before) => sameLattice(other, before)));
}
