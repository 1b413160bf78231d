// A user-defined function in WebAssembly and its twin in JavaScript. Their results are compared, then both run over the
// same frames. node examples/udf/wasm.mjs compiles variance.c with clang, which Emscripten brings along.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Context, defineUdf, validateUdf } from 'ewald/udf';

const wasm = new URL('./variance.wasm', import.meta.url);
if (!existsSync(wasm)) {
  const flags = '--target=wasm32 -O3 -msimd128 -mbulk-memory -ffreestanding -nostdlib -Wl,--no-entry'.split(' ');
  const [output, source] = [fileURLToPath(wasm), fileURLToPath(new URL('./variance.c', import.meta.url))];
  try {
    execFileSync(process.env.CLANG ?? 'clang', [...flags, '-o', output, source], { stdio: 'inherit' });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    console.log('this example needs clang, which Emscripten brings along: CLANG=PATH names one that is not in PATH');
    process.exit(0);
  }
}

const rings = 128;
const inJavaScript = {
  name: 'variance',
  module: import.meta.url,
  params: { centreY: 32, centreX: 32 },
  buffers: { variance: { kind: 'nav', dtype: 'f64', extraShape: [rings] } },
  getTaskData({ params, meta }) {
    const [height, width] = meta.sig;
    const ring = new Uint8Array(height * width);
    for (let i = 0; i < ring.length; i++) {
      const [dy, dx] = [Math.floor(i / width) - params.centreY, (i % width) - params.centreX];
      ring[i] = Math.min(rings - 1, Math.floor(Math.sqrt(dy * dy + dx * dx)));
    }
    const counts = new Float64Array(rings);
    for (const k of ring) counts[k]++;
    return { ring, counts, sums: new Float64Array(rings), squares: new Float64Array(rings) };
  },
  processFrame({ frame, results, task: { ring, counts, sums, squares } }) {
    sums.fill(0);
    squares.fill(0);
    for (let i = 0; i < frame.length; i++) {
      sums[ring[i]] += frame[i];
      squares[ring[i]] += frame[i] * frame[i];
    }
    for (let k = 0; k < rings; k++)
      results.variance[k] = counts[k] ? squares[k] / counts[k] - (sums[k] / counts[k]) ** 2 : 0;
  },
};
export const variance = defineUdf({ ...inJavaScript, wasm });

// The module adds in another order, so that the last bits may differ.
const report = await validateUdf(variance.withParams({ centreY: 16, centreX: 16 }), { sigShape: [32, 32] });
for (const { name, pass } of report.results) console.log(`${name}: module and JavaScript ${pass ? 'agree' : 'differ'}`);

const frames = Uint16Array.from({ length: 256 * 64 * 64 }, (_, i) => (i * 7919) % 1000);
const ctx = new Context();
const scan = ctx.fromMemory(frames, { navShape: [16, 16], sigShape: [64, 64] });
for (const [name, udf] of Object.entries({ JavaScript: defineUdf(inJavaScript), module: variance })) {
  const start = performance.now();
  const results = await ctx.runUdf(scan, udf);
  const ms = (performance.now() - start).toFixed(0);
  console.log(`${name}: variance of ring 5 at position 0: ${results.variance.data[5].toFixed(3)}, ${ms} ms`);
}
await ctx.close();
if (!report.pass) process.exitCode = 1;
