/** The case tables of transforms. */
import { arrayRows } from './arrays.js';
import { heffteRows } from './heffte.js';
import { kindRows } from './kinds.js';

/** The rows. */
export const fftRows = [...kindRows, ...arrayRows, ...heffteRows];
