/** A run over one frame of ones: shows what a UDF declares, allocates and returns before any data are read. */

import { allocateFrames } from '../../bytes/dtype.js';
import { product } from '../../util/product.js';
import { Passes } from '../execution/passes.js';
import type { Run } from '../execution/run.js';
import { runPartition } from '../execution/run-partition.js';
import type { OpenCore } from './prepared.js';

/** Runs over the first frame, of ones; `open` opens a context for UDFs that prepare transforms. */
export async function dryRun(run: Run, open: OpenCore): Promise<void> {
  const [first] = run.partitions;
  if (!first || first.positions.length === 0) return;
  const { sig, dtype } = { sig: run.shape.sig, dtype: run.scan.dtype };
  const ones = allocateFrames(dtype, product(sig));
  ones.fill(dtype === 'u64' || dtype === 'i64' ? (1n as never) : (1 as never));
  const partition = {
    ...first,
    count: 1,
    runs: [{ file: 0, count: 1 }],
    places: undefined,
    positions: first.positions.subarray(0, 1),
    parts: undefined,
  };
  const udfs = run.parts.map(({ udf, params }) => ({ udf, params }));
  const passes = run.parts.some(({ udf }) => udf.definition.prepare) ? new Passes(open, 1) : undefined;
  try {
    const { meta, corrections } = run;
    const pieces = [{ frames: ones, first: 0, end: 1 }];
    const found = await runPartition(partition, pieces, { udfs, meta, corrections, passes, signal: undefined });
    run.merge({ partition }, found);
  } finally {
    await passes?.dispose();
  }
}
