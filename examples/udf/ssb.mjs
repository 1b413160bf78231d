// Single side band ptychography: the phase of a weak object, from a simulated scan with a focused probe.
import { createContext } from 'ewald';
import { Context, ssbUdf } from 'ewald/udf';

const [n, radius, lamb, step] = [16, 4, 2.5e-12, 0.5e-10];
const object = (y, x) => 0.1 * Math.cos((2 * Math.PI * (2 * y + x)) / n);

// The probe is the transform of the disk of the condenser; a frame is that of the object under the probe.
const context = await createContext();
const plan = await context.fft({ shape: [n, n], kind: 'c2c', batch: n * n });
const signed = (k) => (k < n / 2 ? k : k - n);
const disks = new Float32Array(2 * n ** 4);
for (let i = 0; i < n ** 4; i++) {
  const [y, x] = [Math.floor(i / n) % n, i % n].map(signed);
  disks[2 * i] = Math.hypot(y, x) <= radius ? 1 : 0;
}
const waves = new Float32Array(disks.length);
await plan.backward(disks, waves);
for (let position = 0; position < n * n; position++)
  for (let pixel = 0; pixel < n * n; pixel++) {
    // The probe is at the position, so the object is seen from there.
    const phase = object(Math.floor(position / n) + signed(Math.floor(pixel / n)), (position % n) + signed(pixel % n));
    const at = 2 * (position * n * n + pixel);
    const [re, im] = [waves[at], waves[at + 1]];
    waves[at] = re * Math.cos(phase) - im * Math.sin(phase);
    waves[at + 1] = re * Math.sin(phase) + im * Math.cos(phase);
  }
const patterns = new Float32Array(disks.length);
await plan.forward(waves, patterns);
await plan.dispose();
await context.dispose();

// The middle of a frame is frequency 0.
const frames = new Float32Array(n ** 4);
for (let i = 0; i < n ** 4; i++) {
  const [y, x] = [Math.floor(i / n) % n, i % n].map((k) => (k + n / 2) % n);
  const at = 2 * (Math.floor(i / (n * n)) * n * n + y * n + x);
  frames[i] = patterns[at] ** 2 + patterns[at + 1] ** 2;
}

const ctx = new Context();
const scan = ctx.fromMemory(frames, { navShape: [n, n], sigShape: [n, n] });
// A pixel of the detector is 1 / (n · step).
const semiconv = Math.asin((radius * lamb) / (n * step));
const { phase } = await ctx.runUdf(scan, ssbUdf({ lamb, dpix: step, semiconv, semiconvPix: radius }));
const mean = phase.data.reduce((sum, value) => sum + value, 0) / phase.data.length;
const [zero, half] = [phase.data[0] - mean, phase.data[n / 2] - mean];
console.log(`phase at the first position ${zero.toFixed(2)}, half a period further ${half.toFixed(2)}`);
await ctx.close();
