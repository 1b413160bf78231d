/** Options of this room; the build writes each of them into the declarations, with the sentence of its row. */
import type { OptionsOf } from '../options/parameters.js';
import type { benchRows, validateRows } from './parameters.js';

/** What is validated. */
export interface ValidateParameters extends OptionsOf<typeof validateRows> {}

/** How long is timed. */
export interface BenchParameters extends OptionsOf<Pick<typeof benchRows, 'seconds'>> {}
