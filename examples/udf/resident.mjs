// A scan that stays in memory: a virtual detector that moves over it only adds and removes the pixels at its edge.
import { Context } from 'ewald/udf';
import { raw, writeFrames } from './frames.mjs';

const ctx = new Context();
const scan = await ctx.load(writeFrames(), raw);
const diskAt = async (cx) => {
  const { intensity } = await ctx.run(ctx.createDiskAnalysis(scan, { cx, cy: 15.5, r: 4 }));
  return intensity.data.reduce((a, b) => a + b, 0);
};
const fromFile = [await diskAt(12), await diskAt(13)];
await scan.resident();
const fromMemory = [await diskAt(12), await diskAt(13)];
console.log(
  `disk at 12 and at 13: ${fromMemory.join(', ')}; the same from the file: ${fromMemory.join() === fromFile.join()}`,
);
await ctx.close();
