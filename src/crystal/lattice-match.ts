/**
 * Matches one lattice to another: finds every basis of the first whose lengths and angles are those of the second's
 * basis. A symmetric lattice has several such bases; they differ by the proper rotations that map the lattice onto
 * itself.
 */

import { EwaldError } from '../util/errors.js';
import { type Cell, dot, expectsCell, norm, reciprocal, scale, type Vector, volume } from './cell.js';
import { type Centring, primitiveOf } from './centring.js';
import { reducedCell } from './niggli.js';
import { product, rotationOf, transposed } from './strain.js';

/** A basis of a lattice that resembles a given basis. */
interface Match {
  readonly basis: Cell;
  /** Largest relative difference of a length, or of an angle in radians. */
  readonly bend: number;
}

const reduced = (cell: Cell): Cell => reducedCell(cell).cell;

/** Right-handed bases of the lattice of `cell` whose lengths and angles are within `limit` of those of `like`. */
export function matches(cell: Cell, like: Cell, limit: number): Match[] {
  const basis = reduced(cell);
  const vectors: { vector: Vector; unit: Vector; length: number }[] = [];
  for (let h = -3; h <= 3; h++)
    for (let k = -3; k <= 3; k++)
      for (let l = -3; l <= 3; l++) {
        if (h === 0 && k === 0 && l === 0) continue;
        const at = (i: 0 | 1 | 2): number => h * basis[0][i] + k * basis[1][i] + l * basis[2][i];
        const vector: Vector = [at(0), at(1), at(2)];
        const length = norm(vector);
        vectors.push({ vector, unit: scale(1 / length, vector), length });
      }
  const angle = (u: Vector, v: Vector): number => Math.acos(Math.min(1, Math.max(-1, dot(u, v))));
  const edgeLike = (edge: Vector): Edge => {
    const length = norm(edge);
    const bendOf = (one: { length: number }): number => Math.abs(one.length / length - 1);
    const alike = vectors
      .filter((vector) => bendOf(vector) <= limit)
      .map((vector) => ({ ...vector, bend: bendOf(vector) }));
    return { unit: scale(1 / length, edge), alike };
  };
  const [first, second, third] = [edgeLike(like[0]), edgeLike(like[1]), edgeLike(like[2])];
  const wanted = [
    angle(second.unit, third.unit),
    angle(first.unit, third.unit),
    angle(first.unit, second.unit),
  ] as const;
  const found: Match[] = [];
  const size = volume(basis);
  for (const a of first.alike) {
    for (const b of second.alike) {
      const gamma = Math.abs(angle(a.unit, b.unit) - wanted[2]);
      if (gamma > limit) continue;
      for (const c of third.alike) {
        const alpha = Math.abs(angle(b.unit, c.unit) - wanted[0]);
        if (alpha > limit) continue;
        const bend = Math.max(alpha, gamma, Math.abs(angle(a.unit, c.unit) - wanted[1]), a.bend, b.bend, c.bend);
        if (bend > limit) continue;
        const match: Cell = [a.vector, b.vector, c.vector];
        // Excludes sublattices and the mirror image, which differs by the inversion and not by a rotation.
        if (Math.abs(volume(match) / size - 1) < 0.5) found.push({ basis: match, bend });
      }
    }
  }
  return found;
}

/** An edge of the given basis, and the vectors of the lattice that are as long. */
interface Edge {
  readonly unit: Vector;
  readonly alike: readonly { readonly vector: Vector; readonly unit: Vector; readonly bend: number }[];
}

/**
 * The distortion that gives the lattice of `cell` the lengths and angles of the lattice of `reference`: the largest
 * relative change of a length, or change of an angle in radians, of the reduced basis; Infinity beyond `limit` (default
 * 0.1).
 */
export const latticeBend = (cell: Cell, reference: Cell, limit = 0.1): number =>
  Math.min(Number.POSITIVE_INFINITY, ...matches(cell, reduced(reference), limit).map(({ bend }) => bend));

/** Options of comparing lattices. */
export interface MisorientationOptions {
  /** Centring of both cells, default P. An H lattice has less symmetry than the vectors of its cell suggest. */
  readonly centring?: Centring | undefined;
  /**
   * Largest distortion at which a rotation still counts as a symmetry of the lattice, 0 … 0.1, default 0.01: relative
   * for lengths, radians for angles. With the default, axes of 79.1 and 79.4 Å count as equal.
   */
  readonly tolerance?: number | undefined;
}

/**
 * Angle in degrees, 0 … 180, of the smallest rotation that takes the lattice of `reference` to that of `cell`. Proper
 * rotations that map the lattice onto itself do not count, so the choice of bases does not matter.
 *
 * Each basis of `cell` that best matches the reduced basis of `reference` gives a rotation, the polar factor of the map
 * between them (W. Kabsch, Acta Cryst. A32 (1976) 922). Throws `Argument` if the lattices differ by more than a quarter
 * of their lengths or 0.25 radians.
 */
export function misorientation(cell: Cell, reference: Cell, options: MisorientationOptions = {}): number {
  expectsCell('misorientation: the cell', cell);
  expectsCell('misorientation: the other cell', reference);
  const { centring = 'P', tolerance = 0.01 } = options;
  const from = reduced(primitiveOf(reference, centring));
  const found = matches(primitiveOf(cell, centring), from, 0.25);
  const least = Math.min(...found.map(({ bend }) => bend));
  const angles = found.filter(({ bend }) => bend <= least + tolerance).map(({ basis }) => turnBetween(basis, from));
  if (angles.length === 0)
    throw new EwaldError(
      'Argument',
      'misorientation: the two cells span different lattices; compare them with sameLattice or cellSimilarity first',
    );
  return Math.min(...angles);
}

/** Angle in degrees of the rotation nearest to the map that takes one basis to the other. */
function turnBetween(basis: Cell, from: Cell): number {
  // Half the skew part is the sine along the axis: accurate for small angles, unlike the trace alone.
  const [[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]] = rotationOf(product(transposed(basis), reciprocal(from)));
  const sine = Math.hypot(zy - yz, xz - zx, yx - xy) / 2;
  return (Math.atan2(sine, (xx + yy + zz - 1) / 2) * 180) / Math.PI;
}
