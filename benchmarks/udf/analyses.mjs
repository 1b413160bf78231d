// `node benchmarks/udf/analyses.mjs`: corrections, disks, side bands and holograms in memory, on one thread of each CPU
// backend. Every result is verified before its time is printed.
//   --seconds S   time for each line (default 2)   --json
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { createContext } from '../../dist/index.node.js';
import {
  Context,
  Corrections,
  diskUdf,
  holographyUdf,
  residentScan,
  residentSsb,
  ssbUdf,
} from '../../dist/udf.node.js';
import { record } from '../lib/lines.mjs';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '2' }, json: { type: 'boolean', default: false } },
});
const seconds = Number(values.seconds);
const lines = [];

/** Milliseconds of a call: the least and the median of those that fit into the time, after a first one. */
async function timed(call) {
  await call();
  const times = [];
  for (const end = performance.now() + 1000 * seconds; performance.now() < end || times.length < 3; ) {
    const began = performance.now();
    await call();
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  return { least: times[0], median: times[times.length >> 1] };
}

function line(what, value, unit, aim, most, more = '') {
  record({ what, value, unit, aim, most });
  const ok = most ? value <= aim : value >= aim;
  lines.push({ what, value, unit, aim, ok });
  if (!values.json)
    console.log(
      `  ${ok ? 'pass' : 'MISS'}  ${what}: ${value.toPrecision(3)} ${unit} (aim ${aim})${more && `, ${more}`}`,
    );
}

function expectNear(what, have, want, within) {
  if (!(Math.abs(have - want) <= within)) throw new Error(`${what} is ${have}; expected ${want} within ${within}`);
}

/** Pseudorandom integers below `most`. */
const noise = (length, most) => Uint16Array.from({ length }, (_, i) => (Math.imul(i, 2654435761) >>> 16) % most);

async function corrections(backend) {
  const [side, count] = [256, 64];
  const length = side * side;
  const context = await createContext({ backend });
  const frames = noise(count * length, 1000);
  const dark = Float32Array.from({ length }, (_, i) => 10 + (i % 7) / 8);
  const gain = Float32Array.from({ length }, (_, i) => 1 + (i % 5) / 64);
  const mask = new Uint8Array(length);
  for (let i = 0; i < 200; i++) mask[(i * 327 + 129) % length] = 1;
  const tables = new Corrections({ length, dark, gain, mask, patch: { width: side, height: side } });
  const correction = await context.frameCorrection({ corrections: tables, dtype: 'u16', threads: 1 });
  const out = new Float32Array(count * length);
  const { least, median } = await timed(() => correction.run(frames, count, out));
  const at = 17 * length + 1000;
  expectNear('a corrected pixel', out[at], (frames[at] - dark[1000]) * gain[1000], 1e-3);
  await correction.dispose();
  await context.dispose();
  const rate = (ms) => frames.byteLength / 1e6 / ms;
  line(
    `${backend}: dark, gain and 200 bad pixels, u16 read`,
    rate(least),
    'GB/s',
    3,
    false,
    `median ${rate(median).toPrecision(3)}`,
  );
}

/** Frames of 25 disks of radius 5, on a lattice that is shifted a little in each frame. */
function diskFrames(count, side) {
  const frames = new Uint16Array(count * side * side);
  for (let f = 0; f < count; f++)
    for (let i = -2; i <= 2; i++)
      for (let j = -2; j <= 2; j++) {
        const [cy, cx] = [side / 2 + 22 * i + (f % 8) / 10, side / 2 + 22 * j - (f % 8) / 10];
        for (let y = Math.floor(cy - 8); y <= cy + 8; y++)
          for (let x = Math.floor(cx - 8); x <= cx + 8; x++) {
            const inside = Math.min(1, Math.max(0, 5.5 - Math.hypot(y - cy, x - cx)));
            frames[(f * side + y) * side + x] += Math.round(600 * inside);
          }
      }
  return frames;
}

async function disks(backend) {
  const [side, count] = [128, 256];
  const ctx = new Context({ context: { backend } });
  const scan = ctx.fromMemory(diskFrames(count, side), { navShape: [16, 16], sigShape: [side, side] });
  const peaks = Array.from({ length: 25 }, (_, i) => [64 + 22 * (Math.floor(i / 5) - 2), 64 + 22 * ((i % 5) - 2)]);
  const udf = diskUdf({ peaks, pattern: { kind: 'circular', radius: 5 } });
  let found;
  const { least, median } = await timed(async () => {
    found = await ctx.runUdf(scan, udf);
  });
  for (let f = 0; f < 8; f++) expectNear('a disk', found.refineds.data[f * 50], 20 + f / 10, 0.1);
  await ctx.close();
  line(
    `${backend}: a frame of 25 disks of 20²`,
    least / count,
    'ms',
    0.15,
    true,
    `median ${(median / count).toPrecision(3)}`,
  );
}

async function sideBands(backend) {
  const n = 64;
  const context = await createContext({ backend });
  const ctx = new Context({ context: { backend } });
  const scan = ctx.fromMemory(noise(n ** 4, 200), { navShape: [n, n], sigShape: [n, n] });
  const [lamb, dpix, radius] = [1.9687e-12, 1e-10, 16];
  const semiconv = Math.asin((radius * lamb) / (2 * n * dpix));
  const options = { lamb, dpix, semiconv, semiconvPix: radius };
  const began = performance.now();
  const resident = await residentScan(scan.dataset);
  const transposed = performance.now() - began;
  const ssb = residentSsb(resident, context);
  let images;
  const { least, median } = await timed(async () => {
    images = await ssb.set(options);
  });
  const { complex } = await ctx.runUdf(scan, ssbUdf(options));
  const most = complex.data.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  for (let i = 0; i < complex.data.length; i += 97)
    expectNear('the object', images.complex[i] / most, complex.data[i] / most, 1e-5);
  await ssb.dispose();
  await ctx.close();
  await context.dispose();
  line(
    `${backend}: side bands of 64⁴, with the masks`,
    least,
    'ms',
    140,
    true,
    `median ${median.toPrecision(3)}, made resident in ${transposed.toPrecision(3)}`,
  );
}

async function holograms(backend) {
  const [side, out, count] = [1024, 256, 8];
  const ctx = new Context({ context: { backend } });
  const frames = new Uint16Array(count * side * side);
  for (let f = 0; f < count; f++)
    for (let y = 0, i = f * side * side; y < side; y++)
      for (let x = 0; x < side; x++, i++)
        frames[i] = 400 + 200 * Math.cos((2 * Math.PI * 128 * (x + y)) / side + f / 4);
  const scan = ctx.fromMemory(frames, { navShape: [count], sigShape: [side, side] });
  const udf = holographyUdf({ sbPosition: [-128, -128], outShape: [out, out] });
  let result;
  const { least, median } = await timed(async () => {
    result = await ctx.runUdf(scan, udf);
  });
  const wave = result.wave.data;
  const phase = (f) => Math.atan2(wave[2 * (f * out * out + 999) + 1], wave[2 * (f * out * out + 999)]);
  expectNear('a phase', Math.abs(Math.cos(phase(4) - phase(0))), Math.cos(1), 0.01);
  await ctx.close();
  line(
    `${backend}: a hologram of 1024² to 256²`,
    least / count,
    'ms',
    backend === 'native' ? 4 : 8,
    true,
    `median ${(median / count).toPrecision(3)}`,
  );
}

if (!values.json)
  console.log(
    `Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model.trim()}, load ${loadavg()[0].toFixed(1)}`,
  );
for (const backend of ['native', 'wasm'])
  for (const part of [corrections, disks, sideBands, holograms]) await part(backend);
if (values.json) console.log(JSON.stringify({ lines }));
