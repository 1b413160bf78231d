/** Whether a list has reflections that a space group leaves out, or lacks its inversion: one that a file states, or that is asked for. */
import type { Centring } from '../../crystal/centring.js';
import { crystalSymmetry } from '../../crystal/space-groups/crystal.js';
import {
  haveSameAbsences,
  isAbsentIn,
  isSymmorphic,
  type SpaceGroupSetting,
  spaceGroupSetting,
} from '../../crystal/space-groups/groups.js';
import { transformed } from '../../crystal/symmetry/asymmetric-unit.js';
import { laueGroup } from '../../crystal/symmetry/point-group.js';
import { hasPointGroup } from '../../crystal/symmetry/space-group.js';
import type { ReflectionList } from '../lists/hkl.js';
import { indicesOf } from '../statistics/statistics.js';
import {
  axes,
  conditionsOf,
  evidence,
  isSpecial,
  isUsable,
  oddsOf,
  rankSpaceGroups,
  type SpaceGroupRanking,
  summaryOf,
} from './absences.js';
import { type ExpectedIntensities, expectedIntensities, type ListSubject } from './expected.js';
import { oddsOfNoInversion } from './inversion.js';
import { withoutMates } from './lists-in-group.js';
import { decided, doubted, likely, oddsText } from './odds.js';
import { fewestThere, lnOddsThere } from './presence.js';
import { statedGroup } from './space-group-laue.js';
import { type TwinLaw, twinLaw, twinLaws } from './twin-laws.js';

/** The setting of a space group that a file states, whose name may lack the choice of its axes. */
export function settingOfStated(name: string, centring: Centring): SpaceGroupSetting {
  const groupSetting = spaceGroupSetting(name);
  return groupSetting.centring === 'H' && centring === 'R'
    ? spaceGroupSetting(groupSetting.name.replace(/:H$/, ':R'))
    : groupSetting;
}

/** What a list says of a space group. */
export interface StatedSpaceGroup {
  readonly name: string;
  /** Whether reflections that it leaves out are there, or its inversion is not, by more than 1000 : 1. */
  readonly isContradicted: boolean;
  /** The same by more than 100 : 1. */
  readonly isDoubted: boolean;
  /** Measured reflections that it leaves out, and ln of the odds that they are empty against their being present. */
  readonly absent: number;
  readonly lnOdds: number;
  /** What contradicts it, or how far the list agrees, in a sentence. */
  readonly text: string;
}

/** Some reflections that a space group leaves out. */
interface LeftOut {
  readonly conditions: readonly string[];
  readonly places: readonly number[];
  /** ln of the odds that they are there, as usual ones or weaker. */
  readonly lnThere: number;
}

/**
 * The reflections that a space group leaves out: of each axis or plane, and apart those that the same axes and planes leave
 * out. So what is empty by one axis hides nothing that another one leaves out alone: of a screw axis 4₁, l = 4n + 2.
 */
function leftOut(
  list: ReflectionList,
  { group, centring }: ListSubject,
  of: ExpectedIntensities,
  setting: SpaceGroupSetting,
): { readonly all: LeftOut; readonly parts: readonly LeftOut[] } {
  const parts = new Map<string, { readonly conditions: readonly string[]; readonly places: number[] }>();
  const add = (some: readonly string[], place: number, isWhole = false): void => {
    const key = `${isWhole} ${some.join()}`;
    const part = parts.get(key) ?? { conditions: some, places: [] };
    part.places.push(place);
    parts.set(key, part);
  };
  const [all, others]: [number[], number[]] = [[], []];
  for (let i = 0; i < list.count; i++) {
    const indices = indicesOf(list, i);
    if (isSpecial(indices) && isUsable(list, of, i)) (isAbsentIn(setting, indices) ? all : others).push(i);
  }
  const conditions = all.length === 0 ? [] : conditionsOf([setting], centring);
  for (const i of all) {
    const indices = indicesOf(list, i);
    const orbit = group.operations.map((m) => transformed(indices, m));
    const own = conditions
      .filter(({ zone, leaves }) => orbit.some((one) => zone.has(one) && leaves(one)))
      .map(({ text }) => text);
    add(own, i);
    for (const one of own) add([one], i, true);
  }
  const judged = (some: readonly string[], places: readonly number[]): LeftOut => ({
    conditions: some,
    places,
    lnThere: lnOddsThere(list, of, places, besideOn(some)),
  });
  /** What stays on the axes of some conditions. */
  function besideOn(some: readonly string[]): number[] {
    const own = conditions.filter(({ text, zone }) => axes.has(zone.name) && some.includes(text));
    return others.filter((i) =>
      group.operations.some((m) => own.some(({ zone }) => zone.has(transformed(indicesOf(list, i), m)))),
    );
  }
  return {
    all: judged([], all),
    parts: [...parts.values()].map(({ conditions: some, places }) => judged(some, places)),
  };
}

