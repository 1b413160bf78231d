/** The options of a merge: names, ranges and defaults, checked in one place. */

import { EwaldError } from '../base/errors.js';
import { callback, choice, flag, integer, knownOptions, real, shown } from '../base/options.js';
import type { KnownCell } from '../crystal/cell-file.js';
import type { ReflectionList } from './hkl.js';
import { type Polarisation, readPolarisation } from './polarisation.js';
import type { Split } from './split.js';
import { type PointGroup, pointGroup } from './symmetry/point-group.js';
import type { MetricTolerance } from './symmetry/settings.js';

/** The models of observations. */
export const mergeModels = ['gaussian', 'xsphere', 'unity', 'mean'] as const;
/**
 * `gaussian`: scale, relative B, profile radius and orientation of each crystal. `xsphere`: the same with the spectrum's
 * width in the partiality. `unity`: scale and relative B alone. `mean`: the plain mean of the observations.
 */
export type MergeModel = (typeof mergeModels)[number];

/** Options of a merge. */
export interface MergeOptions {
  /** Point group as CrystFEL names it: `4/m`, `422`, `321_H`, `2/m_uab`, …; equivalent intensities are merged. */
  readonly symmetry: string;
  /** The cell; default: the median of the crystals' cells. */
  readonly cell?: KnownCell;
  /** Default `gaussian`. */
  readonly model?: MergeModel;
  /** Maximum number of cycles of scaling and merging, 0 … 100; default 10. They end when the merge has converged. */
  readonly iterations?: number;
  /** Minimum number of observations for a reflection to be written, 1 … 1000; default 2. */
  readonly minMeasurements?: number;
  /** How far beyond each crystal's resolution limit observations are used, in 1/nm; −∞ … ∞, default ∞. */
  readonly pushRes?: number;
  /** Observations with a smaller I/σ(I) are rejected; default −∞, since weak observations carry information as well. */
  readonly minSnr?: number;
  /** Observations whose peak value exceeds this number of counts are rejected; default ∞. */
  readonly maxAdu?: number;
  /**
   * The polarisation of the beam that is corrected for: `horiz`, `vert`, `none`, a share of the intensity at an angle
   * such as `0.98@0`, or `auto` (default), which measures it from the data and uses `horiz` if they do not determine
   * it.
   */
  readonly polarisation?: string;
  /** Whether the indexing ambiguity is resolved where the cell has one; default true. */
  readonly ambiguity?: boolean;
  /** Number of random starts for resolving the ambiguity, 1 … 1000; default 6. */
  readonly starts?: number;
  /** Seed of the random starts, 0 … 2⁵³; default 0. */
  readonly seed?: number;
  /** Known intensities: they determine the setting of the merge as a whole, and statistics compare it with them. */
  readonly reference?: ReflectionList;
  /** Returns the data set of each frame: scales and settings are common, and each set is also merged separately. */
  readonly split?: Split;
  /** Number of resolution shells of the statistics, 1 … 1000; default 10. */
  readonly shells?: number;
  /** Resolution limits of the statistics in angstrom; default: those of the data. */
  readonly lowres?: number;
  readonly highres?: number;
}

/** Options that have been checked. */
export interface CheckedMerge {
  readonly symmetry: string;
  readonly group: PointGroup;
  readonly cell: KnownCell | undefined;
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
  readonly shells: number;
  readonly lowres: number | undefined;
  readonly highres: number | undefined;
}

/** Largest deviation of a crystal's cell from the cell of the merge. */
export const cellTolerance: MetricTolerance = { lengths: 0.1, anglesDeg: 5 };
/** Largest deviation of the cell from the symmetry of the point group. */
export const symmetryTolerance: MetricTolerance = { lengths: 0.03, anglesDeg: 3 };

const names = [
  'symmetry',
  'cell',
  'model',
  'iterations',
  'minMeasurements',
  'pushRes',
  'minSnr',
  'maxAdu',
  'polarisation',
  'ambiguity',
  'starts',
  'seed',
  'reference',
  'split',
  'shells',
  'lowres',
  'highres',
];

const any = (what: string, value: number | undefined, fallback: number): number =>
  real(what, value, fallback, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);

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

/** Checks the options of a merge. Throws `Argument`. */
export function checkMerge(options: MergeOptions): CheckedMerge {
  knownOptions('merge', options, names);
  const { symmetry } = options;
  if (typeof symmetry !== 'string')
    throw new EwaldError('Argument', `merge: symmetry is ${shown(symmetry)}; expected a point group such as "4/mmm"`);
  const resolution = (what: string, value: number | undefined): number | undefined =>
    value === undefined ? undefined : real(what, value, value, 0.1, 1e6);
  const [lowres, highres] = [
    resolution('merge: lowres', options.lowres),
    resolution('merge: highres', options.highres),
  ];
  if (lowres !== undefined && highres !== undefined && lowres <= highres)
    throw new EwaldError(
      'Argument',
      `merge: lowres is ${lowres} and highres ${highres} angstrom; lowres is the larger one`,
    );
  return {
    symmetry,
    group: pointGroup(symmetry),
    cell: options.cell,
    model: choice('merge: model', options.model, 'gaussian', mergeModels),
    iterations: integer('merge: iterations', options.iterations, 10, 0, 100),
    minMeasurements: integer('merge: minMeasurements', options.minMeasurements, 2, 1, 1000),
    pushRes: any('merge: pushRes', options.pushRes, Number.POSITIVE_INFINITY) / 10,
    minSnr: any('merge: minSnr', options.minSnr, Number.NEGATIVE_INFINITY),
    maxAdu: any('merge: maxAdu', options.maxAdu, Number.POSITIVE_INFINITY),
    polarisation:
      (options.polarisation ?? 'auto') === 'auto' ? 'auto' : readPolarisation(options.polarisation as string),
    ambiguity: flag('merge: ambiguity', options.ambiguity, true),
    starts: integer('merge: starts', options.starts, 6, 1, 1000),
    seed: integer('merge: seed', options.seed, 0, 0, 2 ** 53),
    reference: checkReference(options.reference),
    split: callback('merge: split', options.split),
    shells: integer('merge: shells', options.shells, 10, 1, 1000),
    lowres,
    highres,
  };
}
