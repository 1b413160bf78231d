/** The case tables of transforms. */
import type { Row } from '../../case.js';
import { arrayRows } from './arrays.js';
import { heffteRows } from './heffte.js';
import { helperRows } from './helpers.js';
import { kindRows } from './kinds.js';
import { largeRows } from './large.js';
import { lengthRows } from './lengths.js';
import { prunedRows } from './pruned.js';
import { timedRows } from './timed.js';
import { tunedRows } from './tuned.js';

/** The rows. */
export const fftRows: readonly Row[] = [
  ...kindRows,
  ...arrayRows,
  ...prunedRows,
  ...tunedRows,
  ...timedRows,
  ...heffteRows,
  ...largeRows,
  ...lengthRows,
  ...helperRows,
];
