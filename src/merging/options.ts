/** Checks the options of a merge; parameters.ts has their names, ranges and defaults. */

import { expects } from '../base/arguments.js';
import { callback } from '../base/callbacks.js';
import { EwaldError } from '../base/errors.js';
import { knownOptions, shown } from '../base/options.js';
import { checked, defaultsOf, refusal, refuseOthers, type Values } from '../base/parameters.js';
import type { KnownCell } from '../crystal/cell-file.js';
import { laueName, pointGroup, pointGroupNames } from '../crystal/symmetry/point-group.js';
import type { MetricTolerance } from '../crystal/symmetry/settings.js';
import { pointGroupOfSpaceGroup, type SpaceGroup, spaceGroup } from '../crystal/symmetry/space-group.js';
import type { ReflectionList } from './hkl.js';
import type { MergeOptions } from './parameter-types.js';
import { type MergeModel, mergeMode, mergeRows } from './parameters.js';
import { type Polarisation, readPolarisation } from './polarisation.js';
import type { Split } from './split.js';

export type { MergeOptions } from './parameter-types.js';
export { type MergeModel, mergeModels } from './parameters.js';

/** Options that have been checked. */
export interface CheckedMerge {
  readonly symmetry: string;
  readonly cell: KnownCell | undefined;
  readonly spaceGroup: SpaceGroup | undefined;
  readonly model: MergeModel;
  readonly iterations: number;
  readonly minMeasurements: number;
  /** 1/angstrom */
  readonly pushRes: number;
  readonly minSnr: number;
  readonly maxAdu: number;
  readonly polarisation: Polarisation | 'auto' | undefined;
  readonly ambiguity: boolean;
  readonly starts: number;
  readonly seed: number;
  readonly reference: ReflectionList | undefined;
  readonly split: Split | undefined;
  readonly splitBy: string | undefined;
  readonly shells: number;
  readonly lowres: number | undefined;
  readonly highres: number | undefined;
}

/** The value of the symmetry that selects the likeliest Laue group of the data. */
export const automatic = 'auto';
/** Largest deviation of a crystal's cell from the cell of the merge. */
export const cellTolerance: MetricTolerance = { lengths: 0.1, anglesDeg: 5 };

function checkReference(list: ReflectionList | undefined): ReflectionList | undefined {
  if (list === undefined) return undefined;
  if (typeof list?.symmetry !== 'string' || !(list.count > 0) || list.indices?.length !== 3 * list.count)
    throw new EwaldError(
      'Argument',
      `merge: reference is ${shown(list)}; expected a list that readReflectionList or readMtzReflections gave`,
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

/** The options that have a fixed default. */
type WithDefault = Exclude<keyof Values<typeof mergeRows>, 'symmetry' | 'lowres' | 'highres' | 'splitBy'>;
type Defaults = Required<Pick<Values<typeof mergeRows>, WithDefault>>;
const defaults = /* @__PURE__ */ defaultsOf(mergeRows) as Defaults;

/** Throws `Argument` for a name that is not a point group; for a space group, the error names its point group. */
function checkPointGroup(symmetry: string): void {
  const group = pointGroupNames.includes(symmetry) ? undefined : pointGroupOfSpaceGroup(symmetry);
  if (group !== undefined)
    throw refusal(
      'merge',
      (name) =>
        `${name('symmetry')} is "${symmetry}", a space group; expected its point group ${group}, or ` +
        `${laueName(pointGroup(group))} if Friedel mates are merged; ${name('spaceGroup')} ` +
        `${symmetry.replace(/\s/g, '')} is for MTZ files`,
    );
  pointGroup(symmetry);
}

/** Checks the options of a merge. Throws `Argument`. */
export function checkMerge(options: MergeOptions): CheckedMerge {
  knownOptions('merge', options, Object.keys(mergeRows));
  const { symmetry } = options;
  if (typeof symmetry !== 'string')
    throw new EwaldError(
      'Argument',
      `merge: symmetry is ${shown(symmetry)}; expected a point group such as "4/mmm", or auto`,
    );
  if (symmetry !== automatic) checkPointGroup(symmetry);
  const said = (name: string): string => `merge: ${name}`;
  const values = { ...defaults, ...checked(mergeRows, { ...options }, said) };
  refuseOthers(mergeRows, { ...options }, mergeMode(values), said);
  const { lowres, highres, polarisation, pushRes } = values;
  if (lowres !== undefined && highres !== undefined && lowres <= highres)
    throw refusal(
      'merge',
      (name) =>
        `${name('lowres')} is ${lowres} and ${name('highres')} ${highres} angstrom; the first is the larger one`,
    );
  if (options.split !== undefined && values.splitBy !== undefined)
    throw refusal('merge', (name) => `${name('split')} and ${name('splitBy')} are both given; expected one of them`);
  return {
    ...values,
    splitBy: values.splitBy,
    symmetry,
    cell: options.cell === undefined ? undefined : knownCellOf(options.cell),
    spaceGroup: options.spaceGroup === undefined ? undefined : spaceGroup(options.spaceGroup),
    pushRes: pushRes / 10,
    polarisation: polarisation === 'auto' ? 'auto' : readPolarisation(polarisation),
    reference: checkReference(options.reference),
    split: callback('merge: split', options.split),
    lowres,
    highres,
  };
}
