/** The case tables of transforms. */
import { kindRows } from './kinds.js';

/** The rows. */
export const fftRows = [...kindRows];
