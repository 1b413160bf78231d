/** Options of this room; the build writes each of them into the declarations, with the sentence of its row. */
import type { OptionsOf } from '../options/parameters.js';
import type { finderRows, runRows } from './parameters.js';

/** Parameters of one peak search; those of another finder are refused. */
export interface PeakSearchParameters extends OptionsOf<typeof runRows> {}

/** What a peak finder is planned with. */
export interface FinderParameters extends OptionsOf<typeof finderRows> {}
