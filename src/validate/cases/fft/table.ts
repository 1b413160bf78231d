/** The case tables of transforms. */
import type { RoomTable, Row } from '../../case.js';
import { heffteRows } from './heffte.js';
import { helperRows } from './helpers.js';
import { kindRows, timedRows } from './kinds.js';
import { largeRows, lengthRows } from './lengths.js';
import { lineRows } from './lines.js';
import { prunedRows } from './pruned.js';

/** Rows that an external engine can repeat in another precision; the others state precisions or parts of arrays. */
export const plainRows: readonly Row[] = [...kindRows, ...heffteRows, ...lengthRows];

/** The rows. */
export const fftRows: readonly Row[] = [
  ...plainRows,
  ...prunedRows,
  ...lineRows,
  ...timedRows,
  ...largeRows,
  ...helperRows,
];

export const fftTable: RoomTable = { name: 'fft', rows: fftRows, sample: 'fft:c2c:f32:n=16x20' };
