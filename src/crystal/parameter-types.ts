/** Options of this room; the build writes each of them into the declarations, with the sentence of its row. */
import type { OptionsOf } from '../options/parameters.js';
import type { cellAmbiguitiesRows, compareCellsRows, powderRingsRows, transformCellRows } from './parameters.js';

/** Options of a comparison of two cells. */
export interface CompareCellsOptions extends OptionsOf<typeof compareCellsRows> {}
/** Options of new axes of a cell. */
export interface TransformCellOptions extends OptionsOf<typeof transformCellRows> {}
/** Options of the rings of a powder. */
export interface PowderRingsOptions extends OptionsOf<typeof powderRingsRows> {}
/** Options of the ways to index a cell. */
export interface CellAmbiguitiesOptions extends OptionsOf<typeof cellAmbiguitiesRows> {}
