/**
 * The oracle of indexing: lattices that are known because they were generated, and the accuracy that their spots allow,
 * all in float64.
 *
 * It does not search. It generates perfect lattices, states how accurately an orientation can be determined from spots
 * with given errors, and decides which spots are at a node of a cell.
 */
import {
  type Cell,
  cellFrom,
  combine,
  cross,
  dot,
  lengthsOf,
  norm,
  reciprocal,
  relation,
  scale,
  subtract,
  type Vector,
  volume,
} from '../../../crystal/cell.js';
import { misorientation } from '../../../crystal/lattice-match.js';

/** One image with its truth. */
export interface TrueImage {
  /** [n, 3] 1/angstrom. */
  readonly spots: Float64Array;
  readonly lattices: readonly Cell[];
  /** [n] 0 for a spot that belongs to no lattice, k for a spot of the k-th lattice. */
  readonly owner: Uint8Array;
}

/** The nodes of a lattice up to a resolution, without 000: a perfect list. */
export function perfectImage(cell: Cell, resolutionA: number): TrueImage {
  const dual = reciprocal(cell);
  const [ha, hb, hc] = lengthsOf(cell).map((length) => Math.floor(length / resolutionA)) as [number, number, number];
  const spots: number[] = [];
  for (let h = -ha; h <= ha; h++) {
    for (let k = -hb; k <= hb; k++) {
      for (let l = -hc; l <= hc; l++) {
        const q = nodeOf(dual, [h, k, l]);
        if ((h !== 0 || k !== 0 || l !== 0) && norm(q) <= 1 / resolutionA) spots.push(...q);
      }
    }
  }
  return { spots: Float64Array.from(spots), lattices: [cell], owner: new Uint8Array(spots.length / 3).fill(1) };
}

/** Node h k l of the lattice whose reciprocal axes are the rows of `dual`. */
export const nodeOf = (dual: Cell, [h, k, l]: Vector): Vector => [
  h * dual[0][0] + k * dual[1][0] + l * dual[2][0],
  h * dual[0][1] + k * dual[1][1] + l * dual[2][1],
  h * dual[0][2] + k * dual[1][2] + l * dual[2][2],
];

/** Spot i of a list as a vector. */
export const spotAt = (spots: ArrayLike<number>, i: number): Vector => [
  spots[3 * i] as number,
  spots[3 * i + 1] as number,
  spots[3 * i + 2] as number,
];

/** The node of a cell nearest to a spot in index space. */
export function nearestNode(cell: Cell, dual: Cell, spot: Vector): Vector {
  return nodeOf(dual, cell.map((row) => Math.round(dot(row, spot))) as unknown as Vector);
}

/**
 * Standard deviation in degrees of the orientation obtained by a least-squares rotation from spots with their true
 * errors.
 *
 * A rotation by w moves q to q + w × q; Σ |e − w × q|² has the normal matrix N = Σ (|q|² 1 − q qᵀ), and w the
 * covariance ē² N⁻¹ with ē² the mean square error of a spot; its trace is the mean square of |w|.
 */
export function orientationSigma({ spots, owner }: TrueImage, lattice: Cell, number: number): number {
  const dual = reciprocal(lattice);
  let [xx, xy, xz, yy, yz, zz, square, count] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < owner.length; i++) {
    if (owner[i] !== number) continue;
    const s = spotAt(spots, i);
    const q = nearestNode(lattice, dual, s);
    const error = norm(subtract(s, q));
    square += error * error;
    count++;
    xx += q[1] * q[1] + q[2] * q[2];
    yy += q[0] * q[0] + q[2] * q[2];
    zz += q[0] * q[0] + q[1] * q[1];
    xy -= q[0] * q[1];
    xz -= q[0] * q[2];
    yz -= q[1] * q[2];
  }
  const normal = cellFrom([xx, xy, xz, xy, yy, yz, xz, yz, zz]);
  const [r0, r1, r2] = reciprocal(normal);
  const trace = r0[0] + r1[1] + r2[2];
  return (Math.sqrt((square / count) * trace) * 180) / Math.PI;
}

/** Radius within which a spot belongs to a node: the spheres around all nodes fill 1/64 of reciprocal space. */
export const membershipRadius = (cell: Cell): number => Math.cbrt(3 / (4 * Math.PI * 64 * Math.abs(volume(cell))));

/** Distance of a spot from the nearest node of a cell, 1/angstrom. */
export function distanceToNode(cell: Cell, dual: Cell, spot: Vector): number {
  return norm(subtract(spot, nearestNode(cell, dual, spot)));
}

/** The difference between a cell and a true one that spans the same lattice. */
interface LatticeDifference {
  readonly misorientationDeg: number;
  /** Largest relative difference of a, b, c after the change of basis. */
  readonly lengths: number;
}

/** The difference of two cells, or undefined when they do not span the same lattice. */
export function latticeDifference(cell: Cell, truth: Cell): LatticeDifference | undefined {
  const { matrix, deviation, determinant } = relation(cell, truth);
  if (!(deviation <= 0.15) || Math.abs(determinant) !== 1) return undefined;
  const aligned = lengthsOf(combine(matrix, truth));
  const lengths = Math.max(...lengthsOf(cell).map((length, i) => Math.abs(length / (aligned[i] as number) - 1)));
  return { misorientationDeg: misorientation(cell, truth), lengths };
}

/** The mirror image of a cell in its a, b plane: the same lengths and angles, the opposite handedness. */
export function otherHand([a, b, c]: Cell): Cell {
  const normal = cross(a, b);
  return [a, b, subtract(c, scale((2 * dot(c, normal)) / dot(normal, normal), normal))];
}
