/** Options of this room; the build writes each of them into the declarations, with the sentence of its row. */
import type { OptionsOf } from '../options/parameters.js';
import type { checkGeometryRows, ownRunRows, refinementRows, searchSettingRows } from './parameters.js';

/** What frames are searched with, besides the parameters of peaks, the cells and the thresholds of indexing. */
export interface SearchParameters extends OptionsOf<typeof searchSettingRows> {}

/** How the geometry of a run is refined before its frames are searched. */
export interface RefinementParameters extends OptionsOf<typeof refinementRows> {}

/** How a run counts its frames, waits for them and holds them. */
export interface RunParameters extends OptionsOf<typeof ownRunRows> {}

/** Options of `checkGeometryFile`. */
export interface CheckGeometryOptions extends OptionsOf<typeof checkGeometryRows> {}
