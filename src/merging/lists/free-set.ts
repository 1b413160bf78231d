/**
 * The free set of a list: reflections that a refinement leaves out. It belongs to reflections of the Laue group, so that
 * equivalents and mates share it, and goes along with the list into other axes and formats.
 */
import { type Indices, representative, transformed } from '../../crystal/symmetry/asymmetric-unit.js';
import { inverse, type Operation } from '../../crystal/symmetry/matrices.js';
import { laueGroup, type PointGroup, pointGroup } from '../../crystal/symmetry/point-group.js';
import { indicesOf } from '../statistics/statistics.js';
import type { ReflectionList } from './hkl.js';

/** Flags of reflections: those of `test` are the free set, and the others are used. */
export interface FreeSet {
  readonly test: number;
  /** The flag of a reflection; undefined where the file states none. */
  readonly flagOf: (indices: Indices) => number | undefined;
}

/** The label of a column of flags, as CCP4, phenix and SHELX's converters name it. */
export const isFreeLabel = (label: string): boolean => /^(free|r[-_]?free)/i.test(label);

/** The flag of the free set: 0 of CCP4's many; of two, that of fewer reflections, since phenix and SHELX have 1. */
function testOf(counts: ReadonlyMap<number, number>): number {
  const [zero = 0, one = 0] = [counts.get(0), counts.get(1)];
  return counts.size === 2 && one > 0 && zero > one ? 1 : 0;
}

/** The free set of a list; undefined if it has none. */
export function freeSetOf(list: ReflectionList): FreeSet | undefined {
  const { free } = list;
  if (!free) return undefined;
  const laue = laueGroup(pointGroup(list.symmetry));
  const flags = new Map<string, number>();
  const counts = new Map<number, number>();
  for (let i = 0; i < list.count; i++) {
    const flag = free[i] as number;
    if (flag < 0) continue;
    flags.set(representative(indicesOf(list, i), laue).join(), flag);
    counts.set(flag, (counts.get(flag) ?? 0) + 1);
  }
  if (flags.size === 0) return undefined;
  return { test: testOf(counts), flagOf: (indices) => flags.get(representative(indices, laue).join()) };
}

/**
 * The flags of the rows of a list that was made of another one, by new indices (h k l) M of it if there is `by`. In a twin
 * reflections that its group relates have one intensity, and so one flag: that of the one which represents them.
 */
export function freeAfter(
  from: ReflectionList,
  reflectionList: ReflectionList,
  by?: Operation,
  twin?: PointGroup,
): Int32Array | undefined {
  const set = freeSetOf(from);
  if (!set) return undefined;
  const back = by && inverse(by);
  return Int32Array.from({ length: reflectionList.count }, (_, i) => {
    const own = twin ? representative(indicesOf(reflectionList, i), laueGroup(twin)) : indicesOf(reflectionList, i);
    return set.flagOf(back ? transformed(own, back) : own) ?? -1;
  });
}

/** Flags of the rows of a list by their indices, or those of their mates. */
export const flagsOf = (list: ReflectionList, flags: ReadonlyMap<string, number>): Int32Array =>
  Int32Array.from({ length: list.count }, (_, i) => {
    const [h, k, l] = indicesOf(list, i);
    return flags.get([h, k, l].join()) ?? flags.get([0 - h, 0 - k, 0 - l].join()) ?? -1;
  });
