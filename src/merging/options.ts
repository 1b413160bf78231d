/** Checks the options of a merge; parameters.ts has their names, ranges and defaults. */

import type { KnownCell } from '../crystal/cell-file.js';
import { readPolarisation } from '../crystal/polarisation.js';
import { laueName, pointGroup, pointGroupNames } from '../crystal/symmetry/point-group.js';
import type { MetricTolerance } from '../crystal/symmetry/settings.js';
import { pointGroupOfSpaceGroup } from '../crystal/symmetry/space-group.js';
import { checkedOptions } from '../options/call-options.js';
import { argumentError, refuseOthers } from '../options/parameters.js';
import { expects } from '../util/arguments.js';
import { callback } from '../util/callbacks.js';
import { EwaldError } from '../util/errors.js';
import { inspect } from '../util/options.js';
import { regionSplitOf } from './collection/region-split.js';
import { readGoals } from './forecast/goals.js';
import type { ReflectionList } from './lists/hkl.js';
import type { MergeOptions } from './parameter-types.js';
import { mergeMode, mergeRows } from './parameters.js';
import { originRemark, statedGroupOf } from './reflections/space-group-laue.js';

export type { MergeOptions } from './parameter-types.js';
export { type MergeModel, mergeModels } from './parameters.js';

/** Options that have been checked; `pushRes` in 1/angstrom. */
export type CheckedMerge = ReturnType<typeof checkMerge>;

/** The value of the symmetry that selects the likeliest Laue group of the data. */
export const automatic = 'auto';
/** Largest deviation of a crystal's cell from the cell of the merge. */
export const cellTolerance: MetricTolerance = { lengths: 0.1, anglesDeg: 5 };

function checkReference(list: ReflectionList | undefined): ReflectionList | undefined {
  if (list === undefined) return undefined;
  if (typeof list?.symmetry !== 'string' || !(list.count > 0) || list.indices?.length !== 3 * list.count)
    throw new EwaldError(
      'Argument',
      `merge: reference is ${inspect(list)}; expected a list that readReflectionList or readMtzReflections gave`,
    );
  pointGroup(list.symmetry);
  return list;
}

/** The cell of a merge. Throws `Argument`, also for the path of a cell file, which this room does not open. */
function knownCellOf(cell: unknown): KnownCell {
  expects(
    typeof cell === 'object' && cell !== null && Array.isArray((cell as Partial<KnownCell>).cell),
    'merge: cell',
    cell,
    'what readCell(text) returns',
  );
  return cell as KnownCell;
}

/** Throws `Argument` for a name that is not a point group; for a space group, the error names its point group. */
function checkPointGroup(symmetry: string): void {
  const group = pointGroupNames.includes(symmetry) ? undefined : pointGroupOfSpaceGroup(symmetry);
  if (group !== undefined)
    throw argumentError(
      'merge',
      (name) =>
        `${name('symmetry')} is "${symmetry}", a space group; expected its point group ${group}, or ` +
        `${laueName(pointGroup(group))} if Friedel mates are merged; ${name('spaceGroup')} ` +
        `${symmetry.replace(/\s/g, '')} is what files state`,
    );
  pointGroup(symmetry);
}

/** Checks the options of a merge. Throws `Argument`. */
export function checkMerge(options: MergeOptions) {
  const values = checkedOptions('merge', options, mergeRows);
  const { symmetry, cell, lowres, highres, polarisation, split } = values;
  if (typeof symmetry !== 'string')
    throw new EwaldError(
      'Argument',
      `merge: symmetry is ${inspect(symmetry)}; expected a point group such as "4/mmm", or auto`,
    );
  if (symmetry !== automatic) checkPointGroup(symmetry);
  refuseOthers(mergeRows, { ...options }, mergeMode(values), (name) => `merge: ${name}`);
  if (lowres !== undefined && highres !== undefined && lowres <= highres)
    throw argumentError(
      'merge',
      (name) =>
        `${name('lowres')} is ${lowres} and ${name('highres')} ${highres} angstrom; the first is the larger one`,
    );
  if (split !== undefined && values.splitBy !== undefined)
    throw argumentError(
      'merge',
      (name) => `${name('split')} and ${name('splitBy')} are both given; expected one of them`,
    );
  regionSplitOf(values.splitBy);
  const wanted = readGoals(values.wanted);
  if (wanted.some(({ kind }) => kind === 'difference') && split === undefined && values.splitBy === undefined)
    throw argumentError(
      'merge',
      (name) => `${name('wanted')} asks for a difference; name the field of its two data sets with ${name('splitBy')}`,
    );
  return {
    ...values,
    cell: cell === undefined ? undefined : knownCellOf(cell),
    spaceGroup: values.spaceGroup === undefined ? undefined : statedGroupOf(values.spaceGroup),
    origin: values.spaceGroup === undefined ? undefined : originRemark(values.spaceGroup),
    pushRes: values.pushRes / 10,
    polarisation: polarisation === 'auto' ? ('auto' as const) : readPolarisation(polarisation),
    reference: checkReference(values.reference),
    split: callback('merge: split', split),
    wanted,
  };
}
