/** Rows of a list that are one reflection, which all tools take for one. */
import { representative } from '../../crystal/symmetry/asymmetric-unit.js';
import { isTurnable, pointGroup } from '../../crystal/symmetry/point-group.js';
import { counted } from '../../util/amounts.js';
import type { ReflectionList } from './hkl.js';

/** Indices from the least one on, as digits of one number. */
const base = 2 ** 16;

/**
 * How many rows repeat a reflection of a list, in words; undefined if none does. Of a group whose name may be that of three
 * axes, which the cell decides, rows with the same indices alone are counted, and their inverse ones.
 */
export function repeatedRemark({ symmetry, count, indices }: ReflectionList): string | undefined {
  const named = pointGroup(symmetry);
  const group = isTurnable(symmetry) ? pointGroup(named.centrosymmetric ? '-1' : '1') : named;
  const seen = new Set<number>();
  for (let i = 0; i < count; i++) {
    const own = [0, 1, 2].map((axis) => indices[3 * i + axis] as number) as [number, number, number];
    const [h, k, l] = representative(own, group);
    seen.add((h * base + k) * base + l);
  }
  const repeated = count - seen.size;
  return repeated === 0
    ? undefined
    : `${counted(repeated, 'row')} of ${count} repeat a reflection of the list, or one that is equivalent in ${group.name}; they are ` +
        'averaged, by 1/sigma² where sigmas are known.';
}
