/** How well the rows of a list agree that are averaged: repeated ones, and those that a point group makes equivalent. */
import { representative, transformed } from '../../crystal/symmetry/asymmetric-unit.js';
import { laueGroup, type PointGroup, pointGroup } from '../../crystal/symmetry/point-group.js';
import { counted } from '../../util/amounts.js';
import type { ReflectionList } from '../lists/hkl.js';
import { indexNumbers, repeatedRows } from '../lists/repeated.js';
import { isError } from '../lists/sigma-digits.js';
import { indicesOf } from '../statistics/statistics.js';
import { expectedIntensities, type ListSubject } from './expected.js';
import { addsTo, copiesOf, joinsMates, type ListedReflection, listedAt, listFrom, meanOf } from './lists-in-group.js';

/** Rows of a list that are averaged. */
export interface JoinedPairs {
  /** Rows beyond the first one of each mean: pairs of which none follows from the others. */
  readonly pairs: number;
  /** Means whose scatter can be judged. */
  readonly judged: number;
  /** Σ|I − ⟨I⟩| / ΣI, which does not depend on how often a list has each intensity. */
  readonly r: number;
  /** The same of errors alone; NaN without sigmas. */
  readonly rOfErrors: number;
  /** Scatter beyond the errors, 0 of equivalents and 1 of pairs of unrelated acentric reflections, and its error. */
  readonly unlike: number;
  readonly error: number;
}

/** Means below which their scatter is judged by R alone. */
const fewest = 20;
/** Share of the scatter of unrelated reflections above which joined ones are not equivalent, and R of a few of them. */
const [mostUnlike, mostR] = [0.25, 0.25];
/** R of a few in units of what their errors give: sigmas of two observations are wrong by a factor by chance. */
const mostErrors = 5;

/** Whether the joined reflections are none that the crystal makes equivalent, beyond three errors. */
export const areUnlike = ({ judged, unlike, error, r, rOfErrors }: JoinedPairs): boolean =>
  judged >= fewest ? unlike - 3 * error > mostUnlike : r > mostR && r > mostErrors * rOfErrors;

/**
 * The rows of a list in which each pair of Friedel mates is one, their mean: of a group that has them apart, mates are no
 * observations of one intensity, even where another group makes them one.
 */
function withoutMateRows(list: ReflectionList, own: PointGroup): ReflectionList {
  const laue = laueGroup(own);
  const hands = new Map<string, [ListedReflection[], ListedReflection[]]>();
  for (let i = 0; i < list.count; i++) {
    const listed = listedAt(list, i);
    const key = representative(listed.indices, laue).join();
    const there = hands.get(key);
    const [first] = there?.[0] ?? [];
    if (!there || !first) hands.set(key, [[listed], []]);
    else
      there[representative(listed.indices, own).join() === representative(first.indices, own).join() ? 0 : 1].push(
        listed,
      );
  }
  const rows = [...hands.values()].flatMap(([some, others]) =>
    Array.from({ length: Math.max(some.length, others.length) }, (_, n) =>
      meanOf([some[n], others[n]].filter((listedReflection) => listedReflection !== undefined)),
    ),
  );
  return listFrom(laue.name, rows);
}

/** Places of the rows that are averaged, by what they are averaged to; of one row alone, nothing. */
function joinedPlaces(list: ReflectionList, own: PointGroup, group: PointGroup): number[][] {
  const copies = copiesOf(own, group);
  const next = Int32Array.from({ length: list.count }, (_, i) => i);
  const rootOf = (i: number): number => {
    let root = i;
    while (next[root] !== root) root = next[root] as number;
    next[i] = root;
    return root;
  };
  const { numberOf } = indexNumbers(list.indices);
  const first = new Map<number, number>();
  const isJoined = new Uint8Array(list.count);
  // As the list is averaged: copied to the equivalents of its own group, each of which the other group may join.
  for (let i = 0; i < list.count; i++)
    for (const copy of copies) {
      const key = numberOf(representative(transformed(indicesOf(list, i), copy), group));
      const j = first.get(key);
      if (j === undefined) first.set(key, i);
      else if (j !== i) {
        next[rootOf(i)] = rootOf(j);
        isJoined[i] = 1;
        isJoined[j] = 1;
      }
    }
  const members = new Map<number, number[]>();
  for (let i = 0; i < list.count; i++) {
    if (isJoined[i] === 0) continue;
    const root = rootOf(i);
    const there = members.get(root);
    if (there) there.push(i);
    else members.set(root, [i]);
  }
  return [...members.values()];
}

/** Scatter and square of a mean beyond the errors, in units of the expected intensity, with a weight. */
type ScatterTerm = [scatter: number, square: number];

/** Sums over the rows of one mean. */
function sumsOf({ intensity, sigma }: ReflectionList, all: readonly number[]) {
  // As they are averaged: rows without an error have no weight beside others.
  const known = all.filter((i) => isError(sigma[i] as number));
  const used = known.length > 0 ? known : all;
  const n = used.length;
  const sum = (of: (i: number) => number): number => used.reduce((total, i) => total + of(i), 0);
  const mean = sum((i) => intensity[i] as number) / n;
  const variance = known.length > 0 ? sum((i) => (sigma[i] as number) ** 2) / n : 0;
  const off = sum((i) => Math.abs((intensity[i] as number) - mean));
  const errors = sum((i) => Math.sqrt((2 / Math.PI) * ((sigma[i] as number) ** 2 * (1 - 2 / n) + variance / n)));
  const square = sum((i) => ((intensity[i] as number) - mean) ** 2) / n;
  return { n, mean, variance, off, square, errors: known.length > 0 ? errors : 0 };
}

