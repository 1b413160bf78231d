/** The results of a merge: its lists of reflections, crystals and counts. */

import type { BackendName } from '../compute/backends/names.js';
import type { Centring } from '../crystal/centring.js';
import type { PlainOf } from '../util/plain.js';
import type { ScanCounts } from './collection/counts.js';
import type { PlaceScale } from './fit/place-scales.js';
import type { WantedAnswer } from './forecast/answers.js';
import type { ReflectionList } from './lists/hkl.js';
import type { MergeModel } from './options.js';
import type { MergedCells } from './setting/cells.js';
import type { MergedMultiple } from './setting/multiple.js';
import type { MergeStatistics } from './statistics/statistics.js';

/** The results of a merge for one crystal. */
export interface MergedCrystal {
  readonly filename: string;
  readonly event: string;
  /** Index of the way in `waysToIndex` in which it was indexed. */
  readonly way: number;
  /** ln of the odds of that way, infinite if the crystal's cell allows no other; it is doubtful if below 5. */
  readonly logOdds: number;
  /** G: the scale of the crystal's intensities relative to the mean crystal. */
  readonly scale: number;
  /** B relative to the mean crystal's, Å². */
  readonly relativeB: number;
  /** Profile radius, 1/angstrom. */
  readonly radius: number;
  /** Correction of the orientation about x and y, radians. */
  readonly rotation: readonly [number, number];
  /** RMS deviation from the merge of the other crystals, in units of the expected deviation. */
  readonly deviation: number;
}

/**
 * What was merged, and what was not, by reason. Frames, and crystals that cannot be used, are those of all inputs; crystals
 * and rows those between `startAfter` and `stopAfter`.
 */
export interface MergeCounts extends ScanCounts {
  /** Crystals that can be used; those that are merged, and those of `otherCell` and `belowCc`. */
  readonly crystals: number;
  /** Observations of the crystals that are merged. */
  readonly reflections: number;
  /** Crystals with another cell. */
  readonly otherCell: number;
  /** Crystals that correlate with the others by less than `minCc`. */
  readonly belowCc: number;
}

/** Merged reflections with their halves and statistics. */
export interface MergedLists {
  readonly reflections: ReflectionList;
  readonly halves: readonly [ReflectionList, ReflectionList];
  readonly statistics: MergeStatistics;
  /** The reflections as a CrystFEL list, or those of half 1 or 2. */
  toHkl(half?: 1 | 2): string;
  /**
   * The reflections and their statistics as an mmCIF file, for a deposition. Throws `Unsupported` for settings that the tables
   * lack.
   */
  toCif(): string;
  /**
   * The reflections as an MTZ file in the lowest symmorphic space group. Throws `Unsupported` for settings that CCP4
   * lacks.
   */
  toMtz(): Uint8Array;
}

/** The merge of one of several data sets, on the scale of the common merge; its halves have common scales as well. */
export interface MergedDataset extends MergedLists {
  readonly name: string;
}

/** The polarisation for which the intensities were corrected. */
export interface MergedPolarisation {
  /** `horiz`, `vert`, `none` or a share at an angle such as `0.98@0`. */
  readonly correction: string;
  /**
   * The measured degree: 1 for horizontal, −1 for vertical, 0 for no dependence on the azimuth; NaN if the polarisation
   * was given.
   */
  readonly degree: number;
  /** Standard error of `degree`; NaN if the polarisation was given. */
  readonly error: number;
}

/** Merged data; the two halves are scaled independently. */
export interface MergeResultMethods extends MergedLists {
  /** The backend that computed the merge. */
  readonly backend: BackendName;
  readonly model: MergeModel;
  /** Lengths (angstrom) and angles (degrees). */
  readonly cell: readonly [number, number, number, number, number, number];
  readonly centring: Centring;
  /** In angstrom, the median of the crystals; 0 if they were measured with several, which a remark names. */
  readonly wavelengthA: number;
  readonly polarisation: MergedPolarisation;
  /** Estimated proportional error of the intensities, 0.02 … 0.6; NaN for a plain mean. */
  readonly proportionalError: number;
  /** The data sets of `split`, by name. */
  readonly datasets: readonly MergedDataset[];
  readonly crystals: readonly MergedCrystal[];
  /** Operations on indices by which crystals differ, `h,k,l` first; a single one means that there was no ambiguity. */
  readonly waysToIndex: readonly string[];
  /** How far the cells of the crystals agree, after the ways to index are resolved. */
  readonly cells: MergedCells;
  /** What the intensities show of a cell that is a multiple of the right one; undefined if they need all of it. */
  readonly multiple: MergedMultiple | undefined;
  /**
   * The intensities of each panel of the detector against those of the others at their resolution, and of squares of 256
   * pixels of larger panels; empty if the streams name one place alone, or none.
   */
  readonly panels: readonly PlaceScale[];
  readonly counts: MergeCounts;
  /** The answers to `wanted`, in its order; absent if nothing was wanted. */
  readonly forecast?: readonly WantedAnswer[] | undefined;
  /** Number of merged crystals. */
  readonly merged: number;
  /** Remarks for the user, one sentence each. */
  readonly remarks: readonly string[];
  /**
   * Whether the data contradict the point group, the halves do not agree (CC1/2 below .1), shells are negative, the
   * cells of the crystals disagree, most crystals contradict themselves, the cell is a multiple of the right one, a part of the detector has other
   * intensities than the rest, or a run doubted the cell of its stream;
   * the remarks say which. The command then ends with exit code 1.
   */
  readonly isDoubtful: boolean;
  /**
   * The observations one by one as an MTZ file, in the setting chosen for each crystal: M/ISYM, BATCH (the crystal), I,
   * SIGI, SCALE, dHKL and ewald_offset. Throws `Unsupported` for settings that CCP4 lacks and for plain means, `Limit`.
   */
  toUnmergedMtz(): Uint8Array;
  /**
   * The same observations as mmCIF (`_diffrn_refln`), with the indices as they were measured, for a deposition beside the merged
   * ones. Throws as toUnmergedMtz.
   */
  toUnmergedCif(): string;
  /**
   * "Table 1" of a publication, as text (default), a LaTeX table or CSV, with the outermost shell in parentheses. R values are
   * fractions. Throws `Argument`, `Unsupported` for settings that the tables lack.
   */
  toTable1(form?: 'text' | 'latex' | 'csv'): string;
  /** The result as plain data, which `postMessage` and structured cloning keep whole. */
  toPlain(): PlainMerge;
}
/** What `toPlain` of a merge returns: its lists and statistics, without the methods that write them. */
type PlainMerge = Omit<PlainOf<MergeResultMethods>, 'datasets'> & {
  readonly datasets: readonly PlainOf<MergedDataset>[];
};
export type MergeResult = MergeResultMethods;
