// One process of the worker benchmark: `node workers.mjs CPUS FILE FRAMES REPEATS` prints the shortest time in seconds
// in which its workers compute the sum and standard deviation of a file with frames of 256 x 256 pixels, u16.
import { Context, stddevUdf, sumUdf } from '../../dist/udf.node.js';

const [, , workers, file, frames, repeats] = process.argv;
const ctx = await Context.makeWith('workers', { cpus: Number(workers) });
try {
  const raw = { format: 'raw', dtype: 'u16', sigShape: [256, 256], navShape: [Number(frames)] };
  const scan = await ctx.load(file, raw);
  const udfs = [stddevUdf(), sumUdf()];
  await ctx.runUdf(scan, udfs);
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < Number(repeats); i++) {
    const began = performance.now();
    await ctx.runUdf(scan, udfs);
    best = Math.min(best, (performance.now() - began) / 1000);
  }
  process.stdout.write(`${best}\n`);
} finally {
  await ctx.close();
}
