/** A list in another form: other axes, another point group, twinned, within limits. What get_hkl does. */

import type { KnownCell } from '../../crystal/cell-file.js';
import { representative, transformed } from '../../crystal/symmetry/asymmetric-unit.js';
import {
  identity,
  inverse as inverseOf,
  type Operation,
  operationKey,
  product,
} from '../../crystal/symmetry/matrices.js';
import { type PointGroup, sameGroup } from '../../crystal/symmetry/point-group.js';
import { EwaldError } from '../../util/errors.js';
import type { ReflectionList } from '../lists/hkl.js';
import { inverseD } from '../statistics/statistics.js';
import type { ListSubject } from './expected.js';
import { inGroup, type ListedReflection, listFrom } from './lists-in-group.js';
import { noneWithin } from './none-within.js';

/** What is done to a list, in this order. */
export interface ConvertOptions {
  /** New indices, such as k,h,-l, and what the list belongs to in the new axes. */
  readonly reindex?: { readonly by: Operation; readonly subject: ListSubject } | undefined;
  /** Largest and smallest d that are kept, angstrom. */
  readonly lowres?: number | undefined;
  readonly highres?: number | undefined;
  /** The mean over the ways in which this point group has more operations than that of the list: a perfect twin. */
  readonly twin?: PointGroup | undefined;
  /** A point group of less symmetry, in which each reflection stands for its equivalents. */
  readonly expand?: PointGroup | undefined;
}

/** The result, and what became of the reflections. */
export interface ConvertedList {
  readonly list: ReflectionList;
  /** The cell and the centring of its axes, which new indices turn. */
  readonly cell: KnownCell;
  /** What to know of it. */
  readonly remarks: readonly string[];
  /** Whether the data contradict the centring of the cell. */
  readonly isDoubtful: boolean;
  /** Reflections outside of the limits of resolution. */
  readonly outside: number;
  /** Reflections without a twin partner, which are left out. */
  readonly withoutTwin: number;
}

/** Converts a list that is in `subject.group`. Throws `Argument` for groups that do not contain each other. */
export function convertReflections(
  list: ReflectionList,
  subject: ListSubject,
  options: ConvertOptions,
): Omit<ConvertedList, 'cell' | 'remarks' | 'isDoubtful'> {
  const {
    by,
    subject: { cell, group },
  } = options.reindex ?? { by: undefined, subject };
  const inverse = inverseD(cell);
  let reflections = [...inGroup(list, subject.group).values()];
  if (by)
    reflections = reflections.map((reflection) => ({
      ...reflection,
      indices: representative(transformed(reflection.indices, by), group),
    }));
  const before = reflections.length;
  const [low, high] = [
    options.lowres ? 1 / options.lowres : 0,
    options.highres ? 1 / options.highres : Number.POSITIVE_INFINITY,
  ];
  reflections = reflections.filter(({ indices }) => {
    const q = inverse(indices);
    return q >= low && q <= high;
  });
  const outside = before - reflections.length;
  if (outside > 0 && reflections.length === 0) throw noneWithin('the list', list, subject.cell);
  let withoutTwin = 0;
  if (options.twin) {
    const twinned = twinnedBy(reflections, group, options.twin);
    withoutTwin = reflections.length - twinned.length;
    if (twinned.length === 0)
      throw new EwaldError(
        'Mismatch',
        `no reflection has its partners of ${options.twin.name} in the list: nothing would be left; give a more complete list`,
      );
    reflections = twinned;
  }
  const target = options.expand ?? group;
  const reflectionList = listFrom(group.name, reflections);
  if (!options.expand) return { list: reflectionList, outside, withoutTwin };
  if (!contains(group, target))
    throw new EwaldError(
      'Argument',
      `${target.name} is no subgroup of ${group.name}: a list can be expanded to less symmetry alone; merge the stream ` +
        'again for more',
    );
  return { list: listFrom(target.name, inGroup(reflectionList, target).values()), outside, withoutTwin };
}

const contains = (group: PointGroup, other: PointGroup): boolean => {
  const own = new Set(group.operations.map(operationKey));
  return other.operations.every((m) => own.has(operationKey(m)));
};

/** Cosets of a point group in a larger one, one operation each. */
function cosetsOf(group: PointGroup, larger: PointGroup): Operation[] {
  const inside = new Set(group.operations.map(operationKey));
  const found: Operation[] = [identity];
  for (const m of larger.operations)
    if (!found.some((operation) => inside.has(operationKey(product(inverseOf(operation), m))))) found.push(m);
  return found;
}

/**
 * Mean intensities over the cosets, numbers of measurements added; reflections without a partner are left out. Parts that a
 * law does not move are one measurement: σ² = Σ (n/N)² σ² over different partners, each of which n of N laws lead to.
 */
function twinnedBy(
  reflections: readonly ListedReflection[],
  group: PointGroup,
  larger: PointGroup,
): ListedReflection[] {
  if (!contains(larger, group) || sameGroup(larger, group))
    throw new EwaldError(
      'Argument',
      `${larger.name} does not contain ${group.name} and more: a twin has the symmetry of the lattice, such as 4/mmm for ` +
        'a list in 4/m',
    );
  const laws = cosetsOf(group, larger);
  const there = new Map(reflections.map((reflection) => [reflection.indices.join(), reflection]));
  return reflections.flatMap((listedReflection) => {
    const laid = new Map<ListedReflection, number>();
    for (const law of laws) {
      const partner = there.get(representative(transformed(listedReflection.indices, law), group).join());
      if (!partner) return [];
      laid.set(partner, (laid.get(partner) ?? 0) + 1);
    }
    const sum = (of: (partner: ListedReflection, share: number) => number): number =>
      [...laid].reduce((total, [partner, n]) => total + of(partner, n / laws.length), 0);
    return [
      {
        indices: listedReflection.indices,
        intensity: sum(({ intensity }, share) => share * intensity),
        sigma: Math.sqrt(sum(({ sigma }, share) => (share * sigma) ** 2)),
        measurements: sum(({ measurements }) => measurements),
      },
    ];
  });
}
