/**
 * Space groups ranked by the odds of their systematic absences, from merged intensities and their errors. A reflection
 * that a group leaves out is either empty but for its error and for what leaks into it, of unknown size, or one of a few
 * that are not empty at all; one that is present follows Wilson's law.
 */
import {
  haveSameAbsences,
  isAbsentIn,
  possibleSpaceGroups,
  type SpaceGroupSetting,
} from '../../crystal/space-groups/groups.js';
import { translationUnit } from '../../crystal/space-groups/hall.js';
import { type Indices, transformed } from '../../crystal/symmetry/asymmetric-unit.js';
import type { ReflectionList } from '../lists/hkl.js';
import { absent, indicesOf } from '../statistics/statistics.js';
import type { ExpectedIntensities, ListSubject } from './expected.js';
import { lnDensity } from './french-wilson.js';
import { decided, likely, lnSum, outliers } from './odds.js';
import { areThere } from './presence.js';

/** Space groups with the same absences: intensities do not tell them apart. */
export interface SpaceGroupClass {
  /** Names, in the order of International Tables A. */
  readonly names: readonly string[];
  readonly numbers: readonly number[];
  /** Reflections of the list that these groups leave out. */
  readonly absent: number;
  /** ln of the odds that they are empty against their being present. */
  readonly lnOdds: number;
  /** Whether these groups differ in reflections of which none was measured: more data would tell them apart. */
  readonly isUntold: boolean;
}

/** A screw axis or glide plane: what it leaves out, and what is there. */
export interface AbsenceElement {
  /** Where it leaves out reflections, and which ones stay: `00l: l = 2n`. */
  readonly condition: string;
  /** Reflections of the zone that it leaves out, and those that it does not. */
  readonly absent: ZoneSummary;
  readonly present: ZoneSummary;
  readonly lnOdds: number;
  /** Whether what it leaves out is there, if weak, whatever the odds. */
  readonly isPresent: boolean;
  /** The reflections of an axis, by their first index that is not 0; empty for planes. */
  readonly along: readonly { readonly place: number; readonly share: number; readonly isAbsent: boolean }[];
}

/** Some reflections of a zone. */
export interface ZoneSummary {
  readonly count: number;
  /** Mean I/σ; NaN without any, as is the next. */
  readonly snr: number;
  /** Mean intensity in units of the expected one. */
  readonly share: number;
}

/** What absences say about the space group. */
export interface SpaceGroupRanking {
  /** The classes, the most probable first. */
  readonly classes: readonly SpaceGroupClass[];
  readonly elements: readonly AbsenceElement[];
  /**
   * ln of the odds of the first class against the second, each space group being as probable as any other beforehand;
   * infinite if there is one class alone.
   */
  readonly margin: number;
  /** `decided` above 1000 : 1, `likely` above 20 : 1, `not decided` otherwise. */
  readonly verdict: 'decided' | 'likely' | 'not decided';
  /** Whether what the first class leaves out is there, if weak: then nothing is decided. */
  readonly isPresent: boolean;
  /** Whether groups with mirrors or an inversion were left out. */
  readonly chiral: boolean;
}

/** Largest shares of its mean intensity that an absent reflection may have: multiple scattering, near neighbours. */
const leaks = [0.003, 0.01, 0.03, 0.1, 0.3];
/**
 * Share of present reflections that no law explains: the σ of two observations may be
 * small by chance, and −66 σ, which is no intensity, would decide by e²⁰⁰⁰ that a plane of strong reflections is empty.
 */
const strays = 0.001;
/** Reflections in which two classes differ, with fewer of which nothing is called decided, whatever the odds. */
export const fewestDecisive = 3;

/** Smallest edge of a cell that is taken for one of a chiral molecule, angstrom. */
const longCell = 40;

/** Whether a cell is large enough to be that of a protein: its largest edge is above 40 Å. */
export const isChiralCell = (lengths: readonly number[]): boolean => Math.max(...lengths) > longCell;

