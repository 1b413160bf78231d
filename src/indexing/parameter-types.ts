/** Options of this room; the build writes each of them into the declarations, with the sentence of its row. */
import type { OptionsOf } from '../options/parameters.js';
import type { cellSearchRows } from './parameters.js';

/** How an unknown cell is looked for. */
export interface CellSearchParameters extends OptionsOf<typeof cellSearchRows> {}
