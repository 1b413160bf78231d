/** Lists as columns by the reflections of a point group, whatever group they were merged in. */

import type { KnownCell } from '../../crystal/cell-file.js';
import {
  compareIndices,
  type Indices,
  isRepresentative,
  representative,
  transformed,
} from '../../crystal/symmetry/asymmetric-unit.js';
import { determinant, inversion, type Operation, operationKey, product } from '../../crystal/symmetry/matrices.js';
import { orientedGroup } from '../../crystal/symmetry/oriented.js';
import { laueGroup, type PointGroup, pointGroup, sameGroup } from '../../crystal/symmetry/point-group.js';
import { EwaldError } from '../../util/errors.js';
import type { ReflectionList } from '../lists/hkl.js';
import { isError } from '../lists/sigma-digits.js';
import { indexTable } from '../statistics/index-table.js';
import { indicesOf } from '../statistics/statistics.js';

/** A list with the name of its point group in the setting of the cell, as its file may not say which axis is unique. */
export function inSetting(
  list: ReflectionList,
  { cell, uniqueAxis }: Pick<KnownCell, 'cell' | 'uniqueAxis'>,
): ReflectionList {
  const own = orientedGroup(list.symmetry, cell, uniqueAxis);
  return own ? { ...list, symmetry: own.group.name } : list;
}

/** One reflection of a list. */
export interface ListedReflection {
  readonly indices: Indices;
  readonly intensity: number;
  /** Infinite or 0 if it is unknown. */
  readonly sigma: number;
  readonly measurements: number;
}

/** A row of a list. */
export const listedAt = (list: ReflectionList, i: number): ListedReflection => ({
  indices: indicesOf(list, i),
  intensity: list.intensity[i] as number,
  sigma: list.sigma[i] as number,
  measurements: list.measurements[i] as number,
});

/** The mean of several observations of one reflection, by 1/σ² of those whose errors are known, if there are any. */
export function meanOf(some: readonly ListedReflection[]): ListedReflection {
  const [first] = some as readonly [ListedReflection];
  if (some.length === 1) return first;
  const measurements = some.reduce((sum, listedReflection) => sum + listedReflection.measurements, 0);
  const known = some.filter(({ sigma }) => isError(sigma));
  const weighted = known.length > 0;
  const used = weighted ? known : some;
  const weights = used.map(({ sigma }) => (weighted ? 1 / sigma ** 2 : 1));
  const total = weights.reduce((sum, w) => sum + w, 0);
  const intensity =
    used.reduce((sum, listedReflection, i) => sum + (weights[i] as number) * listedReflection.intensity, 0) / total;
  return { indices: first.indices, intensity, sigma: weighted ? 1 / Math.sqrt(total) : 0, measurements };
}

/** Whether a group has operations that another one lacks. */
export function addsTo(own: PointGroup, group: PointGroup): boolean {
  const keys = new Set(own.operations.map(operationKey));
  return group.operations.some((m) => !keys.has(operationKey(m)));
}

/** Whether two groups without inversion have one together: one operation of the first is another one's inverse in space. */
export function joinsMates(own: PointGroup, group: PointGroup): boolean {
  const keys = new Set(group.operations.map((m) => operationKey(product(inversion, m))));
  return own.operations.some((m) => keys.has(operationKey(m)));
}

/** The reflections of a list, by their indices, each once. */
export type ReflectionsByKey = ReadonlyMap<string, ListedReflection>;

/** Operations of `list` that lead to different reflections of `group`: one if it has all of the list's symmetry. */
export function copiesOf(list: PointGroup, group: PointGroup): readonly Operation[] {
  const inside = new Set(group.operations.map(operationKey));
  return list.operations.every((m) => inside.has(operationKey(m)))
    ? [list.operations[0] as Operation]
    : list.operations;
}

/**
 * A list as it is in another point group: equivalent reflections are averaged by 1/σ², and those of a group with more
 * symmetry are copied to each reflection that they stand for. `by` is applied to the indices first.
 */
