#!/usr/bin/env node
// `node benchmarks/indexing/alternate.mjs OTHER FOLDER`: the indexers of this build and of the build in the folder
// OTHER take turns on the spot lists of FOLDER in one process, so that a busy machine slows both alike. A list is
// indexed as a batch of copies on one thread. Times are milliseconds per image: the mean over the lists of their minima
// and of their medians. A list counts as different if the two builds accept different lattices.
//   [--spots N] of lowest resolution (default 300)  [--rounds N] (default 15)  [--backends wasm,native]
//   [--methods fast,turbo]
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    spots: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '15' },
    backends: { type: 'string', default: 'wasm,native' },
    methods: { type: 'string', default: 'fast,turbo' },
  },
});
if (positionals.length !== 2) throw new Error('expected two folders: alternate.mjs OTHER FOLDER');
const [other, folder] = positionals.map((one) => resolve(one));
const builds = { other, this: fileURLToPath(new URL('../..', import.meta.url)) };
const copies = 16;

/** The known cell of a list, which is its first line, and copies of its lowest-resolution spots. */
function readList(name) {
  const [cell, ...spots] = readFileSync(join(folder, name), 'utf8')
    .split('\n')
    .filter((line) => line.trim() && !line.startsWith('#'))
    .map((line) => line.trim().split(/\s+/).map(Number));
  const lowest = spots
    .map((spot) => spot.slice(0, 3))
    .sort((p, q) => Math.hypot(...p) - Math.hypot(...q))
    .slice(0, Number(options.spots));
  const one = lowest.flat();
  return {
    cells: cell.slice(0, 9),
    spots: Float32Array.from({ length: copies * one.length }, (_, i) => one[i % one.length]),
    offsets: Uint32Array.from({ length: copies + 1 }, (_, i) => i * lowest.length),
  };
}

const lists = readdirSync(folder)
  .filter((name) => name.endsWith('.txt'))
  .sort()
  .map(readList);
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

for (const backend of options.backends.split(','))
  for (const method of options.methods.split(',')) {
    const plans = {};
    let same = (p, q) => p === q;
    for (const [name, root] of Object.entries(builds)) {
      const { createContext, sameLattice } = await import(pathToFileURL(join(root, 'dist/index.node.js')).href);
      const context = await createContext({ backend, strict: true });
      plans[name] = { context, indexer: await context.indexer({ batch: copies, threads: 1, method }) };
      same = sameLattice;
    }
    const best = { this: [], other: [] };
    const usual = { this: [], other: [] };
    let different = 0;
    for (const list of lists) {
      const times = { this: [], other: [] };
      const found = {};
      for (let round = 0; round <= Number(options.rounds); round++)
        for (const name of round % 2 ? ['other', 'this'] : ['this', 'other']) {
          const start = performance.now();
          const result = await plans[name].indexer.run({ ...list, into: found[name] });
          // The first round is not counted: it allocates the result.
          if (found[name]) times[name].push((performance.now() - start) / copies);
          found[name] = result;
        }
      const [p, q] = ['this', 'other'].map((name) => found[name].image(0).crystals());
      if (p.length !== q.length || p.some(({ cell }, k) => !same(cell, q[k].cell))) different++;
      for (const name of ['this', 'other']) {
        best[name].push(Math.min(...times[name]));
        usual[name].push(median(times[name]));
      }
    }
    const compared = (of) => {
      const [here, there] = [mean(of.this), mean(of.other)];
      return `${here.toFixed(4)} and ${there.toFixed(4)} ms (${(here / there).toFixed(3)})`;
    };
    process.stdout.write(
      `${backend} ${method}, ${lists.length} lists: this and the other ${compared(best)}, ` +
        `medians ${compared(usual)}, ${different} lists differ\n`,
    );
    for (const { context } of Object.values(plans)) await context.dispose();
  }
