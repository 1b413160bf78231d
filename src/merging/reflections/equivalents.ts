/** How well the reflections agree that a point group makes equivalent and that of a list does not. */
import { representative, transformed } from '../../crystal/symmetry/asymmetric-unit.js';
import { laueGroup, type PointGroup, pointGroup } from '../../crystal/symmetry/point-group.js';
import type { ReflectionList } from '../lists/hkl.js';
import { indicesOf } from '../statistics/statistics.js';
import { expectedIntensities, type ListSubject } from './expected.js';
import { addsTo, copiesOf, joinsMates } from './lists-in-group.js';

/** Pairs of reflections that operations join. */
export interface JoinedPairs {
  readonly pairs: number;
  /** Those of them whose difference can be judged. */
  readonly judged: number;
  /** Σ|x − y| / Σ(x + y). */
  readonly r: number;
  /** Σ|σ| of the differences in the same units: what errors alone would give; NaN without sigmas. */
  readonly rOfErrors: number;
  /** Squared differences beyond the errors, 0 of equivalents and 1 of unrelated acentric reflections, and its error. */
  readonly unlike: number;
  readonly error: number;
}

/** Pairs below which nothing is said of their differences. */
const fewest = 20;
/** Share of the differences of unrelated reflections above which joined ones are not equivalent. */
const mostUnlike = 0.25;

/** Whether the joined reflections are none that the crystal makes equivalent, beyond three errors. */
export const areUnlike = ({ judged, unlike, error }: JoinedPairs): boolean =>
  judged >= fewest && unlike - 3 * error > mostUnlike;

/** Places of reflections that a group averages, as pairs of which none follows from the others. */
function joinedPlaces(list: ReflectionList, own: PointGroup, group: PointGroup): [number, number][] {
  const copies = copiesOf(own, group);
  const places = new Map<string, number>();
  for (let i = 0; i < list.count; i++) {
    const key = representative(indicesOf(list, i), own).join();
    if (!places.has(key)) places.set(key, i);
  }
  const next = Int32Array.from({ length: list.count }, (_, i) => i);
  const rootOf = (i: number): number => {
    let root = i;
    while (next[root] !== root) root = next[root] as number;
    next[i] = root;
    return root;
  };
  const last = new Map<string, number>();
  const pairs: [number, number][] = [];
  // As the list is averaged: copied to the equivalents of its own group, each of which the other group may join.
  for (const i of places.values())
    for (const copy of copies) {
      const key = representative(transformed(indicesOf(list, i), copy), group).join();
      const j = last.get(key);
      last.set(key, i);
      if (j === undefined || rootOf(i) === rootOf(j)) continue;
      next[rootOf(i)] = rootOf(j);
      pairs.push([j, i]);
    }
  return pairs;
}

/**
 * The pairs that `group` joins and the list has apart, Friedel mates aside; undefined if it adds no operations. A group
 * that has not all operations of the list joins what its operations and those of the list join together.
 */
export function joinedPairs(
  list: ReflectionList,
  group: PointGroup,
  { cell, centring }: Pick<ListSubject, 'cell' | 'centring'>,
): JoinedPairs | undefined {
  const [own, laue] = [laueGroup(pointGroup(list.symmetry)), laueGroup(group)];
  if (!addsTo(own, laue)) return undefined;
  const of = expectedIntensities(list, { cell, centring, group: own });
  let [difference, sum, errors] = [0, 0, 0];
  const parts: [number, number][] = [];
  const pairs = joinedPlaces(list, own, laue);
  for (const [i, j] of pairs) {
    const [x, y] = [list.intensity[i] as number, list.intensity[j] as number];
    const noise = (list.sigma[i] as number) ** 2 + (list.sigma[j] as number) ** 2;
    difference += Math.abs(x - y);
    sum += x + y;
    errors += Math.sqrt((2 * noise) / Math.PI);
    const mean = (of.expected[i] as number) * (of.expected[j] as number);
    if (!(noise > 0 && Number.isFinite(noise) && mean > 0)) continue;
    const weight = 1 / (mean * (1 + noise / mean) ** 2);
    parts.push([weight * ((x - y) ** 2 - noise), weight * ((x + y) ** 2 - noise)]);
  }
  const [d, s] = [0, 1].map((which) => parts.reduce((total, part) => total + (part[which] as number), 0)) as [
    number,
    number,
  ];
  const scatter = Math.sqrt(parts.reduce((total, [one, other]) => total + (one - (d / s) * other) ** 2, 0));
  return {
    pairs: pairs.length,
    judged: parts.length,
    r: difference / sum,
    rOfErrors: errors > 0 ? errors / sum : Number.NaN,
    unlike: (3 * d) / s,
    error: (3 * scatter) / Math.abs(s),
  };
}

const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;

/** How the joined pairs agree, in words. */
export function joinedWords(joined: JoinedPairs): string {
  const { pairs, r, rOfErrors } = joined;
  if (pairs === 0) return 'no two reflections of the list are joined';
  const beside = Number.isFinite(rOfErrors) ? `, where their errors give ${percent(rOfErrors)}` : '';
  return (
    `${pairs} pairs that are joined agree with R ${percent(r)}${beside}` +
    (areUnlike(joined) ? ': these reflections are not equivalent' : '')
  );
}

/** What was done to a list of another point group, with how well it holds; undefined if its operations are the same. */
export function groupRemark(
  name: string,
  list: ReflectionList,
  subject: ListSubject,
  joined = joinedPairs(list, subject.group, subject),
): string | undefined {
  const { group } = subject;
  const own = pointGroup(list.symmetry);
  const mates = matesWords(own, group);
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