const isDoubt = ({ lnThere, places }: LeftOut): boolean => lnThere > doubted && places.length >= fewestThere;

/** Judges a space group of the same Laue group and centring by what a list has where it leaves out reflections. */
export function judgeSpaceGroup(
  list: ReflectionList,
  subject: ListSubject,
  setting: SpaceGroupSetting,
): StatedSpaceGroup {
  const { unique, own } = withoutMates(list, subject);
  return judgedBy(unique, own, expectedIntensities(unique, own), setting);
}

/** The same of a list in which mates are one, with what is expected of it without a stated space group. */
export function judgedBy(
  unique: ReflectionList,
  own: ListSubject,
  of: ExpectedIntensities,
  setting: SpaceGroupSetting,
): StatedSpaceGroup {
  const { all, parts } = leftOut(unique, own, of, setting);
  const { name } = setting;
  // One axis or plane says more than all of them together.
  const there = parts.filter(isDoubt).sort((a, b) => b.lnThere - a.lnThere || b.places.length - a.places.length);
  const [worst] = [...there, all].filter(isDoubt);
  const lnOdds = oddsOf(all.places.map((i) => evidence(unique, of, i)));
  const isContradicted = worst !== undefined && worst.lnThere > decided;
  const judged = { name, isContradicted, isDoubted: worst !== undefined, absent: all.places.length, lnOdds };
  const inversion = worst ? undefined : withoutInversion(unique, own, of, setting);
  if (inversion) return { ...judged, ...inversion };
  if (!worst) return { ...judged, text: agreementText(judged) };
  const { count, snr, share } = summaryOf(unique, of.expected, worst.places);
  const where = worst.conditions.length === 0 ? '' : `, by ${worst.conditions.join(' and ')},`;
  const ranking = rankSpaceGroups(unique, own, of, false);
  const allowed = candidates(ranking);
  return {
    ...judged,
    text:
      `The data ${isContradicted ? 'contradict' : 'speak against'} the space group ${name}: of the reflections that it ` +
      `leaves out${where} ${count} have a mean I/sigma of ${snr.toFixed(1)} and ${share.toFixed(2)} of the usual intensity, so that they are there by ` +
      `${oddsText(worst.lnThere)}.` +
      (allowed.length === 0 || allowed.includes(name)
        ? ''
        : ` The absences allow ${namesText(allowed)} (${ranking.verdict}).`),
  };
}

/**
 * That intensities are those of a crystal without the inversion of its space group; undefined if they are not, or if it may be
 * a twin: a perfect one of a centrosymmetric crystal has them too.
 */
function withoutInversion(
  unique: ReflectionList,
  own: ListSubject,
  of: ExpectedIntensities,
  setting: SpaceGroupSetting,
): Pick<StatedSpaceGroup, 'isContradicted' | 'isDoubted' | 'text'> | undefined {
  if (!crystalSymmetry({ ...own, stated: setting }).isCentrosymmetric) return undefined;
  const { lnOdds, reflections } = oddsOfNoInversion(unique, of);
  if (!(lnOdds > doubted) || !twinLaws(own).every((law) => isNoTwin(twinLaw(unique, own, of, law)))) return undefined;
  const isContradicted = lnOdds > decided;
  return {
    isContradicted,
    isDoubted: true,
    text:
      `The data ${isContradicted ? 'contradict' : 'speak against'} the space group ${setting.name}: it has an inversion, and ` +
      `the intensities of ${reflections} general reflections are distributed as those of a crystal without one, by ` +
      `${oddsText(lnOdds)}. Give the space group without it, or find the law if the crystal is a twin.`,
  };
}

