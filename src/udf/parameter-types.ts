/** Options of this room; the build writes each of them into the declarations, with the sentence of its row. */
import type { OptionsOf } from '../options/parameters.js';
import type { liveRows } from './parameters.js';

/** Parameters of connections to detectors and of live scans. */
export interface LiveParameters extends OptionsOf<typeof liveRows> {}
