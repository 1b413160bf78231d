// A user-defined function: the brightest pixel of each frame.
import { pathToFileURL } from 'node:url';
import { Context, defineUdf } from 'ewald/udf';
import { raw, writeFrames } from './frames.mjs';

export const brightest = defineUdf({
  name: 'brightest',
  module: import.meta.url,
  buffers: { value: { kind: 'nav', dtype: 'f32' } },
  processFrame({ frame, results }) {
    let most = Number.NEGATIVE_INFINITY;
    for (const value of frame) most = Math.max(most, value);
    results.value[0] = most;
  },
});

// Workers import this module only for the UDF, so they must not run the example.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const ctx = await Context.makeWith('workers', { cpus: 2 });
  try {
    const scan = await ctx.load(writeFrames(), raw);
    const { value } = await ctx.runUdf(scan, brightest);
    console.log(`brightest: ${value.shape.join(' x ')} ${value.dtype}, first ${value.data[0]}`);
  } finally {
    await ctx.close();
  }
}
