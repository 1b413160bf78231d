#!/usr/bin/env node
// `node benchmarks/run.mjs peaks`: peakfinder8 on frames of 2068 x 2162 pixels. The fused pass and the five plain
// passes of the same build take turns; a frame counts when both give the same peaks. Times are minima in milliseconds,
// copies included.
//   [--seconds S] a line (default 2)  [--backends wasm,native]
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { record } from '../lib/lines.mjs';
import { centre, frameOf, height, lines, search, width } from './frames.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { createContext } = await import(pathToFileURL(join(root, 'dist/index.node.js')).href);
const { values: options } = parseArgs({
  options: { seconds: { type: 'string', default: '2' }, backends: { type: 'string', default: 'wasm,native' } },
});

const aims = { native: 5, wasm: 8 };
const same = (a, b) =>
  ['fs', 'ss', 'intensity', 'snr', 'pixels', 'panel'].every((name) => String(a[name]) === String(b[name]));

process.stdout.write(`${cpus()[0]?.model.trim()}, load ${loadavg()[0]?.toFixed(1)}\n`);
let wrong = 0;
for (const backend of options.backends.split(',')) {
  const context = await createContext({ backend, strict: true });
  for (const [dtype, background, threshold] of lines) {
    const frame = frameOf(dtype, background);
    const finder = await context.peaks({ width, height, dtype, centre, minRes: 20 });
    const run = { ...search, threshold };
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
    record({
      what: `${backend} ${dtype}, background ${background}, threshold ${threshold}`,
      value: best.quick,
      unit: 'ms',
      most: true,
      peer: { name: 'five plain passes', value: best.plain },
      ...(dtype === 'u16' ? { aim: aims[backend] } : {}),
    });
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
