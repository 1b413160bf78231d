/** Rows of a list that are one reflection, which all tools take for one. */
import { type Indices, representative } from '../../crystal/symmetry/asymmetric-unit.js';
import { isTurnable, type PointGroup, pointGroup } from '../../crystal/symmetry/point-group.js';
import { counted } from '../../util/amounts.js';
import type { ReflectionList } from './hkl.js';

/** Cells of a box of indices up to which it is an array. */
const mostCells = 2 ** 25;

/** Numbers below `count` for the reflections that are equivalent to those of a list, in any group. */
export function indexNumbers(indices: Int16Array): {
  readonly count: number;
  readonly numberOf: (indices: Indices) => number;
} {
  // Of three axes at 120°, one index is the sum of two.
  const most = 2 * indices.reduce((far, x) => Math.max(far, Math.abs(x)), 0);
  const width = 2 * most + 1;
  return { count: width ** 3, numberOf: ([h, k, l]) => ((h + most) * width + k + most) * width + l + most };
}

/** Whether indices that are equivalent to some of these were seen before. */
function seenBefore(indices: Int16Array): (one: Indices) => boolean {
  const { count, numberOf } = indexNumbers(indices);
  const box = count <= mostCells ? new Uint8Array(count) : undefined;
  const set = new Set<number>();
  return (one) => {
    const at = numberOf(one);
    const isSeen = box ? box[at] === 1 : set.has(at);
    if (box) box[at] = 1;
    else set.add(at);
    return isSeen;
  };
}

/** How many rows of a list repeat a reflection of a group. */
export function repeatedRows({ count, indices }: ReflectionList, group: PointGroup): number {
  const isSeen = seenBefore(indices);
  let repeated = 0;
  for (let i = 0; i < count; i++) {
    const [h, k, l] = [indices[3 * i] as number, indices[3 * i + 1] as number, indices[3 * i + 2] as number];
    if (isSeen(representative([h, k, l], group))) repeated++;
  }
  return repeated;
}

/**
 * How many rows repeat a reflection of a list, in words; undefined if none does. Of a group whose name may be that of three
 * axes, which the cell decides, rows with the same indices alone are counted, and their inverse ones; of a file whose indices
 * are in one asymmetric unit (`isOpen` false), the same indices.
 */
export function repeatedRemark(list: ReflectionList, isOpen = true): string | undefined {
  const { symmetry, count } = list;
  const named = pointGroup(symmetry);
  const group = !isOpen
    ? pointGroup('1')
    : isTurnable(symmetry)
      ? pointGroup(named.centrosymmetric ? '-1' : '1')
      : named;
  const repeated = repeatedRows(list, group);
  return repeated === 0
    ? undefined
    : `${counted(repeated, 'row')} of ${count} repeat a reflection of the list` +
        `${group.operations.length > 1 ? `, or one that is equivalent in ${group.name}` : ''}; they are ` +
        'averaged, by 1/sigma² where sigmas are known.';
}
