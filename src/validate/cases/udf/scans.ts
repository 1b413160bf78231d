/** UDFs over a scan in memory, through the kernels and transforms of a context. */

import type { FrameArray } from '../../../bytes/dtype.js';
import type { Context } from '../../../context/rooms.js';
import { steps } from '../../../udf/execution/execute.js';
import { Run } from '../../../udf/execution/run.js';
import type { AnyUdf } from '../../../udf/functions/udf.js';
import { type Scan, scanOfMemory } from '../../../udf/scans/scan.js';
import type { PhaseProblem } from '../../oracle/udf/phases.js';

/** The scan of a problem. */
export const scanOf = ({ data, nav, sig }: PhaseProblem): Scan =>
  scanOfMemory(data as FrameArray, { navShape: [...nav], sigShape: [...sig] });

/** The results of a UDF; by default in as many partitions as there are threads. */
export async function resultsOf(context: Context, scan: Scan, udf: AnyUdf, numPartitions?: number): Promise<unknown> {
  const run = new Run('validate', scan, udf, { numPartitions });
  for await (const _ of steps(run, { context: async () => context }, undefined));
  return run.answer();
}
