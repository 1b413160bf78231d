/** Cells whose lattice is a part of another cell's: they have all of its reciprocal nodes, and more. */
import { type Cell, combine, volume } from '../../crystal/cell.js';
import { latticeBend } from '../../crystal/lattice-match.js';

/** Cells of more lattices than this are not recognised, because they never explain nearly as much. */
const maxTimes = 4;

/**
 * Whether `cell` is, within `limit` (of lengths, or radians), the cell of `of` or a multiple of it, in any orientation.
 */
export function isMultiple(cell: Cell, of: Cell, limit: number): boolean {
  const times = Math.round(volume(cell) / volume(of));
  if (times < 1 || times > maxTimes) return false;
  return sublattices(times).some((matrix) => latticeBend(combine(matrix, of), cell) < limit);
}

/** Every lattice that has one point in `times` of another's, once, as a matrix in Hermite's normal form. */
function sublattices(times: number): number[][] {
  const found: number[][] = [];
  for (let a = 1; a <= times; a++)
    for (let d = 1; a * d <= times; d++) {
      const f = times / (a * d);
      if (!Number.isInteger(f)) continue;
      for (let b = 0; b < d; b++)
        for (let c = 0; c < f; c++) for (let e = 0; e < f; e++) found.push([a, b, c, 0, d, e, 0, 0, f]);
    }
  return found;
}
