/** The rows of the case tables. */
import type { Row } from './case.js';
import { roomTables } from './tables.js';

/** All rows; their ids are unique. */
export const rows: readonly Row[] = roomTables.flatMap((table) => table.rows);
