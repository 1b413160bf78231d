// The basic steps: a context with defaults, a file, an analysis, its result.
import { Context } from 'ewald/udf';
import { raw, writeFrames } from './frames.mjs';

const ctx = new Context();
try {
  const scan = await ctx.load(writeFrames(), raw);
  console.log(`${scan.name}: scan ${scan.shape.nav.join(' x ')}, frames ${scan.shape.sig.join(' x ')} ${scan.dtype}`);
  const disk = ctx.createDiskAnalysis(scan, { cx: 15.5, cy: 15.5, r: 8 });
  const { intensity } = await ctx.run(disk, { onProgress: ({ done, total }) => done === total && console.log('done') });
  console.log(`${intensity.title}: ${intensity.shape.join(' x ')}, first ${intensity.data[0]}`);
  const { x, y } = await ctx.run(ctx.createComAnalysis(scan));
  console.log(`centre of mass: ${x.data[0].toFixed(3)}, ${y.data[0].toFixed(3)} from the middle`);
} finally {
  await ctx.close();
}