/**
 * The rows of a list that `group` averages: those of one reflection, and those that it makes equivalent. Friedel mates are
 * aside where the list has them apart. A group that has not all operations of the list joins what its operations and
 * those of the list join together. Undefined if nothing is averaged and `group` adds no operations.
 */
export function joinedPairs(
  list: ReflectionList,
  group: PointGroup,
  { cell, centring }: Pick<ListSubject, 'cell' | 'centring'>,
): JoinedPairs | undefined {
  const given = pointGroup(list.symmetry);
  const adds = addsTo(laueGroup(given), laueGroup(group));
  const read = list.rows ? { ...list.rows, symmetry: list.symmetry } : list;
  if (!adds && repeatedRows(read, given) === 0) return undefined;
  // Mates stay apart in a group that does not join them; else they are one before anything is compared.
  const areApart = !given.centrosymmetric && !group.centrosymmetric && !joinsMates(given, group);
  const [own, into] = areApart ? [given, group] : [laueGroup(given), laueGroup(group)];
  const rows = areApart || given.centrosymmetric ? read : withoutMateRows(read, given);
  const places = joinedPlaces(rows, own, into);
  if (!adds && places.length === 0) return undefined;
  const of = expectedIntensities(rows, { cell, centring, group: own });
  let [off, sum, errors, pairs] = [0, 0, 0, 0];
  // Both mates are nearly the same draw of the intensities.
  const parts = new Map<string, ScatterTerm[]>();
  for (const some of places) {
    pairs += some.length - 1;
    const sums = sumsOf(rows, some);
    const { n, mean, variance, square } = sums;
    if (n < 2) continue;
    off += sums.off;
    sum += n * mean;
    errors += sums.errors;
    const expected = of.expected[some[0] as number] as number;
    if (!(variance > 0 && expected > 0)) continue;
    const weight = 1 / (expected ** 2 * (1 + (2 * variance) / expected ** 2) ** 2);
    const key = representative(indicesOf(rows, some[0] as number), laueGroup(into)).join();
    const part: ScatterTerm = [weight * (square - variance * (1 - 1 / n)), weight * (mean ** 2 - variance / n)];
    const there = parts.get(key);
    if (there) there.push(part);
    else parts.set(key, [part]);
  }
  const means = [...parts.values()].map((some) =>
    [0, 1].map((at) => average(some.map((scatterTerm) => scatterTerm[at] as number))),
  );
  const [d, s] = [0, 1].map((at) => means.reduce((total, mean) => total + (mean[at] as number), 0)) as ScatterTerm;
  const scatter = Math.sqrt(
    means.reduce((total, mean) => total + ((mean[0] as number) - (d / s) * (mean[1] as number)) ** 2, 0),
  );
  return {
    pairs,
    judged: means.length,
    r: off / sum,
    rOfErrors: errors > 0 ? errors / sum : Number.NaN,
    unlike: (3 * d) / s,
    error: (3 * scatter) / Math.abs(s),
  };
}

const average = (some: readonly number[]): number => some.reduce((sum, x) => sum + x, 0) / some.length;

const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;

/** How the joined pairs agree, in words. */
export function joinedWords(joined: JoinedPairs): string {
  const { pairs, r, rOfErrors } = joined;
  if (pairs === 0) return 'no two reflections of the list are joined';
  const beside = Number.isFinite(rOfErrors) ? `, where their errors give ${percent(rOfErrors)}` : '';
  const are = pairs === 1 ? 'is' : 'are';
  if (!Number.isFinite(r)) return `${counted(pairs, 'pair')} that ${are} joined ${are} too weak for an R`;
  return (
    `${counted(pairs, 'pair')} that ${pairs === 1 ? 'is joined agrees' : 'are joined agree'} with R ${percent(r)}${beside}` +
    (areUnlike(joined) ? ': these reflections are not equivalent' : '')
  );
}

/** What was averaged in a list and done to one of another point group, with how well it holds; undefined if nothing was. */
export function groupRemark(
  name: string,
  list: ReflectionList,
  subject: ListSubject,
  joined = joinedPairs(list, subject.group, subject),
): string | undefined {
  const { group } = subject;
  const own = pointGroup(list.symmetry);
  const mates = matesWords(own, group);
  if (joined && !addsTo(laueGroup(own), laueGroup(group)))
    return (
      `${name} has ${counted(joined.pairs, 'row')} more than reflections in ${group.name}: those of one reflection were ` +
      `averaged by 1/sigma²; ${joinedWords(joined)}.${mates}`
    );
  if (joined) {
    const both = addsTo(laueGroup(group), laueGroup(own)) ? `, and with them those in ${own.name}` : '';
    return (
      `${name} is in ${list.symmetry}: its equivalents in ${group.name} were averaged by 1/sigma²${both}; ` +
      `${joinedWords(joined)}.${mates}`
    );
  }
  if (
    own.operations.length > group.operations.length &&
    laueGroup(group).operations.length < laueGroup(own).operations.length
  )
    return (
      `${name} is in ${list.symmetry}: it was expanded to ${group.name}, in which reflections that the list has as one are ` +
      `several of the same intensity.${mates}`
    );
  return mates === '' ? undefined : `${name} is in ${list.symmetry}.${mates}`;
}

/** What becomes of Friedel mates in a group that has them apart; '' if they stay apart. */
function matesWords(own: PointGroup, group: PointGroup): string {
  if (group.centrosymmetric) return '';
  if (own.centrosymmetric) return ` It has Friedel mates as one: in ${group.name} both have the same intensity.`;
  return joinsMates(own, group)
    ? ` Friedel mates were averaged: ${group.name} and ${own.name} together make them equivalent. Give ${own.name} to keep them apart.`
    : '';
}