/** Twin fraction and errors below which a law makes no intensities look acentric. */
const [noTwin, errorsOfTwin] = [0.15, 3];

const isNoTwin = ({ fraction, error, isFound }: TwinLaw): boolean =>
  !isFound && fraction + errorsOfTwin * error < noTwin;

/** The names that absences leave: those of the first class, and of the next one if its odds do not exclude it. */
function candidates({ classes: [first, second], margin }: SpaceGroupRanking): string[] {
  return [first, margin < decided ? second : undefined].flatMap((groupClass) => groupClass?.names ?? []);
}

/** Some names, and how many more there are. */
export const namesText = (names: readonly string[]): string =>
  names.length > 6 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');

/** Whether a group leaves out reflections beyond those of its centring, and a list does not tell whether they are empty. */
const isUntold = (
  setting: SpaceGroupSetting,
  { absent, lnOdds }: Pick<StatedSpaceGroup, 'absent' | 'lnOdds'>,
): boolean => !isSymmorphic(setting) && (absent === 0 || lnOdds <= likely) && leavesOut(setting);

/** Whether any reflection is left out by more than the centring. */
const leavesOut = (setting: SpaceGroupSetting): boolean => conditionsOf([setting], setting.centring).length > 0;

function agreementText({ name, absent, lnOdds }: Pick<StatedSpaceGroup, 'name' | 'absent' | 'lnOdds'>): string {
  if (absent === 0)
    return `The data do not tell whether the space group is ${name}: none of the reflections that it leaves out is measured.`;
  const count = absent === 1 ? 'the reflection' : `${absent} reflections`;
  return lnOdds > likely
    ? `The data agree with the space group ${name}: ${count} that it leaves out and that the list has are empty by ${oddsText(lnOdds)}.`
    : `The data hardly tell whether the space group is ${name}: ${count} that it leaves out and that the list has decide nothing.`;
}

/** What to say of a space group that a file states: undefined if the list agrees with it. */
export function doubtOfSpaceGroup(
  list: ReflectionList,
  subject: ListSubject,
  name: string,
): Pick<StatedSpaceGroup, 'isContradicted' | 'text'> | undefined {
  const setting = settingOfStated(name, subject.centring);
  const judged = judgeSpaceGroup(list, subject, setting);
  return judged.isDoubted || isUntold(setting, judged) ? judged : undefined;
}

/** What a list belongs to, with a space group that is stated if it is one of its Laue group and the data do not contradict it. */
export function withStated(list: ReflectionList, subject: ListSubject, name: string | undefined): ListSubject {
  const { group, centring } = subject;
  if (name === undefined) return subject;
  const stated = settingOfStated(name, centring);
  if (!hasPointGroup(statedGroup(stated), laueGroup(group), centring)) return subject;
  return judgeSpaceGroup(list, subject, stated).isContradicted ? subject : { ...subject, stated };
}

/**
 * What two lists belong to, with the space group that both state, or the one that states any: unless the data of one of them
 * contradict it. A list whose axes are named in another way than in the first one has its absences elsewhere.
 */
export function withCommonStated(lists: readonly ReflectionList[], subject: ListSubject): ListSubject {
  const names = lists.flatMap(({ spaceGroup }) => spaceGroup ?? []);
  const [setting, ...others] = names.map((name) => settingOfStated(name, subject.centring));
  if (!setting || others.some((other) => !areSameGroup(setting, other))) return subject;
  // A group of rotations without screw axes says no more than the point group.
  if (setting.isChiral && isSymmorphic(setting)) return subject;
  const [first, ...rest] = lists.map((list) => withStated(list, subject, setting.name)) as [ListSubject, ListSubject];
  return rest.every(({ stated }) => stated !== undefined) ? first : subject;
}

/** Whether two settings have the same operators but for their origin: the same rotations, and the same absences. */
function areSameGroup(a: SpaceGroupSetting, b: SpaceGroupSetting): boolean {
  const turns = ({ operators }: SpaceGroupSetting): string =>
    [...new Set(operators.map((m) => m.slice(0, 9).join()))].sort().join(';');
  return turns(a) === turns(b) && haveSameAbsences(a, b);
}
