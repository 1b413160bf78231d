/** Options of this room; the build writes each of them into the declarations, with the sentence of its row. */
import type { OptionsOf } from '../options/parameters.js';
import type { piPlanRows, piRunRows } from './parameters.js';

/** What is counted. */
export interface PiRunParameters extends OptionsOf<typeof piRunRows> {}

/** Sizes of a pi plan. */
export interface PiOptions extends OptionsOf<typeof piPlanRows> {}
