// One run with UDFs of every kind, and the bytes of all of its results as text: the same on every executor.
import { createHash } from 'node:crypto';
import { comUdf, logSumUdf, masks, masksUdf, stddevUdf, sumUdf } from 'ewald/udf';
import { brightest } from './module.mjs';

/** The UDFs of the run. */
export const udfs = () => [
  sumUdf,
  stddevUdf,
  logSumUdf,
  comUdf.withParams({ r: 3, scanRotation: 30, regression: 1 }),
  masksUdf.withParams({
    masks: [masks.circular({ width: 10, height: 8, cx: 4, cy: 4, r: 3 }), masks.gradientX({ width: 10, height: 8 })],
  }),
  brightest,
];

/** The digest of a run over the frames of a file; `more` UDFs run beside, and are not part of it. */
export async function digestOf(ctx, file, options = {}, more = []) {
  const scan = await ctx.load(file, { format: 'raw', dtype: 'u16', sigShape: [8, 10], navShape: [6, 5] });
  const results = await ctx.runUdf(scan, [...udfs(), ...more], { numPartitions: 7, ...options });
  return digest(results.slice(0, udfs().length));
}

/** The bytes of results, hashed. */
export function digest(results) {
  const hash = createHash('sha256');
  for (const buffers of results)
    for (const name of Object.keys(buffers).sort()) {
      const { data } = buffers[name];
      hash.update(name);
      hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  return hash.digest('hex');
}
