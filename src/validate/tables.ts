/** The tables of the rooms that are validated. */
import type { RoomTable } from './case.js';
import { arraysTable } from './cases/arrays/table.js';
import { fftTable } from './cases/fft/table.js';
import { indexingTable } from './cases/indexing/table.js';
import { mergingTable } from './cases/merging/table.js';
import { peaksTable } from './cases/peaks/table.js';
import { piTable } from './cases/pi/table.js';
import { udfTable } from './cases/udf/table.js';

export const roomTables: readonly RoomTable[] = [
  arraysTable,
  piTable,
  fftTable,
  peaksTable,
  indexingTable,
  mergingTable,
  udfTable,
];
