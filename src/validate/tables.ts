/** Every case table, in the order of the rooms. */
import type { Row } from './case.js';
import { fftRows } from './cases/fft/index.js';
import { indexingRows } from './cases/indexing/index.js';
import { indexingStageRows } from './cases/indexing-stages/index.js';
import { piRows } from './cases/pi.js';

/** All rows; ids are unique. */
export const rows: readonly Row[] = [...piRows, ...fftRows, ...indexingRows, ...indexingStageRows];
