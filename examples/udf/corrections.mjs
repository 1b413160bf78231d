// Corrections: a dark frame, a gain and a dead pixel, in a run and on their own.
import { createContext } from 'ewald';
import { Context, Corrections, stddevUdf } from 'ewald/udf';

const [n, size] = [8, 16];
const pixels = size * size;
const dark = Float32Array.from({ length: pixels }, (_, i) => 10 + (i % 5));
const gain = Float32Array.from({ length: pixels }, (_, i) => 1 / (1 + (i % 3)));
const excludedPixels = Uint8Array.from({ length: pixels }, (_, i) => (i === 37 ? 1 : 0));
// Every frame has the same count in every pixel, f, before the detector distorts it.
const frames = new Uint16Array(n * n * pixels);
for (let i = 0; i < frames.length; i++) {
  const pixel = i % pixels;
  frames[i] = excludedPixels[pixel] ? 65535 : dark[pixel] + (1 + (pixel % 3)) * Math.floor(i / pixels);
}

const ctx = new Context();
const scan = ctx.fromMemory(frames, { navShape: [n, n], sigShape: [size, size] });
const { mean, std } = await ctx.runUdf(scan, stddevUdf(), { corrections: { dark, gain, excludedPixels } });
const same = (values) => new Set(Array.from(values, (value) => value.toFixed(3))).size === 1;
console.log(`mean ${mean.data[0]} and deviation ${std.data[0].toFixed(2)}: ${same(mean.data) && same(std.data)}`);
await ctx.close();

const context = await createContext();
const corrections = new Corrections({
  length: pixels,
  dark,
  gain,
  mask: excludedPixels,
  patch: { width: size, height: size },
});
const correction = await context.frameCorrection({ corrections, dtype: 'u16' });
const corrected = await correction.run(frames.subarray(7 * pixels, 8 * pixels), 1, new Float32Array(pixels));
console.log(`frame 7: ${Math.min(...corrected)} to ${Math.max(...corrected)} in every pixel`);
await correction.dispose();
await context.dispose();