/** For each reflection and each leak, ln p(I | absent) − ln p(I | present). */
export function evidence(list: ReflectionList, { expected, isCentric }: ExpectedIntensities, i: number): number[] {
  const [intensity, sigma, mean] = [list.intensity[i] as number, list.sigma[i] as number, expected[i] as number];
  const present = lnDensity(intensity, sigma, mean, isCentric[i] === 1);
  return leaks.map((leak) => {
    const variance = sigma * sigma + (leak * mean) ** 2;
    const empty = -(intensity * intensity) / (2 * variance) - Math.log(2 * Math.PI * variance) / 2;
    return (
      lnSum(Math.log(1 - outliers) + empty, Math.log(outliers) + present) -
      lnSum(Math.log(1 - strays) + present, Math.log(strays) + empty)
    );
  });
}

/** The odds of a set of absent reflections: averaged over the leaks, which is one for all of them. */
export function oddsOf(of: readonly (readonly number[])[]): number {
  const sums = leaks.map((_, n) => of.reduce((sum, each) => sum + (each[n] as number), 0));
  return sums.reduce(lnSum, Number.NEGATIVE_INFINITY) - Math.log(leaks.length);
}

/** Reflections that some group leaves out, with their evidence. */
interface Special {
  readonly i: number;
  readonly indices: Indices;
  readonly evidence: readonly number[];
}

/**
 * The space groups that a list can have: those of its Laue group, centring and axes, by what they leave out. Groups with
 * equal absences are one class, such as P 41 and P 43; between two hands nothing here decides. Reflections without a sigma
 * or beyond the resolution of the data take no part.
 */
export function rankSpaceGroups(
  list: ReflectionList,
  subject: ListSubject,
  of: ExpectedIntensities,
  chiral: boolean,
): SpaceGroupRanking {
  const groups = possibleSpaceGroups(subject.group, subject.centring, chiral);
  const classes = new Map<string, { readonly members: SpaceGroupSetting[]; readonly empty: readonly Special[] }>();
  const special = specialReflections(list, of, groups);
  for (const group of groups) {
    const empty = special.filter(({ indices }) => isAbsentIn(group, indices));
    // Nothing distinguishes groups whose zones have no measured reflections.
    const key = empty.map(({ i }) => i).join();
    const found = classes.get(key);
    if (found) found.members.push(group);
    else classes.set(key, { members: [group], empty });
  }
  const ranked = [...classes]
    .map(([key, { members, empty }]) => ({
      key,
      names: [...new Set(members.map(({ name }) => name))],
      numbers: [...new Set(members.map(({ number }) => number))],
      absent: empty.length,
      lnOdds: oddsOf(empty.map((one) => one.evidence)),
      isUntold: members.some((member) => !haveSameAbsences(member, members[0] as SpaceGroupSetting)),
    }))
    .sort((a, b) => lnPosterior(b) - lnPosterior(a) || b.absent - a.absent);
  const [first, second] = ranked;
  const elements = elementsOf(list, subject, of, groups);
  // One class alone is one of groups that differ, if nothing was measured where they do.
  const isUntold = !second && elements.some(({ absent: out }) => out.count === 0);
  const differ = first && second ? differing(classes, first.key, second.key) : undefined;
  const resting = differ ? differ.first.length + differ.second.length : Number.POSITIVE_INFINITY;
  const outOfFirst = classes.get(first?.key ?? '')?.empty.map(({ i }) => i) ?? [];
  const isPresent = areThere(list, of, outOfFirst) || areThere(list, of, differ?.first ?? []);
  const margin = first && second ? lnPosterior(first) - lnPosterior(second) : isUntold ? 0 : Number.POSITIVE_INFINITY;
  return {
    classes: ranked.map(({ key: _, ...one }) => one),
    elements,
    margin,
    isPresent,
    verdict:
      margin <= likely || first?.isUntold || isPresent
        ? 'not decided'
        : margin > decided && resting >= fewestDecisive
          ? 'decided'
          : 'likely',
    chiral,
  };
}

/** Each space group is as probable as any other beforehand, so that a class of several is more probable. */
const lnPosterior = ({ lnOdds, numbers }: Pick<SpaceGroupClass, 'lnOdds' | 'numbers'>): number =>
  lnOdds + Math.log(new Set(numbers).size);

/** What each of two classes leaves out, and the other one does not. */
function differing(
  classes: ReadonlyMap<string, { readonly empty: readonly Special[] }>,
  first: string,
  second: string,
): { readonly first: number[]; readonly second: number[] } {
  const [a, b] = [first, second].map((key) => new Set((classes.get(key)?.empty ?? []).map(({ i }) => i))) as [
    Set<number>,
    Set<number>,
  ];
  return { first: [...a].filter((i) => !b.has(i)), second: [...b].filter((i) => !a.has(i)) };
}

