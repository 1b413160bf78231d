/** A point group in the setting of a cell. */
import { EwaldError } from '../../util/errors.js';
import { anglesOf, type Cell, lengthsOf } from '../cell.js';
import { isTurnable, laueGroup, laueSettings, type PointGroup, pointGroup, rotationsOf } from './point-group.js';
import { type MetricTolerance, strainOf } from './settings.js';

/** Largest deviation of a cell from the symmetry of its point group. */
export const symmetryTolerance: MetricTolerance = { lengths: 0.03, anglesDeg: 3 };

/** A point group with its unique axis. */
interface OrientedGroup {
  readonly group: PointGroup;
  /** The axis that the cell determined; undefined if the name of the group has one, or needs none. */
  readonly axis: 'a' | 'b' | 'c' | undefined;
}

/**
 * The point group of a name in the setting of a cell: a name without an axis takes the unique axis of the cell, for
 * which `preferred` is tried first. Undefined if the cell does not have this symmetry. Throws `Argument` for a name
 * that is not a point group.
 */
export function orientedGroup(
  name: string,
  cell: Cell,
  preferred?: string,
  tolerance = symmetryTolerance,
): OrientedGroup | undefined {
  const fits = (group: PointGroup): boolean =>
    rotationsOf(laueGroup(group)).every((operation) => strainOf(operation, cell, tolerance) <= 1);
  if (isTurnable(name)) {
    const axes = [...(['c', 'b', 'a'] as const)].sort((a, b) => Number(b === preferred) - Number(a === preferred));
    for (const axis of axes) {
      const group = pointGroup(`${name}_ua${axis}`);
      if (fits(group)) return { group: { ...group, name: axis === 'c' ? name : group.name }, axis };
    }
  }
  const group = pointGroup(name);
  return fits(group) ? { group, axis: undefined } : undefined;
}

/** Lengths and angles of a cell in messages. */
export const shownParameters = (parameters: readonly number[]): string =>
  `${parameters
    .slice(0, 3)
    .map((x) => x.toFixed(2))
    .join(' ')} Å ${parameters
    .slice(3)
    .map((x) => x.toFixed(1))
    .join(' ')}°`;

/** Names of the Laue groups that the lattice of a cell has in its axes, the highest first. */
export const laueNamesOf = (cell: Cell): string[] =>
  laueSettings()
    .filter(({ name }) => orientedIn(name, cell))
    .map(({ name }) => name);

/** The error of a cell that does not have the symmetry of a point group, with the groups that it has. */
export function notOfSymmetry(cell: Cell, symmetry: string, orElse = ''): EwaldError {
  return new EwaldError(
    'Argument',
    `the cell ${shownParameters([...lengthsOf(cell), ...anglesOf(cell)])} does not have the symmetry ${symmetry}; choose ` +
      `a point group of its lattice, ${laueNamesOf(cell).join(', ')} or one that they contain${orElse}`,
  );
}

/** Whether a cell has a Laue group in the axes that its name states. */
const orientedIn = (name: string, cell: Cell): boolean =>
  rotationsOf(pointGroup(name)).every((operation) => strainOf(operation, cell, symmetryTolerance) <= 1);
