#!/usr/bin/env node
// `node benchmarks/run.mjs peaks`: peakfinder8 on frames of 2068 x 2162 pixels. The fused pass and the five plain
// passes of the same build take turns; a frame counts when both give the same peaks. Times are minima in milliseconds,
// copies included.
//   [--seconds S] a line (default 2)  [--backends wasm,native]
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { createContext } = await import(pathToFileURL(join(root, 'dist/index.node.js')).href);
const { values: options } = parseArgs({
  options: { seconds: { type: 'string', default: '2' }, backends: { type: 'string', default: 'wasm,native' } },
});

const [width, height] = [2068, 2162];
const centre = [1031.3, 1093.7];
const aims = { native: 5, wasm: 8 };
const types = { u8: Uint8Array, u16: Uint16Array, i32: Int32Array, f32: Float32Array };

let state = 1;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state + 0.5) / 2 ** 32;
};
function poisson(mean) {
  if (mean > 30)
    return Math.max(0, Math.round(mean + Math.sqrt(-2 * mean * Math.log(random())) * Math.cos(2 * Math.PI * random())));
  let count = 0;
  for (let product = random(), least = Math.exp(-mean); product > least; product *= random()) count++;
  return count;
}

/** A background that falls to a fifth away from the centre, and 700 peaks of all heights. */
function frameOf(background) {
  const frame = new Float64Array(width * height);
  for (let i = 0; i < frame.length; i++) {
    const square = ((i % width) - centre[0]) ** 2 + (Math.floor(i / width) - centre[1]) ** 2;
    frame[i] = poisson(background * (0.3 + 1.4 * Math.exp(-square / (0.18 * width * height))));
  }
  for (let k = 0; k < 700; k++) {
    const [x, y] = [8 + random() * (width - 16), 8 + random() * (height - 16)];
    const top = 5 * Math.exp(5 * random() * random());
    for (let dy = -4; dy <= 4; dy++)
      for (let dx = -4; dx <= 4; dx++) {
        const [px, py] = [Math.floor(x) + dx, Math.floor(y) + dy];
        frame[py * width + px] += poisson(top * Math.exp(-((px + 0.5 - x) ** 2 + (py + 0.5 - y) ** 2) / 1.28));
      }
  }
  return frame;
}

const lines = [
  ['u16', 5, 12],
  ['u16', 5, 0],
  ['u16', 60, 0],
  ['u16', 2000, 0],
  ['u8', 5, 12],
  ['i32', 5, 12],
  ['f32', 5, 12],
];
const same = (a, b) =>
  ['fs', 'ss', 'intensity', 'snr', 'pixels', 'panel'].every((name) => String(a[name]) === String(b[name]));

process.stdout.write(`${cpus()[0]?.model.trim()}, load ${loadavg()[0]?.toFixed(1)}\n`);
let wrong = 0;
for (const backend of options.backends.split(',')) {
  const context = await createContext({ backend, strict: true });
  for (const [dtype, background, threshold] of lines) {
    const counts = frameOf(background);
    const frame = types[dtype].from(dtype === 'f32' ? counts.map((v) => v * 1.01 + 0.2) : counts);
    const finder = await context.peaks({ width, height, dtype, centre, minRes: 20 });
    const run = { threshold, minSnr: 4.5, localBgRadius: 4 };
    const right = same(await finder.run(frame, run), await finder.run(frame, { ...run, plain: true }));
    if (!right) wrong++;
    const best = { quick: Number.POSITIVE_INFINITY, plain: Number.POSITIVE_INFINITY };
    const end = performance.now() + 1000 * Number(options.seconds);
    for (let turn = 0; turn < 3 || performance.now() < end; turn++)
      for (const name of turn % 8 === 0 ? ['quick', 'plain'] : ['quick']) {
        const begun = performance.now();
        await finder.run(frame, { ...run, plain: name === 'plain' });
        best[name] = Math.min(best[name], performance.now() - begun);
      }
    const aim = dtype === 'u16' ? ` (aim ${aims[backend] ?? '-'})` : '';
    process.stdout.write(
      `${right ? '' : 'WRONG '}${backend} ${dtype}, background ${background}, threshold ${threshold}: ` +
        `${best.quick.toFixed(1)} ms${aim}, plain ${best.plain.toFixed(0)} ms\n`,
    );
    await finder.dispose();
  }
  await context.dispose();
}
process.exitCode = wrong > 0 ? 1 : 0;