export function inGroup(list: ReflectionList, group: PointGroup, by?: Operation): ReflectionsByKey {
  const copies = copiesOf(pointGroup(list.symmetry), group);
  const found = new Map<string, ListedReflection[]>();
  for (let i = 0; i < list.count; i++) {
    const own = indicesOf(list, i);
    const moved = by ? transformed(own, by) : own;
    const places = new Map<string, Indices>();
    for (const copy of copies) {
      // A copy is made in the setting of the list, before it is reindexed.
      const at = by && copies.length > 1 ? transformed(transformed(own, copy), by) : transformed(moved, copy);
      const place = representative(at, group);
      places.set(place.join(), place);
    }
    for (const [key, indices] of places) {
      const one = { ...listedAt(list, i), indices };
      const there = found.get(key);
      if (there) there.push(one);
      else found.set(key, [one]);
    }
  }
  return new Map([...found].map(([key, some]) => [key, meanOf(some)]));
}

/** A list in a point group: itself if it has each of its reflections once and under the usual indices. */
export function movedInto(list: ReflectionList, group: PointGroup): ReflectionList {
  if (sameGroup(pointGroup(list.symmetry), group) && hasEachOnce(list, group)) return list;
  const moved = listFrom(group.name, inGroup(list, group).values());
  return list.wavelengthA === undefined ? moved : { ...moved, wavelengthA: list.wavelengthA };
}

/** Whether a list has each reflection of a group once and under the usual indices. */
function hasEachOnce(list: ReflectionList, group: PointGroup): boolean {
  const place = indexTable(list);
  for (let i = 0; i < list.count; i++) {
    const own = indicesOf(list, i);
    // Of a reflection that is listed twice, the table has the last place.
    if (!isRepresentative(own, group) || place(own) !== i) return false;
  }
  return true;
}

/**
 * A list with each pair of Friedel mates as one reflection, and what it belongs to then: mates are nearly equal, and so
 * no two draws of Wilson's law.
 */
export function withoutMates<T extends { readonly group: PointGroup }>(
  list: ReflectionList,
  subject: T,
): { readonly unique: ReflectionList; readonly own: T } {
  const group = laueGroup(subject.group);
  return { unique: movedInto(list, group), own: { ...subject, group } };
}

/** A list of reflections, sorted by their indices. */
export function listFrom(symmetry: string, reflections: Iterable<ListedReflection>): ReflectionList {
  const all = [...reflections].sort((a, b) => compareIndices(a.indices, b.indices));
  const limit = 2 ** 15 - 1;
  const wide = all.find(({ indices }) => indices.some((x) => Math.abs(x) > limit));
  if (wide) throw new EwaldError('Limit', `the reflection ${wide.indices.join(' ')} has an index beyond ${limit}`);
  return {
    symmetry,
    count: all.length,
    indices: Int16Array.from(all.flatMap(({ indices }) => [...indices])),
    intensity: Float64Array.from(all, ({ intensity }) => intensity),
    sigma: Float64Array.from(all, ({ sigma }) => sigma),
    measurements: Float64Array.from(all, ({ measurements }) => measurements),
  };
}

/** The group in which two lists can be compared: mates stay apart only if both have them apart, in this group as well. */
export function commonGroup(group: PointGroup, lists: readonly ReflectionList[]): PointGroup {
  const apart = lists.every(({ symmetry }) => {
    const own = pointGroup(symmetry);
    return !own.centrosymmetric && !joinsMates(own, group);
  });
  return apart ? group : laueGroup(group);
}

/** Refuses an operation that does not take reflections to reflections. Throws `Argument`. */
export function checkOperation(name: string, text: string, operation: Operation): void {
  const det = determinant(operation);
  if (Math.abs(det) === 1) return;
  throw new EwaldError(
    'Argument',
    `${name} is "${text}", whose determinant is ${det}: it changes the volume of the cell; expected a change of axes ` +
      'with the determinant 1 or -1, such as k,h,-l',
  );
}
