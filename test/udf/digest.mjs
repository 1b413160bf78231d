// A run with UDFs of every kind, and all bytes of its results as text, which are the same on every executor.
import { createHash } from 'node:crypto';
import { comUdf, logSumUdf, masks, masksUdf, stddevUdf, sumUdf } from 'ewald/udf';
import { brightest, least } from './module.mjs';

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
  least,
];

/**
 * The digest of a run over the frames of a file, and of a second run in which two positions have no frame. `more` UDFs
 * run in addition to the first ones, and are not part of the digest.
 */
export async function digestOf(ctx, file, options = {}, more = []) {
  const raw = { format: 'raw', dtype: 'u16', sigShape: [8, 10], navShape: [6, 5] };
  const run = { numPartitions: 7, ...options };
  const results = await ctx.runUdf(await ctx.load(file, raw), [...udfs(), ...more], run);
  const gaps = await ctx.load(file, { ...raw, syncOffset: -2 });
  const apart = await ctx.runUdf(gaps, [comUdf.withParams({ regression: 1 }), least], run);
  return digest([...results.slice(0, udfs().length), ...apart]);
}

/** A hash of the bytes of results. */
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
