#!/usr/bin/env node
// `node benchmarks/pipeline/alternate.mjs OTHER`: runs of this build and of the build in the folder OTHER take turns on
// the same frames of 4 Mpixel in one process, so that a busy machine slows both alike. Prints the processor time and
// the time by the clock of a frame in milliseconds, minima and medians over the turns; the first turn of each build, in
// which V8 still compiles, is reported separately. Both builds must write the same stream. Builds of the same source
// differ by up to 5 %, so a smaller difference says nothing.
//   [--frames N] of the simulated file (default 16)  [--turns N] (default 12)  [--passes N] over the file in a turn
//   (default 4)  [--backends native,wasm]  [--folder F] keeps the simulated files for the next call
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    frames: { type: 'string', default: '16' },
    turns: { type: 'string', default: '12' },
    passes: { type: 'string', default: '4' },
    backends: { type: 'string', default: 'native,wasm' },
    folder: { type: 'string' },
  },
});
if (positionals.length !== 1) throw new Error('expected one folder with another build: alternate.mjs OTHER');
const builds = { other: resolve(positionals[0]), this: fileURLToPath(new URL('../..', import.meta.url)) };
const [frames, turns, passes] = [options.frames, options.turns, options.passes].map(Number);
const folder = options.folder ? resolve(options.folder) : mkdtempSync(join(tmpdir(), 'ewald-bench-'));
if (!options.folder) process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const list = join(folder, 'files.json');
if (!existsSync(list)) {
  const cli = join(builds.this, 'dist/cli.js');
  const flags = ['-o', folder, '--size=2048,2048', `--images=${frames}`, '--seed=7', '--json'];
  writeFileSync(list, execFileSync(process.execPath, [cli, 'simulate', 'frames', ...flags]));
}
const files = JSON.parse(readFileSync(list, 'utf8'));

/** A build with its context and the open file; `turn` runs over the file and returns times per frame. */
async function opened(root, backend) {
  const load = (file) => import(pathToFileURL(join(root, file)).href);
  const { createContext, formatChunk, parseGeometry, readCell } = await load('dist/index.node.js');
  const { open, openCodecs } = await load('dist/data.node.js');
  const context = await createContext({ backend, strict: true });
  const codecs = await openCodecs({ backend });
  const dataset = await open(files.frames, { codecs });
  const settings = {
    geometry: parseGeometry(readFileSync(files.geometry, 'utf8')),
    cells: [readCell(readFileSync(files.cell, 'utf8'))],
    peaks: { threshold: 12, minSnr: 4.5, localBgRadius: 4 },
    minRes: 20,
    openOther: (of, path) => open(of, { codecs, dataset: path }),
  };
  return {
    text: '',
    first: undefined,
    cpu: [],
    wall: [],
    async turn() {
      let [used, started, seen] = [undefined, 0, 0];
      this.text = '';
      const inputs = Array.from({ length: passes }, (_, pass) => ({ dataset, filename: `pass-${pass}` }));
      for await (const { chunk, error } of context.pipeline({ inputs, ...settings })) {
        if (error) throw error;
        writeFileSync(join(folder, 'out'), formatChunk(chunk), { flag: 'a' });
        if (seen < dataset.frames) this.text += formatChunk(chunk);
        // Frames are counted after the first four, when the run is planned and its arrays are made.
        if (++seen === 4) [used, started] = [process.cpuUsage(), performance.now()];
      }
      const { user, system } = process.cpuUsage(used);
      rmSync(join(folder, 'out'));
      return { cpu: (user + system) / 1000 / (seen - 4), wall: (performance.now() - started) / (seen - 4) };
    },
    async dispose() {
      await dataset.dispose();
      await codecs.dispose();
      await context.dispose();
    },
  };
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
for (const backend of options.backends.split(',')) {
  const runs = {};
  for (const [name, root] of Object.entries(builds)) runs[name] = await opened(root, backend);
  for (let turn = 0; turn <= turns; turn++)
    for (const name of turn % 2 ? ['other', 'this'] : ['this', 'other']) {
      const run = runs[name];
      const took = await run.turn();
      if (turn === 0) run.first = took;
      else {
        run.cpu.push(took.cpu);
        run.wall.push(took.wall);
      }
    }
  const isSame = runs.this.text === runs.other.text;
  if (!isSame) process.exitCode = 1;
  const compared = (figure) => {
    const [here, there] = [figure(runs.this), figure(runs.other)];
    return `${here.toFixed(2)} and ${there.toFixed(2)} ms (${(here / there).toFixed(3)})`;
  };
  process.stdout.write(
    `${backend}, streams ${isSame ? 'equal' : 'DIFFERENT'}: this and the other ` +
      `${compared(({ cpu }) => Math.min(...cpu))} of processor time, medians ${compared(({ cpu }) => median(cpu))}; ` +
      `by the clock ${compared(({ wall }) => Math.min(...wall))}, medians ${compared(({ wall }) => median(wall))}; ` +
      `first turn ${compared(({ first }) => first.cpu)}\n`,
  );
  for (const run of Object.values(runs)) await run.dispose();
}
