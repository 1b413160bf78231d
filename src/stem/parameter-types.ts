/** Options of this room; the build writes each of them into the declarations, with the sentence of its row. */
import type { OptionsOf } from '../options/parameters.js';
import type { analysisRows, newUdfRows } from './parameters.js';

/** Parameters of analyses. */
export interface AnalysisParameters extends OptionsOf<typeof analysisRows> {}

/** Options of `newUdf`. */
export interface NewUdfParameters extends OptionsOf<typeof newUdfRows> {}
