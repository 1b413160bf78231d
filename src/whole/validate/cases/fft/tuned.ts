/** Plans whose choices are measured: other radices, threads or workgroups must give the same results. */
import { row } from './row.js';

/** The rows. */
export const tunedRows = [
  row({ shape: [360], tune: 'measure' }, 'measured choices'),
  row({ shape: [16, 24], kind: 'r2c', tune: 'measure' }, 'measured choices, real'),
  row({ shape: [30], kind: 'r2r', tune: 'measure' }, 'measured choices, cosines'),
];
