/** Which symmetry of the crystal the tests and the amplitudes of a list took, where it matters. */
import { crystalSymmetry } from '../../crystal/space-groups/crystal.js';
import type { SpaceGroupSetting } from '../../crystal/space-groups/groups.js';
import { pointGroup } from '../../crystal/symmetry/point-group.js';

/** In a sentence; none for a space group of rotations alone, and without one. */
export function crystalText(setting: SpaceGroupSetting | undefined, isTaken: boolean): string[] {
  if (!setting || setting.isChiral) return [];
  if (!isTaken)
    return [
      `Centric reflections are those of a crystal of rotations alone, since the data contradict the space group ${setting.name}.`,
    ];
  return [
    crystalSymmetry({ group: pointGroup('1'), centring: setting.centring, stated: setting }).isCentrosymmetric
      ? `All reflections are taken as centric, since the stated space group ${setting.name} has an inversion.`
      : `Centric reflections, and those of larger mean intensity, are those of the stated space group ${setting.name}.`,
  ];
}
