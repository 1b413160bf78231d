/** The Laue group of a space group, under CrystFEL's name, and a space group as files of lists state it. */

import { type SpaceGroupSetting, spaceGroupSetting } from '../../crystal/space-groups/groups.js';
import type { SymmetryOperator } from '../../crystal/space-groups/hall.js';
import { writtenGroup } from '../../crystal/space-groups/stated.js';
import { inversion, type Operation, operationKey } from '../../crystal/symmetry/matrices.js';
import {
  isTurnable,
  laueSettings,
  type PointGroup,
  pointGroup,
  pointGroupNames,
} from '../../crystal/symmetry/point-group.js';
import { type SpaceGroup, spaceGroup, spaceGroupNames } from '../../crystal/symmetry/space-group.js';
import { EwaldError } from '../../util/errors.js';

/** Its name, such as `2/m_uab` of P 1 21 1. Throws `Unsupported` for axes that no point group of CrystFEL has. */
export function laueOfSpaceGroup(setting: {
  readonly name: string;
  readonly operators: readonly SymmetryOperator[];
}): string {
  const rotations = setting.operators.map((m): Operation => m.slice(0, 9).map((x) => x + 0));
  const keys = new Set(rotations.flatMap((m) => [m, m.map((x) => (inversion[0] as number) * x + 0)]).map(operationKey));
  const found = laueSettings().find(
    ({ operations }) => operations.length === keys.size && operations.every((m) => keys.has(operationKey(m))),
  );
  if (found) return found.name;
  throw new EwaldError(
    'Unsupported',
    `no point group has the axes of ${setting.name}; reindex to its standard setting`,
  );
}

/** The point group of operators, under CrystFEL's name: that in which Friedel mates are apart, if there are any. */
export function pointGroupOfSpaceGroup(operators: readonly SymmetryOperator[]): PointGroup | undefined {
  const keys = new Set(operators.map((m) => operationKey(m.slice(0, 9).map((x) => x + 0))));
  for (const name of pointGroupNames)
    for (const axis of isTurnable(name) ? ['', '_uab', '_uaa'] : ['']) {
      const found = pointGroup(name + axis);
      if (found.operations.length === keys.size && found.operations.every((m) => keys.has(operationKey(m))))
        return found;
    }
  return undefined;
}

/** The point group in CCP4's words: without the axes that CrystFEL's name has. */
function plainPointGroup({ operators, centring }: SpaceGroupSetting): string {
  const plain = (pointGroupOfSpaceGroup(operators)?.name ?? '1').replace(/_ua[ab]$/, '').replace(/_[HR]$/, '');
  // With a rhombohedral lattice there is one setting alone.
  return centring === 'H'
    ? plain.replace(/^(-?)3(21|m1)$/, (_, sign, rest) => `${sign}3${rest === '21' ? '2' : 'm'}`)
    : plain;
}

/** A setting of the tables as files state it, under CCP4's name where it has one. */
export function statedGroup(setting: SpaceGroupSetting): SpaceGroup {
  const made = writtenGroup(setting, plainPointGroup(setting));
  return spaceGroupNames.includes(made.name) ? spaceGroup(made.name) : made;
}

/** What to know of a name that leaves the origin open; undefined for others. The tables have two of some groups. */
export function originRemark(name: string): string | undefined {
  const setting = spaceGroupSetting(name);
  if (name.includes(':') || !setting.name.endsWith(':2')) return undefined;
  const plain = setting.name.replace(/:2$/, '');
  return `${plain} has two origins: ${setting.name} is stated, with the inversion there; give ${plain}:1 for the other one.`;
}

/** The space group of a name, of any setting of the tables. Throws `Argument`. */
export const statedGroupOf = (name: string): SpaceGroup => statedGroup(spaceGroupSetting(name));
