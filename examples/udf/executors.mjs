// The same sum on this thread, on workers, and as a delayed computation: the results are identical.
import { Context, sumUdf } from 'ewald/udf';
import { raw, writeFrames } from './frames.mjs';

const file = writeFrames();
for (const [kind, options] of [
  ['inline', {}],
  ['workers', { cpus: 2 }],
  ['delayed', {}],
]) {
  const ctx = await Context.makeWith(kind, options);
  try {
    const { intensity } = await ctx.runUdf(await ctx.load(file, raw), sumUdf());
    console.log(`${kind}: ${intensity.data.reduce((a, b) => a + b, 0)}`);
  } finally {
    await ctx.close();
  }
}
