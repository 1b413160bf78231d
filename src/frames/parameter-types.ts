/** Options of this room; the build writes each of them into the declarations, with the sentence of its row. */
import type { OptionsOf } from '../options/parameters.js';
import type { convertRows, openRows } from './parameters.js';

/** What a caller may tell about a file of frames, or override. */
export interface OpenParameters extends OptionsOf<typeof openRows> {}

/** What is written of a file of frames. */
export interface ConvertParameters extends OptionsOf<typeof convertRows> {}
