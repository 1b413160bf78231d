/** Options of this room; the build writes each of them into the declarations, with the sentence of its row. */
import type { OptionsOf } from '../options/parameters.js';
import type { mergeRows } from './parameters.js';

/** Options of a merge. */
export interface MergeOptions extends OptionsOf<typeof mergeRows> {}
