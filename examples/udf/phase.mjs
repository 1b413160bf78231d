// Phases: integrated centres of mass of a simulated scan over a phase object, and the wave of an off-axis hologram.
import { Context, estimateSideband, holographyUdf } from 'ewald/udf';

const ctx = new Context();

// A disk whose shift is the gradient of a Gaussian: integrating the shifts gives the Gaussian.
const [n, size] = [24, 32];
const bell = (y, x) => Math.exp(-((y - 11.5) ** 2 + (x - 11.5) ** 2) / 40);
const frames = new Float32Array(n * n * size * size);
for (let position = 0; position < n * n; position++) {
  const [y, x] = [Math.floor(position / n), position % n];
  const [dy, dx] = [(-(y - 11.5) / 20) * bell(y, x), (-(x - 11.5) / 20) * bell(y, x)];
  for (let pixel = 0; pixel < size * size; pixel++) {
    const r2 = (Math.floor(pixel / size) - 16 - dy) ** 2 + ((pixel % size) - 16 - dx) ** 2;
    frames[position * size * size + pixel] = Math.exp(-r2 / 18);
  }
}
const scan = ctx.fromMemory(frames, { navShape: [n, n], sigShape: [size, size] });
const { phase } = await ctx.run(ctx.createIcomAnalysis(scan));
const image = Array.from(phase.data);
console.log(`iCoM: from ${Math.min(...image).toFixed(2)} to ${Math.max(...image).toFixed(2)}, which is 1 higher`);

// A hologram of a wave with a phase of 1 radian in its left half.
const hologram = Float32Array.from({ length: 64 * 64 }, (_, i) => {
  const [y, x] = [Math.floor(i / 64), i % 64];
  return 100 + 80 * Math.cos((2 * Math.PI * (12 * y + 8 * x)) / 64 - (x < 32 ? 1 : 0));
});
const { sbPosition } = estimateSideband(hologram, [64, 64]);
const holograms = ctx.fromMemory(hologram, { navShape: [1], sigShape: [64, 64] });
const { wave } = await ctx.runUdf(holograms, holographyUdf({ sbPosition, outShape: [32, 32], normalised: true }));
const angle = (x) => Math.atan2(wave.data[2 * (16 * 32 + x) + 1], wave.data[2 * (16 * 32 + x)]);
const right = Math.abs(angle(24)).toFixed(1);
console.log(`hologram: side band ${sbPosition}, phase ${angle(8).toFixed(1)} in the left half, ${right} right`);
await ctx.close();
