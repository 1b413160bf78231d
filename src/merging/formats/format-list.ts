/** The form of the next program, as it is asked for from JavaScript: options are checked here. */

import type { KnownCell } from '../../crystal/cell-file.js';
import { hasPointGroup } from '../../crystal/symmetry/space-group.js';
import { checkedOptions } from '../../options/call-options.js';
import { argumentError } from '../../options/parameters.js';
import { expects, expectsMembers } from '../../util/arguments.js';
import { wavelengthRange } from '../../util/range.js';
import type { ReflectionList } from '../lists/hkl.js';
import { checkSpaceGroup } from '../lists/merged-mtz.js';
import { groupInCell } from '../reflections/calls.js';
import type { FormatListOptions } from '../reflections/parameter-types.js';
import { formatListRows } from '../reflections/parameters.js';
import { originRemark, statedGroupOf } from '../reflections/space-group-laue.js';
import { doubtOfSpaceGroup, settingOfStated } from '../reflections/stated-absences.js';
import { inStatedAxes } from '../reflections/stated-axes.js';
import { type FormattedList as FormattedFile, formatReflections as formatted } from './format-reflections.js';
import { type ListKind, listKinds } from './read-reflections.js';

/** A file, and what to know of it. */
export interface FormattedList extends FormattedFile {
  /** Whether the data contradict the space group that the file states. */
  readonly isDoubtful: boolean;
}

/**
 * Writes a list as a CrystFEL list, an MTZ, mmCIF, XDS_ASCII or HKLF 4 file (hkl, mtz, cif, xds, shelx). Throws `Argument`,
 * `Unsupported` for what the format cannot state, `Limit` for indices that do not fit.
 */
export function formatReflections(list: ReflectionList, kind: ListKind, options: FormatListOptions): FormattedList {
  const what = 'formatReflections';
  expectsMembers(
    `${what}: the list`,
    list,
    ['symmetry', 'count', 'indices', 'intensity', 'sigma'],
    'what readReflections or a merge returns',
  );
  expects(Object.hasOwn(listKinds, kind), `${what}: the kind`, kind, `one of ${Object.keys(listKinds).join(', ')}`);
  const { wavelengthA, spaceGroup: name, frenchWilson } = checkedOptions(what, options, formatListRows);
  const known = options.cell as KnownCell;
  expects(
    Array.isArray((options.cell as Partial<KnownCell> | undefined)?.cell),
    `${what}: cell`,
    known,
    'what readCell(text) returns',
  );
  const group = groupInCell(list.symmetry, inStatedAxes(what, list, known));
  const statedGroup = name === undefined ? undefined : statedGroupOf(name);
  if (statedGroup) checkSpaceGroup(statedGroup, group, known.centring);
  const { cell, centring } = known;
  const own = list.spaceGroup === undefined ? undefined : statedGroupOf(list.spaceGroup);
  const isOwn = statedGroup === undefined && own !== undefined && hasPointGroup(own, group, centring);
  const stated = isOwn ? own : statedGroup;
  const wavelength = wavelengthA ?? statedWavelength(what, list);
  const doubt =
    stated && kind !== 'hkl'
      ? doubtOfSpaceGroup({ ...list, wavelengthA: wavelength }, { cell, centring, group }, stated.name)
      : undefined;
  const formattedList = formatted(list, kind, {
    cell,
    centring,
    group,
    wavelengthA: wavelength,
    spaceGroup: stated,
    ...(stated && !doubt?.isContradicted && { stated: settingOfStated(stated.name, centring) }),
    frenchWilson,
  });
  const origin = name === undefined || kind === 'hkl' ? undefined : originRemark(name);
  const remarks = [...formattedList.remarks, ...[origin, doubt?.text].filter((text) => text !== undefined)];
  return { ...formattedList, remarks, isDoubtful: doubt?.isContradicted ?? false };
}

/** The wavelength of a list; 0 if it states none. Throws `Argument` for one that no crystal is measured with. */
function statedWavelength(what: string, { wavelengthA = 0 }: ReflectionList): number {
  const { low, high } = wavelengthRange;
  if (wavelengthA === 0 || (wavelengthA >= low && wavelengthA <= high)) return wavelengthA;
  throw argumentError(
    what,
    (name) =>
      `the list states the wavelength ${wavelengthA}; expected ${low} to ${high} angstrom: give the right one with ` +
      `${name('wavelengthA')}`,
  );
}
