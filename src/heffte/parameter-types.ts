/** Options of this room; the build writes each of them into the declarations, with the sentence of its row. */
import type { OptionsOf } from '../options/parameters.js';
import type { transformRows } from './parameters.js';

/** How the array of a file is transformed. */
export interface TransformFileParameters extends OptionsOf<typeof transformRows> {}
