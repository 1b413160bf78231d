#!/usr/bin/env node
// `node benchmarks/peaks/alternate.mjs OTHER`: the peak finder of this build and of the build in the folder OTHER take
// turns on the frames of run.mjs in one process, so that a busy machine slows both alike. Times are minima and medians
// in milliseconds, copies included.
//   [--seconds S] a line (default 6)  [--backends wasm,native]
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { centre, frameOf, height, lines, search, width } from './frames.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '6' }, backends: { type: 'string', default: 'wasm,native' } },
});
if (positionals.length !== 1) throw new Error('expected one folder with another build: alternate.mjs OTHER');
const builds = { other: resolve(positionals[0]), this: fileURLToPath(new URL('../..', import.meta.url)) };
const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];

for (const backend of options.backends.split(','))
  for (const [dtype, background, threshold] of lines) {
    const frame = frameOf(dtype, background);
    const finders = {};
    const times = {};
    for (const [name, folder] of Object.entries(builds)) {
      const { createContext } = await import(pathToFileURL(join(folder, 'dist/index.node.js')).href);
      const context = await createContext({ backend, strict: true });
      finders[name] = { context, plan: await context.peaks({ width, height, dtype, centre, minRes: 20 }) };
      times[name] = [];
    }
    const end = performance.now() + 1000 * Number(options.seconds);
    for (let turn = 0; turn < 5 || performance.now() < end; turn++)
      for (const name of turn % 2 ? ['other', 'this'] : ['this', 'other']) {
        const start = performance.now();
        await finders[name].plan.run(frame, { ...search, threshold });
        times[name].push(performance.now() - start);
      }
    const compared = (figure) => {
      const [here, there] = [figure(times.this), figure(times.other)];
      return `${here.toFixed(2)} and ${there.toFixed(2)} ms (${(here / there).toFixed(3)})`;
    };
    process.stdout.write(
      `${backend} ${dtype}, background ${background}, threshold ${threshold}: ` +
        `this and the other ${compared((list) => Math.min(...list))}, medians ${compared(median)}\n`,
    );
    for (const { context } of Object.values(finders)) await context.dispose();
  }