/** Whether a reflection has an error and an expectation. */
export const isUsable = (list: ReflectionList, { expected }: ExpectedIntensities, i: number): boolean =>
  (expected[i] as number) > 0 && (list.sigma[i] as number) > 0 && Number.isFinite(list.sigma[i]);

function specialReflections(
  list: ReflectionList,
  of: ExpectedIntensities,
  groups: readonly SpaceGroupSetting[],
): Special[] {
  const special: Special[] = [];
  for (let i = 0; i < list.count; i++) {
    const indices = indicesOf(list, i);
    // On no axis and in no plane, nothing is left out: most reflections are not asked of every group.
    if (!isUsable(list, of, i) || !isSpecial(indices)) continue;
    if (groups.some((group) => isAbsentIn(group, indices)))
      special.push({ i, indices, evidence: evidence(list, of, i) });
  }
  return special;
}

/** Whether a reflection lies in one of the zones in which axes and planes leave out reflections. */
export const isSpecial = (indices: Indices): boolean => zones.some(({ has }) => has(indices));

interface Zone {
  readonly name: string;
  readonly has: (indices: Indices) => boolean;
  /** What the indices are divided by, and how that is written. */
  readonly sums: readonly (readonly [text: string, of: (indices: Indices) => number])[];
}

const sumH = ['h', ([h]: Indices) => h] as const;
const sumK = ['k', ([, k]: Indices) => k] as const;
const sumL = ['l', ([, , l]: Indices) => l] as const;

/** Zones in which axes and planes of all crystal systems leave out reflections, and what may have to be whole there. */
const zones: readonly Zone[] = [
  { name: 'h00', has: ([, k, l]) => k === 0 && l === 0, sums: [sumH] },
  { name: '0k0', has: ([h, , l]) => h === 0 && l === 0, sums: [sumK] },
  { name: '00l', has: ([h, k]) => h === 0 && k === 0, sums: [sumL] },
  { name: 'hh0', has: ([h, k, l]) => h === k && l === 0, sums: [sumH] },
  { name: 'h-h0', has: ([h, k, l]) => h === -k && l === 0, sums: [sumH] },
  { name: 'hhh', has: ([h, k, l]) => h === k && h === l, sums: [sumH] },
  { name: '0kl', has: ([h]) => h === 0, sums: [sumK, sumL, ['k + l', ([, k, l]) => k + l]] },
  { name: 'h0l', has: ([, k]) => k === 0, sums: [sumH, sumL, ['h + l', ([h, , l]) => h + l]] },
  { name: 'hk0', has: ([, , l]) => l === 0, sums: [sumH, sumK, ['h + k', ([h, k]) => h + k]] },
  { name: 'hhl', has: ([h, k]) => h === k, sums: [sumL, sumH, ['2h + l', ([h, , l]) => 2 * h + l]] },
  { name: 'h-hl', has: ([h, k]) => h === -k, sums: [sumL, sumH, ['2h + l', ([h, , l]) => 2 * h + l]] },
  { name: 'h,-2h,l', has: ([h, k]) => k === -2 * h, sums: [sumL] },
  { name: '-2k,k,l', has: ([h, k]) => h === -2 * k, sums: [sumL] },
  { name: 'hkh', has: ([h, , l]) => h === l, sums: [sumK, sumH] },
  { name: 'hkk', has: ([, k, l]) => k === l, sums: [sumH, sumK] },
  { name: 'hk-h', has: ([h, , l]) => h === -l, sums: [sumK, sumH] },
  { name: 'hk-k', has: ([, k, l]) => k === -l, sums: [sumH, sumK] },
];

const divisors = [2, 3, 4, 6];
/** Zones that are axes. */
export const axes: ReadonlySet<string> = new Set(['h00', '0k0', '00l', 'hh0', 'h-h0', 'hhh']);

/** Indices by which zones and conditions are recognised: all of a cube. */
const cube: readonly Indices[] = Array.from(
  { length: 13 ** 3 },
  (_, n): Indices => [(n % 13) - 6, (Math.floor(n / 13) % 13) - 6, Math.floor(n / 169) - 6],
);

