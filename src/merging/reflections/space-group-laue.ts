/** The Laue group of a space group, under CrystFEL's name. */

import type { SpaceGroupSetting } from '../../crystal/space-groups/groups.js';
import { inversion, type Operation, operationKey } from '../../crystal/symmetry/matrices.js';
import { laueSettings } from '../../crystal/symmetry/point-group.js';
import { EwaldError } from '../../util/errors.js';

/** Its name, such as `2/m_uab` of P 1 21 1. Throws `Unsupported` for axes that no point group of CrystFEL has. */
export function laueOfSpaceGroup(setting: SpaceGroupSetting): string {
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
