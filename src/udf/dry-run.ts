/** A run over one frame of ones: shows what a UDF declares, allocates and returns before any data are read. */
import { allocateFrames } from '../data/dtype.js';
import { product } from './dtypes.js';
import { runPartition } from './partition.js';
import type { Run } from './run.js';

/** The results after the first frame of ones. */
export async function dryRun(run: Run) {
  const [first] = run.partitions;
  if (!first || first.positions.length === 0) return run.results();
  const { sig, dtype } = { sig: run.shape.sig, dtype: run.scan.dtype };
  const ones = allocateFrames(dtype, product(sig));
  ones.fill(dtype === 'u64' || dtype === 'i64' ? (1n as never) : (1 as never));
  const partition = {
    ...first,
    count: 1,
    runs: [{ file: 0, count: 1 }],
    places: undefined,
    positions: first.positions.subarray(0, 1),
  };
  const udfs = run.parts.map(({ udf, params }) => ({ udf, params }));
  const { inputDtype: _, ...meta } = run.meta;
  const found = await runPartition(
    { frames: ones, partition, udfs, meta, corrections: run.corrections },
    { signal: undefined, passes: undefined },
  );
  run.merge(partition, found);
  return run.results();
}
