/** Rows of options that all plans over frames have. */

import { udfNumbers } from '../../compute/layout/udf.js';
import { row } from '../../options/call-options.js';
import type { PassDtype } from '../contract.js';

/** The frames of a plan, its threads and its backend. */
export const planRows = {
  width: row.required(row.integer(1, 65536)),
  height: row.required(row.integer(1, 2 ** 24)),
  dtype: row.required(row.choice(Object.keys(udfNumbers) as PassDtype[])),
  threads: row.threads,
  backend: row.any,
} as const;
