// The devices of this machine, with some excluded: no GPUs, two cores.
import { Executor } from 'ewald/executors';
import { Context, clusterSpec, detect, executorFor, sumUdf } from 'ewald/udf';
import { raw, writeFrames } from './frames.mjs';

const devices = await detect();
devices.cudas = [];
devices.webgpus = [];
devices.hasNative = false;
devices.cpus = [0, 1];
const spec = clusterSpec(devices);
console.log(Object.keys(spec).join(', '));
const executor = await executorFor(spec, Executor.workers);
const ctx = new Context({ executor });
try {
  const { intensity } = await ctx.runUdf(await ctx.load(writeFrames(), raw), sumUdf());
  console.log(`devices: ${intensity.data.reduce((a, b) => a + b, 0)}`);
} finally {
  await ctx.close();
  await executor.dispose();
}
