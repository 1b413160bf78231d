/** A cell for what needs none: the axes of a list whose cell nothing states. */

import { cellFromParameters } from '../../crystal/cell.js';
import type { KnownCell } from '../../crystal/cell-file.js';
import { orientedGroup } from '../../crystal/symmetry/oriented.js';

/** Metrics with the most symmetry: a cube, and hexagonal prisms along each axis. */
const metrics = [
  [90, 90, 90],
  [90, 90, 120],
  [120, 90, 90],
  [90, 120, 90],
] as const;

/** A cell that has the symmetry of all of some point groups, which is that of none; undefined if no lattice has it. */
export function standInCell(groups: readonly string[]): KnownCell | undefined {
  const cells = metrics.map(
    ([al, be, ga]): KnownCell => ({ cell: cellFromParameters(9, 9, 9, al, be, ga), centring: 'P' }),
  );
  return cells.find(({ cell }) => groups.every((group) => orientedGroup(group, cell) !== undefined));
}
