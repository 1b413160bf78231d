/** The axes of a list whose file states a space group in its setting: those of the cell have to be the same. */
import { anglesOf, lengthsOf } from '../../crystal/cell.js';
import type { KnownCell } from '../../crystal/cell-file.js';
import { spaceGroupSetting } from '../../crystal/space-groups/groups.js';
import { orientedGroup, shownParameters } from '../../crystal/symmetry/oriented.js';
import { isTurnable, laueGroup, pointGroup, sameGroup } from '../../crystal/symmetry/point-group.js';
import { argumentError } from '../../options/parameters.js';
import type { ReflectionList } from '../lists/hkl.js';
import { laueOfSpaceGroup } from './space-group-laue.js';

/** The unique axis that the space group of a list states, where the name of its point group leaves it open. */
function statedAxis({ symmetry, spaceGroup }: ReflectionList): 'a' | 'b' | 'c' | undefined {
  if (spaceGroup === undefined || !isTurnable(symmetry)) return undefined;
  const laue = laueOfSpaceGroup(spaceGroupSetting(spaceGroup));
  const axis = (/_ua([ab])$/.exec(laue)?.[1] ?? 'c') as 'a' | 'b' | 'c';
  // A list may be in another point group than its space group by now.
  return sameGroup(laueGroup(pointGroup(`${symmetry}_ua${axis}`)), pointGroup(laue)) ? axis : undefined;
}

/**
 * The cell of a list with the unique axis that its space group has. Throws `Mismatch` if the cell has another one: in it the
 * reflections that the point group makes equivalent are not.
 */
export function inStatedAxes(what: string, list: ReflectionList, known: KnownCell): KnownCell {
  const axis = statedAxis(list);
  if (axis === undefined) return known;
  const found = orientedGroup(list.symmetry, known.cell, axis);
  if (!found || found.axis === axis) return { ...known, uniqueAxis: axis };
  const shown = shownParameters([...lengthsOf(known.cell), ...anglesOf(known.cell)]);
  throw argumentError(
    what,
    (name) =>
      `the list states the space group ${list.spaceGroup}, whose unique axis is ${axis}, and ${name('cell')} is ${shown}, ` +
      `whose unique axis is ${found.axis}; give the cell in the axes of the list, or correct the space group of its file`,
    {},
    'Mismatch',
  );
}
