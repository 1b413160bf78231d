/** A point group in the setting of a cell. */
import type { Cell } from '../cell.js';
import { isTurnable, laueGroup, type PointGroup, pointGroup, rotationsOf } from './point-group.js';
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
export function orientedGroup(name: string, cell: Cell, preferred?: string): OrientedGroup | undefined {
  const fits = (group: PointGroup): boolean =>
    rotationsOf(laueGroup(group)).every((operation) => strainOf(operation, cell, symmetryTolerance) <= 1);
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
