/** The tools for lists of reflections as they are called from JavaScript: options are checked here, once. */

import { anglesOf, lengthsOf } from '../../crystal/cell.js';
import type { KnownCell } from '../../crystal/cell-file.js';
import { type SpaceGroupSetting, spaceGroupSetting } from '../../crystal/space-groups/groups.js';
import { reindexedSetting } from '../../crystal/space-groups/stated.js';
import type { Operation } from '../../crystal/symmetry/matrices.js';
import { laueNamesOf, notOfSymmetry, orientedGroup, shownParameters } from '../../crystal/symmetry/oriented.js';
import { laueGroup, type PointGroup, pointGroup } from '../../crystal/symmetry/point-group.js';
import { hasPointGroup } from '../../crystal/symmetry/space-group.js';
import { checkedOptions } from '../../options/call-options.js';
import { argumentError } from '../../options/parameters.js';
import { expects, expectsMembers } from '../../util/arguments.js';
import type { EwaldError } from '../../util/errors.js';
import { freeAfter } from '../lists/free-set.js';
import type { ReflectionList } from '../lists/hkl.js';
import { centringRemark } from '../setting/forbidden.js';
import type { SpaceGroupRanking } from './absences.js';
import { type Amplitudes, frenchWilson as amplitudesOf } from './amplitudes.js';
import { checkReflections as checked, type ListCheck } from './check.js';
import { compareReflections as compared, type ListComparison } from './compare.js';
import { type ConvertedList, convertReflections as converted } from './convert.js';
import { areUnlike, groupRemark, joinedPairs, joinedWords } from './equivalents.js';
import type { ListSubject } from './expected.js';
import { doubtsOfList } from './list-doubts.js';
import { addsTo, commonGroup, inSetting, movedInto } from './lists-in-group.js';
import type { CheckListOptions, CompareListsOptions, ConvertListOptions, ListOptions } from './parameter-types.js';
import { checkListRows, compareListsRows, convertListRows, listSubjectRows } from './parameters.js';
import { reindexedSubject, reindexedWords, reindexing } from './reindexed.js';
import { statedGroup } from './space-group-laue.js';
import { namesText, type StatedSpaceGroup, settingOfStated, withCommonStated, withStated } from './stated-absences.js';
import { inStatedAxes } from './stated-axes.js';

/** The point group of a name in the setting of a cell, as a merge takes it. Throws `Argument` if the cell does not have it. */
export function groupInCell(name: string, { cell, uniqueAxis }: KnownCell): PointGroup {
  const found = orientedGroup(name, cell, uniqueAxis);
  if (!found) throw notOfSymmetry(cell, name);
  return found.group;
}

function expectsList(what: string, list: unknown): void {
  expectsMembers(
    what,
    list,
    ['symmetry', 'count', 'indices', 'intensity', 'sigma', 'measurements'],
    'what readReflections or a merge returns',
  );
}

/** What a list belongs to, from the options of a call. Throws `Argument`. */
function subjectOf(what: string, list: ReflectionList, { cell, symmetry }: ListOptions): ListSubject {
  expects(
    typeof cell === 'object' && cell !== null && Array.isArray((cell as Partial<KnownCell>).cell),
    `${what}: cell`,
    cell,
    'what readCell(text) returns',
  );
  const known = inStatedAxes(what, list, cell as KnownCell);
  checkOwnSymmetry(what, list, known);
  return { cell: known.cell, centring: known.centring, group: groupInCell(symmetry ?? list.symmetry, known) };
}

/** Throws `Mismatch` for a list of a symmetry that the cell does not have: then it is not the cell of the list. */
function checkOwnSymmetry(what: string, list: ReflectionList, { cell, uniqueAxis }: KnownCell): void {
  if (orientedGroup(list.symmetry, cell, uniqueAxis)) return;
  const shown = shownParameters([...lengthsOf(cell), ...anglesOf(cell)]);
  throw argumentError(
    what,
    (name) =>
      `${name('cell')} is ${shown}, which does not have the symmetry ${list.symmetry} of the list but ` +
      `${laueNamesOf(cell).join(', ')}: it is the cell of another crystal, or of other axes; give the cell of the list`,
    {},
    'Mismatch',
  );
}