/** Where one operator leaves out reflections, and which ones stay. */
interface Condition {
  readonly zone: Zone;
  readonly text: string;
  readonly leaves: (indices: Indices) => boolean;
}

/** The conditions of the screw axes and glide planes of some groups, those of a centring apart. */
export function conditionsOf(groups: readonly SpaceGroupSetting[], centring: ListSubject['centring']): Condition[] {
  const allowed = cube.filter((indices) => !absent(indices, centring));
  const membersOf = new Map<string, { readonly zone: Zone; readonly members: readonly Indices[] }>();
  for (const zone of zones) {
    const members = allowed.filter(zone.has);
    membersOf.set(members.join(';'), { zone, members });
  }
  const found = new Map<string, Condition>();
  const seen = new Set<string>();
  for (const m of groups.flatMap(({ operators }) => operators)) {
    const key = m.join();
    if (seen.has(key)) continue;
    seen.add(key);
    const own = allowed.filter((indices) => transformed(indices, m).join() === indices.join());
    const at = membersOf.get(own.join(';'));
    if (!at) continue;
    const phase = ([h, k, l]: Indices): number =>
      (h * (m[9] as number) + k * (m[10] as number) + l * (m[11] as number)) % translationUnit;
    for (const [text, sum] of at.zone.sums)
      for (const n of divisors) {
        const leaves = (indices: Indices): boolean => sum(indices) % n !== 0;
        const name = `${at.zone.name}: ${text} = ${n}n`;
        if (found.has(name) || !at.members.some(leaves)) continue;
        if (at.members.every((indices) => leaves(indices) === (phase(indices) !== 0)))
          found.set(name, { zone: at.zone, text: name, leaves });
      }
  }
  return [...found.values()];
}

/** The elements of all candidates, those of equivalent zones once, with what the list says of each. */
function elementsOf(
  list: ReflectionList,
  { group, centring }: ListSubject,
  of: ExpectedIntensities,
  groups: readonly SpaceGroupSetting[],
): AbsenceElement[] {
  const inZones: { readonly i: number; readonly orbit: readonly Indices[] }[] = [];
  for (let i = 0; i < list.count; i++) {
    const indices = indicesOf(list, i);
    // Which zone has a reflection is asked of all equivalents, since the list has one of each.
    if (isUsable(list, of, i) && isSpecial(indices))
      inZones.push({ i, orbit: group.operations.map((m) => transformed(indices, m)) });
  }
  const found = new Map<string, AbsenceElement>();
  for (const { zone, text, leaves } of conditionsOf(groups, centring)) {
    const own = inZones.flatMap(({ i, orbit }) => {
      const indices = orbit.find(zone.has);
      const place = indices?.find((x) => x !== 0);
      return indices && place !== undefined ? [{ i, leaves: leaves(indices), place }] : [];
    });
    const out = own.filter((each) => each.leaves).map(({ i }) => i);
    const others = own.filter((each) => !each.leaves).map(({ i }) => i);
    const key = `${own.map(({ i }) => i).join()};${out.join()}`;
    if (found.has(key) && own.length > 0) continue;
    found.set(own.length > 0 ? key : text, {
      condition: text,
      absent: summaryOf(list, of.expected, out),
      present: summaryOf(list, of.expected, others),
      lnOdds: oddsOf(out.map((i) => evidence(list, of, i))),
      isPresent: areThere(list, of, out, axes.has(zone.name) ? others : undefined),
      along: axes.has(zone.name)
        ? own.map(({ i, leaves: isAbsent, place }) => ({
            place,
            share: (list.intensity[i] as number) / (of.expected[i] as number),
            isAbsent,
          }))
        : [],
    });
  }
  return [...found.values()];
}

export function summaryOf(list: ReflectionList, expected: Float64Array, some: readonly number[]): ZoneSummary {
  const mean = (of: (i: number) => number): number => some.reduce((sum, i) => sum + of(i), 0) / some.length;
  return {
    count: some.length,
    snr: mean((i) => (list.intensity[i] as number) / (list.sigma[i] as number)),
    share: mean((i) => (list.intensity[i] as number) / (expected[i] as number)),
  };
}
