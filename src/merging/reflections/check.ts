/** What a list of merged intensities says of the crystal and of itself: `ewald reflections check`. */
import { lengthsOf } from '../../crystal/cell.js';
import type { SpaceGroupSetting } from '../../crystal/space-groups/groups.js';
import type { ReflectionList } from '../lists/hkl.js';
import { withoutError } from '../lists/known-errors.js';
import {
  mergeStatistics,
  type ShellStatistics,
  type StatisticsOptions,
  type WilsonFit,
} from '../statistics/statistics.js';
import { isChiralCell, rankSpaceGroups, type SpaceGroupRanking } from './absences.js';
import { crystalText } from './crystal-text.js';
import { expectedIntensities, type ListSubject } from './expected.js';
import { withoutMates } from './lists-in-group.js';
import { noneWithin } from './none-within.js';
import { type IceRing, iceOf, type Outlier, outliersOf } from './outliers.js';
import { judgedBy, type StatedSpaceGroup } from './stated-absences.js';
import { type TwinTests, twinTests } from './twin-tests.js';

/** Options of a check. */
export interface CheckOptions extends Pick<StatisticsOptions, 'shells' | 'lowres' | 'highres'> {
  /** The 65 space groups of chiral molecules alone; default: if the cell has an edge above 40 Å. */
  readonly chiral?: boolean | undefined;
}

/** What a list has in a shell of resolution. */
export type ListShell = Pick<
  ShellStatistics,
  'dMax' | 'dMin' | 'unique' | 'possible' | 'completeness' | 'measurements' | 'multiplicity' | 'snr' | 'meanIntensity'
>;

/** The tests of a list. */
export interface ListCheck extends TwinTests {
  readonly reflections: number;
  /** d in angstrom from which on the data have no signal; 0 if they have it to the end. */
  readonly endsAt: number;
  /** Shells of equal volume, and all of them together. */
  readonly shells: readonly ListShell[];
  readonly overall: ListShell;
  readonly wilson: WilsonFit;
  readonly spaceGroups: SpaceGroupRanking;
  readonly outliers: readonly Outlier[];
  readonly ice: readonly IceRing[];
  /** The space group that the file of the list states, and whether the data agree; undefined if it states none. */
  readonly stated?: StatedSpaceGroup | undefined;
  /** Whether the data contradict the space group, the centring or the point group that they are said to have. */
  readonly isDoubtful: boolean;
  /** What to know of the tests, in sentences. */
  readonly remarks: readonly string[];
}

/**
 * Tests a list of merged intensities: Wilson plot, twinning, the space group by its absences, outliers and rings of ice.
 * All of them know the errors; none of them changes the list. `setting` is the space group that is stated: unless the data
 * contradict it, the tests take its centric and its absent reflections.
 */
export function checkReflections(
  list: ReflectionList,
  subject: ListSubject,
  options: CheckOptions = {},
  setting?: SpaceGroupSetting,
): Omit<ListCheck, 'isDoubtful'> {
  const { chiral: _, ...limits } = options;
  const { unique, own } = withoutMates(list, subject);
  // Space groups are told apart by what all of them have in common.
  const common = expectedIntensities(unique, own);
  const judged = setting && judgedBy(unique, own, common, setting);
  const stated = judged?.isContradicted ? undefined : setting;
  const crystal = { ...subject, stated };
  const { shells, overall, ...within } = mergeStatistics(list, undefined, crystal, { ...limits, twins: false });
  if (overall.unique === 0 && (limits.lowres ?? limits.highres) !== undefined)
    throw noneWithin('the list', list, subject.cell);
  // Limits are those of the shells: the tests take all reflections.
  const isLimited = (limits.lowres ?? limits.highres) !== undefined;
  const { wilson } = isLimited ? mergeStatistics(list, undefined, crystal, { twins: false }) : within;
  const of = stated ? expectedIntensities(unique, { ...own, stated }, common) : common;
  const chiral = options.chiral ?? isChiralCell(lengthsOf(subject.cell));
  return {
    reflections: list.count,
    endsAt: of.endsAt,
    shells: shells.map(inShell),
    overall: inShell(overall),
    wilson,
    ...twinTests(unique, own, of),
    spaceGroups: rankSpaceGroups(unique, own, common, chiral),
    outliers: outliersOf(unique, of),
    ice: iceOf(unique, of),
    ...(judged && { stated: judged }),
    remarks: [...crystalText(setting, stated !== undefined), ...remarksOf(list)],
  };
}

const inShell = (shell: ShellStatistics): ListShell => {
  const { dMax, dMin, unique, possible, completeness, measurements, multiplicity, snr, meanIntensity } = shell;
  return { dMax, dMin, unique, possible, completeness, measurements, multiplicity, snr, meanIntensity };
};

/** What a list lacks for the tests. */
function remarksOf(list: ReflectionList): string[] {
  const without = withoutError(list);
  if (without === 0) return [];
  const { count } = list;
  const which = without === count ? 'No reflection has a sigma' : `${without} of ${count} reflections have no sigma`;
  return [
    `${which}: absences, outliers and ice are judged by errors, and the twin tests took these as exact; give a list with ` +
      'the sigmas of its merge.',
  ];
}
