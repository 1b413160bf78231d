/** The lattice of a known cell, as a stream and a CrystFEL cell file name it. */
import { anglesOf, lengthsOf } from './cell.js';
import type { KnownCell } from './cell-file.js';

/** Lattice type and unique axis as a stream names them. */
export interface LatticeName {
  readonly lattice: string;
  readonly centring: string;
  readonly uniqueAxis: string | undefined;
}

/** The name of a known cell's lattice, derived from its parameters and centring. */
export function latticeName({ cell, centring }: KnownCell): LatticeName {
  const [a, b, c] = lengthsOf(cell);
  const angles = anglesOf(cell);
  const same = (x: number, y: number): boolean => Math.abs(x - y) < 1e-6 * x;
  const right = angles.map((angle) => Math.abs(angle - 90) < 1e-6);
  const named = (lattice: string, uniqueAxis: string | undefined): LatticeName => ({ lattice, centring, uniqueAxis });
  if (right.every(Boolean)) {
    if (same(a, b) && same(b, c)) return named('cubic', undefined);
    // A cell with a square face is tetragonal if the centring is not that of a face.
    if (centring === 'P' || centring === 'I') {
      if (same(a, b)) return named('tetragonal', 'c');
      if (same(b, c)) return named('tetragonal', 'a');
      if (same(a, c)) return named('tetragonal', 'b');
    }
    return named('orthorhombic', undefined);
  }
  if (right[0] && right[1] && same(a, b) && Math.abs(angles[2] - 120) < 1e-6) return named('hexagonal', 'c');
  if (same(a, b) && same(b, c) && same(angles[0], angles[1]) && same(angles[1], angles[2]))
    return named('rhombohedral', undefined);
  const oblique = right.indexOf(false);
  return right.filter(Boolean).length === 2 ? named('monoclinic', 'abc'[oblique]) : named('triclinic', undefined);
}
