/** Rows that analyses have in common with other calls. */

import { disksCorrelations } from '../compute/layout/udf.js';
import { row } from '../options/call-options.js';
import { range } from '../util/range.js';

/** What disks are correlated with: a crop around each, or whole frames. */
export const correlationRow = row.choice(Object.keys(disksCorrelations) as (keyof typeof disksCorrelations)[], 'fast');
/** How maxima of a correlation are refined. */
export const refinementRow = row.choice(['parabola', 'com', 'dft'], 'parabola');
/** The angle between detector and scan in degrees. */
export const scanRotationRange = range(-1e4, 1e4, 0);

const frequencyRow = {
  kind: 'number',
  range: range(0, 1e9, Number.NaN, { exclusive: true }),
  defaultText: '',
} as const;
/** Rows of the filters. */
export const filterRows = {
  qLowpass: frequencyRow,
  qHighpass: frequencyRow,
  butterworthOrder: { kind: 'number', range: range(0, 1000, 2, { exclusive: true }) },
} as const;