function checkLimits(
  what: string,
  { lowres, highres }: { lowres?: number | undefined; highres?: number | undefined },
): void {
  if (lowres !== undefined && highres !== undefined && lowres <= highres)
    throw argumentError(
      what,
      (name) =>
        `${name('lowres')} is ${lowres} and ${name('highres')} ${highres} angstrom; the first is the larger one`,
    );
}

/**
 * Compares two lists of intensities, as compare_hkl does, with the scale, the way to index and the errors said: figures of
 * merit overall and by shell, and the ten pairs that differ most. `cell` is required; `symmetry` is that of the first list
 * if it is not given. Throws `Mismatch` if no reflection is in both, `Argument`.
 */
export function compareReflections(
  first: ReflectionList,
  second: ReflectionList,
  options: CompareListsOptions,
): ListComparison {
  const what = 'compareReflections';
  expectsList(`${what}: the first list`, first);
  expectsList(`${what}: the second list`, second);
  const values = checkedOptions(what, options, compareListsRows);
  checkLimits(what, values);
  const subject = subjectOf(what, first, options);
  const [known, other] = [first, second].map((list) => inStatedAxes(what, list, options.cell as KnownCell)) as [
    KnownCell,
    KnownCell,
  ];
  checkOwnSymmetry(what, second, other);
  const lists = [inSetting(first, known), inSetting(second, other)] as const;
  return compared(...lists, withCommonStated(lists, subject), values);
}

/**
 * Converts a list: new indices, limits of resolution, a twin, less symmetry, in this order. New indices turn the cell, the
 * point group and the space group with them. What cannot be is refused, and what is left out is counted. `cell` is
 * required. Throws `Argument`.
 */
export function convertReflections(list: ReflectionList, options: ConvertListOptions): ConvertedList {
  const what = 'convertReflections';
  expectsList(`${what}: the list`, list);
  const values = checkedOptions(what, options, convertListRows);
  checkLimits(what, values);
  const subject = subjectOf(what, list, options);
  const knownCell = inStatedAxes(what, list, options.cell as KnownCell);
  const by = values.reindex === undefined ? undefined : reindexing(what, values.reindex);
  const after = by ? reindexedSubject(what, subject, by) : subject;
  const known: KnownCell = by ? { cell: after.cell, centring: after.centring } : knownCell;
  const own = inSetting(list, knownCell);
  const joined = joinedPairs(own, subject.group, subject);
  if (joined && areUnlike(joined)) throw notEquivalent(what, own, subject.group, joinedWords(joined));
  const twin = values.twin === undefined ? undefined : groupInCell(values.twin, known);
  const { list: made, ...counts } = converted(own, subject, {
    reindex: by && { by, subject: after },
    expand: values.expand === undefined ? undefined : groupInCell(values.expand, known),
    twin,
    lowres: values.lowres,
    highres: values.highres,
  });
  const turned = by && reindexedWords(subject, after);
  const centred = centringRemark('', own, subject.centring);
  const { spaceGroup, remark } = spaceGroupAfter(list.spaceGroup, by, groupInCell(made.symmetry, known), known);
  const free = freeAfter(own, made, by, twin);
  return {
    list: {
      ...made,
      ...(free && { free }),
      ...(spaceGroup !== undefined && { spaceGroup }),
      ...(list.wavelengthA !== undefined && { wavelengthA: list.wavelengthA }),
    },
    cell: known,
    remarks: [groupRemark('The list', own, subject, joined), centred, turned, remark, free && twinnedFree(twin)].filter(
      (text) => text !== undefined,
    ),
    isDoubtful: centred !== undefined,
    ...counts,
  };
}

/** What becomes of the free set of a twin; undefined without one. */
const twinnedFree = (twin: PointGroup | undefined): string | undefined =>
  twin &&
  `Reflections that ${twin.name} relates have one intensity: the free set has all of them or none, by the flag of the one ` +
    'that represents them.';

/** The error of a list whose reflections a group would average that are not equivalent. */
function notEquivalent(what: string, list: ReflectionList, group: PointGroup, words: string): EwaldError {
  const own = laueGroup(pointGroup(list.symmetry));
  // Rows that are one reflection of its own group are averaged in every other one too.
  const isOwn = !addsTo(own, laueGroup(group));
  return argumentError(
    what,
    (name) =>
      isOwn
        ? `the list is in ${list.symmetry}, in which ${words}; give the point group that its reflections have (a file that ` +
          `states ${list.symmetry} must be corrected), or leave out the rows that are wrong`
        : `${name('symmetry')} is ${group.name}, and the list is in ${list.symmetry}: ${words}; give ${list.symmetry}` +
          (addsTo(group, own) ? '' : `, or ${name('twin')} for the mean that a perfect twin has`),
    {},
    'Mismatch',
  );
}

