/** How well the reflections agree that a point group makes equivalent and that of a list does not. */
import { type Indices, representative } from '../../crystal/symmetry/asymmetric-unit.js';
import { laueGroup, type PointGroup, pointGroup, sameGroup } from '../../crystal/symmetry/point-group.js';
import type { ReflectionList } from '../lists/hkl.js';
import { indicesOf } from '../statistics/statistics.js';
import { expectedIntensities, type ListSubject } from './expected.js';
import { addsTo } from './lists-in-group.js';

/** Pairs of reflections that operations join. */
export interface JoinedPairs {
  readonly pairs: number;
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
export const areUnlike = ({ pairs, unlike, error }: JoinedPairs): boolean =>
  pairs >= fewest && unlike - 3 * error > mostUnlike;

/** The pairs that `group` joins and the list has apart, Friedel mates aside; undefined if it adds no operations. */
export function joinedPairs(
  list: ReflectionList,
  group: PointGroup,
  { cell, centring }: Pick<ListSubject, 'cell' | 'centring'>,
): JoinedPairs | undefined {
  const [own, laue] = [laueGroup(pointGroup(list.symmetry)), laueGroup(group)];
  if (sameGroup(own, laue) || !addsTo(own, laue)) return undefined;
  const of = expectedIntensities(list, { cell, centring, group: own });
  const found = new Map<string, Map<string, number>>();
  for (let i = 0; i < list.count; i++) {
    const indices: Indices = indicesOf(list, i);
    if (!((of.expected[i] as number) > 0)) continue;
    const key = representative(indices, laue).join();
    const members = found.get(key) ?? new Map<string, number>();
    if (!members.has(representative(indices, own).join())) members.set(representative(indices, own).join(), i);
    found.set(key, members);
  }
  let [pairs, difference, sum, errors] = [0, 0, 0, 0];
  const parts: [number, number][] = [];
  for (const members of found.values()) {
    const places = [...members.values()];
    for (const [n, j] of places.entries()) {
      const i = places[n - 1];
      if (i === undefined) continue;
      const [x, y] = [list.intensity[i] as number, list.intensity[j] as number];
      const noise = (list.sigma[i] as number) ** 2 + (list.sigma[j] as number) ** 2;
      pairs++;
      difference += Math.abs(x - y);
      sum += x + y;
      errors += Math.sqrt((2 * noise) / Math.PI);
      if (!(noise > 0 && Number.isFinite(noise))) continue;
      const mean = (of.expected[i] as number) * (of.expected[j] as number);
      const weight = 1 / (mean * (1 + noise / mean) ** 2);
      parts.push([weight * ((x - y) ** 2 - noise), weight * ((x + y) ** 2 - noise)]);
    }
  }
  const [d, s] = [0, 1].map((which) => parts.reduce((total, part) => total + (part[which] as number), 0)) as [
    number,
    number,
  ];
  const scatter = Math.sqrt(parts.reduce((total, [one, other]) => total + (one - (d / s) * other) ** 2, 0));
  return {
    pairs,
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
  if (joined)
    return `${name} is in ${list.symmetry}: its equivalents in ${group.name} were averaged by 1/sigma²; ${joinedWords(joined)}.`;
  if (
    own.operations.length > group.operations.length &&
    laueGroup(group).operations.length < laueGroup(own).operations.length
  )
    return (
      `${name} is in ${list.symmetry}: it was expanded to ${group.name}, in which reflections that the list has as one are ` +
      'several of the same intensity.'
    );
  return undefined;
}
