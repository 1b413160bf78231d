/** Every format, one line each; where two are equally sure of a file, the earlier one has it. */
import type { Format } from '../format.js';
import { hdf5 } from './hdf5.js';

export const formats: readonly Format[] = [hdf5];