/** The space group of a converted list, if it has one still. */
function spaceGroupAfter(
  name: string | undefined,
  by: Operation | undefined,
  group: PointGroup,
  { centring }: KnownCell,
): { readonly spaceGroup?: string | undefined; readonly remark?: string | undefined } {
  if (name === undefined) return {};
  const before = spaceGroupSetting(name);
  const after = by ? reindexedSetting(before, by) : before;
  if (after && hasPointGroup(statedGroup(after), group, centring)) return { spaceGroup: after.name };
  const why = after ? `is in ${group.name} with the centring ${centring}` : 'has axes in which it has no name';
  return { remark: `The list was in ${name}; it ${why} now, and files state no screw axes.` };
}

/**
 * Tests a list of merged intensities: Wilson plot, twinning, the space group by its absences, outliers and rings of ice.
 * All tests know the errors, and none changes the list. `cell` is required. Throws `Argument`.
 */
export function checkReflections(list: ReflectionList, options: CheckListOptions): ListCheck {
  const what = 'checkReflections';
  expectsList(`${what}: the list`, list);
  const { spaceGroups, shells, lowres, highres } = checkedOptions(what, options, checkListRows);
  checkLimits(what, { lowres, highres });
  const chiral = spaceGroups === undefined ? undefined : spaceGroups === 'chiral';
  const subject = subjectOf(what, list, options);
  const own = inSetting(list, inStatedAxes(what, list, options.cell as KnownCell));
  // Reflections that the list has apart, or as one, are counted as the group of the call has them.
  const group = commonGroup(subject.group, [own]);
  const moved = { ...subject, group };
  const inOne = movedInto(own, group);
  const { setting, remark } = settingIn(list.spaceGroup, moved);
  const { remarks, ...result } = checked(inOne, moved, { chiral, shells, lowres, highres }, setting);
  const { texts, isDoubtful } = doubtsOfList(own, moved);
  const stated = result.stated && withRanking(result.stated, result.spaceGroups);
  return {
    ...result,
    ...(stated && { stated }),
    isDoubtful: stated?.isContradicted || isDoubtful,
    remarks: [...texts, ...(remark === undefined ? [] : [remark]), ...remarks],
  };
}

/** The space group that the file of a list states, or why it cannot be that of the list. */
function settingIn(
  name: string | undefined,
  { group, centring }: ListSubject,
): { readonly setting?: SpaceGroupSetting; readonly remark?: string } {
  if (name === undefined) return {};
  const setting = settingOfStated(name, centring);
  return hasPointGroup(statedGroup(setting), laueGroup(group), centring)
    ? { setting }
    : {
        remark: `The file states the space group ${name}, which has not the point group ${group.name} with ${centring}.`,
      };
}

/** What a list says of its space group, and whether another one has more of its absences. */
function withRanking(stated: StatedSpaceGroup, { classes: [first], verdict }: SpaceGroupRanking): StatedSpaceGroup {
  const isFirst = !first || first.names.includes(stated.name);
  if (isFirst || stated.isContradicted || verdict === 'not decided') return stated;
  return { ...stated, text: `${stated.text} By the absences it is ${namesText(first.names)} (${verdict}).` };
}

/**
 * Posterior means of the amplitudes √I of a list under Wilson's law: no reflection is dropped for being negative. Which are
 * centric or absent the space group of the list says, unless the data contradict it. `cell` is required. Throws `Argument`. French & Wilson 1978.
 */
export function frenchWilson(list: ReflectionList, options: ListOptions): Amplitudes {
  const what = 'frenchWilson';
  expectsList(`${what}: the list`, list);
  checkedOptions(what, options, listSubjectRows);
  const subject = subjectOf(what, list, options);
  const own = inSetting(list, inStatedAxes(what, list, options.cell as KnownCell));
  const joined = joinedPairs(own, subject.group, subject);
  if (joined && areUnlike(joined)) throw notEquivalent(what, own, subject.group, joinedWords(joined));
  return amplitudesOf(list, withStated(own, subject, list.spaceGroup));
}
