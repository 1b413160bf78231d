/** The rooms that are validated. A new room adds cases/<room>/table.ts and an entry in this list. */
import type { RoomTable, Row } from './case.js';
import { arraysTable } from './cases/arrays/table.js';
import { fftTable } from './cases/fft/table.js';
import { indexingTable } from './cases/indexing/table.js';
import { mergingTable } from './cases/merging/table.js';
import { peaksTable } from './cases/peaks/table.js';
import { piTable } from './cases/pi/table.js';
import { udfTable } from './cases/udf/table.js';

export const roomTables: readonly RoomTable[] = [
  piTable,
  arraysTable,
  fftTable,
  indexingTable,
  peaksTable,
  udfTable,
  mergingTable,
];

/** All rows; ids are unique. */
export const rows: readonly Row[] = roomTables.flatMap((table) => table.rows);
