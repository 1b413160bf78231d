// Generated from parameters.ts by `npm run layout`. Do not edit.

import type { KnownCell } from '../../crystal/cell-file.js';
import type { Split } from './collection/split.js';
import type { ReflectionList } from './lists/hkl.js';

/** Options of a merge. */
export interface MergeOptions {
  /**
   * Point group as CrystFEL names it (4/mmm, 422, 321_H, 2/m_uab, …), or auto. Equivalent intensities of the group
   * are merged. With auto it is the highest Laue group of the lattice whose equivalent observations agree. A name
   * without an axis takes the unique axis of the cell.
   */
  readonly symmetry: string;
  /** The cell; in the command a .cell or PDB file, or a,b,c,al,be,ga. Default the median of the crystals. */
  readonly cell?: KnownCell | undefined;
  /**
   * Space group that MTZ files state, such as P43212. One of the 65 space groups of chiral molecules; merging does
   * not depend on it. Default the symmorphic one of the point group.
   */
  readonly spaceGroup?: string | undefined;
  /**
   * How observations depend on the intensities. The models `gaussian` and `xsphere` fit scale, relative B, profile
   * radius and orientation of each crystal, xsphere with the width of the spectrum; `unity` fits scale and relative B
   * alone; `mean` is the plain mean. Default gaussian.
   */
  readonly model?: 'gaussian' | 'xsphere' | 'unity' | 'mean' | undefined;
  /**
   * Of gaussian, xsphere, unity. Largest number of cycles of scaling and merging, which end when the merge has
   * converged. 0 … 100; default 10.
   */
  readonly iterations?: number | undefined;
  /** Fewest observations per merged reflection. 1 … 1000; default 2. */
  readonly minMeasurements?: number | undefined;
  /** How far beyond each crystal's resolution limit observations are used. 1/nm; -inf … inf; default inf. */
  readonly pushRes?: number | undefined;
  /**
   * Observations with a smaller I/sigma(I) are rejected. Weak observations carry information as well. -inf … inf;
   * default -inf.
   */
  readonly minSnr?: number | undefined;
  /** Observations whose peak is above this value are rejected. Counts; -inf … inf; default inf. */
  readonly maxAdu?: number | undefined;
  /**
   * Only crystals that diffract to this d or beyond are merged. Crystals whose resolution limit is unknown are
   * merged. Angstrom; 0.1 … inf; default inf.
   */
  readonly minRes?: number | undefined;
  /**
   * Crystals that correlate less with the mean of all others are not merged. The correlation is that of the
   * intensities as they are, without scales and partialities, which is low for stills; deviating crystals have less
   * weight in any case. -1 … 1; default none.
   */
  readonly minCc?: number | undefined;
  /**
   * Leaves out this many crystals at the beginning. Those that cannot be merged, or that minRes leaves out, are not
   * counted. 0 … 4294967295; default 0.
   */
  readonly startAfter?: number | undefined;
  /** Merges this many crystals at most, of those after --start-after. 1 … 4294967295; default all. */
  readonly stopAfter?: number | undefined;
  /**
   * Polarisation of the beam: auto, horiz, vert, none, or FRACTION@ANGLE such as 0.98@0. With auto it is measured
   * from the data, and horizontal if they do not determine it. Default auto.
   */
  readonly polarisation?: string | undefined;
  /** Resolves the indexing ambiguity where the cell has one. Default true. */
  readonly ambiguity?: boolean | undefined;
  /**
   * Of resolving the ambiguity. The operation on indices that is ambiguous, such as k,h,-l, or the point group of the
   * lattice. Without it all operations that keep the cell are tried. Default as the cell allows.
   */
  readonly operator?: string | undefined;
  /** Of resolving the ambiguity. Random starts in resolving the indexing ambiguity. 1 … 1000; default 6. */
  readonly starts?: number | undefined;
  /** Of resolving the ambiguity. Seed of these starts. 0 … 9007199254740991; default 0. */
  readonly seed?: number | undefined;
  /** Known intensities, which determine the setting of the merge and are compared with it; .hkl or .mtz. */
  readonly reference?: ReflectionList | undefined;
  /**
   * Data set of each frame: scales and settings are common, and each set is also merged separately. In the command, a
   * table with one line per frame, "filename event dataset".
   */
  readonly split?: Split | undefined;
  /**
   * Field that --copy-header wrote into the stream, whose value is the data set of a frame; or the level of a region
   * of --roi that divides the frames, such as roi:lamp.mean>50. Takes the place of a table: pump on and off, delays,
   * temperatures. A frame without it is in no data set.
   */
  readonly splitBy?: string | undefined;
  /**
   * Of gaussian, xsphere, unity. A goal, such as 'CC1/2=.5@2.0A', 'complete=95%@2.0A', 'I/sigma=2@2.0A' or
   * 'difference=5s', and when it is reached. The first three are those of the outermost of the shells down to this d.
   * A difference is that of the two data sets of splitBy or split. May be repeated.
   */
  readonly wanted?: readonly string[] | undefined;
  /** Resolution shells of the statistics. 1 … 1000; default 10. */
  readonly shells?: number | undefined;
  /** Largest d of the statistics. Angstrom; 0.1 … 1e6; default all. */
  readonly lowres?: number | undefined;
  /** Smallest d of the statistics. Angstrom; 0.1 … 1e6; default all. */
  readonly highres?: number | undefined;
}
