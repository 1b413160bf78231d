/**
 * The orientation of a crystal as the header of an MTZ batch states it: the matrix U of Busing and Levy, with
 * s = U B (h, k, l), in CCP4's laboratory axes.
 *
 * B has a* along x and b* in the plane of x and y. CCP4's x runs along the beam; stills have no axis of rotation, along which
 * its z would be, so that z is CrystFEL's y, upwards, and y its x. Acta Cryst. 22, 457 (1967); MTZ format, CCP4.
 */
import { type Cell, cross, dot, norm, scale, type Vector } from '../../crystal/cell.js';
import type { Operation } from '../../crystal/symmetry/matrices.js';

const unit = (v: Vector): Vector => scale(1 / norm(v), v);

/** From CrystFEL's axes, z along the beam and y up, to those of CCP4. */
const inCambridge = ([x, y, z]: Vector): Vector => [z, x, y];

/** The rows a*, b*, c* of axes for indices that are transformed, (h k l) M: M⁻¹ times the rows. */
function reindexed(axes: Cell, m: Operation): Cell {
  const rows = [0, 3, 6].map((i): Vector => [m[i] ?? 0, m[i + 1] ?? 0, m[i + 2] ?? 0]) as unknown as Cell;
  const columns = [cross(rows[1], rows[2]), cross(rows[2], rows[0]), cross(rows[0], rows[1])] as const;
  const determinant = dot(rows[0], columns[0]);
  const row = (j: 0 | 1 | 2): Vector =>
    [0, 1, 2].map((x) =>
      axes.reduce((sum, axis, i) => sum + ((columns[i]?.[j] ?? 0) / determinant) * (axis[x] ?? 0), 0),
    ) as unknown as Vector;
  return [row(0), row(1), row(2)];
}

/** Small rotations about x and y: g + ω × g. */
const rotated = ([u, v, w]: Vector, x: number, y: number): Vector => [u + y * w, v - x * w, w + x * v - y * u];

/**
 * The nine numbers of U, column after column, of a crystal with the reciprocal axes `axes` (rows, 1/angstrom, in CrystFEL's
 * laboratory axes), in the setting in which its indices are written, and rotated by two small angles in radians.
 */
export function orientationOf(axes: Cell, way: Operation, [x, y]: readonly [number, number]): number[] {
  const [a, b, c] = reindexed(axes, way).map((axis) => rotated(axis, x, y)) as unknown as Cell;
  const first = unit(a);
  const third = unit(cross(a, b));
  // A setting with the other hand is that of the Friedel mates.
  const hand = dot(c, third) < 0 ? -1 : 1;
  return [first, cross(third, first), third].flatMap((axis) => inCambridge(scale(hand, axis)));
}
