// Measures what the package adds to the indexing kernels: a second worker, and the processing of results in JavaScript.
import { existsSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './programs.mjs';

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const cell = [
  [52.4, 0, 0],
  [0, 61.3, 0],
  [-17.1, 0, 72.8],
];

/** Exact lattice points of a rotated cell, so that every image is indexed. */
function stills(images, spots) {
  const list = new Float32Array(images * spots * 3);
  for (let image = 0; image < images; image++) {
    const [cos, sin] = [Math.cos(0.1 + image), Math.sin(0.1 + image)];
    for (let j = 0; j < spots; j++) {
      const [h, k, l] = [(j % 7) - 3, (Math.floor(j / 7) % 7) - 3, Math.floor(j / 49) + 1];
      const x = h / 52.4;
      const y = k / 61.3;
      const z = (l + (17.1 * h) / 52.4) / 72.8;
      list.set([cos * x - sin * y, sin * x + cos * y, z], 3 * (image * spots + j));
    }
  }
  return { spots: list, offsets: Uint32Array.from({ length: images + 1 }, (_, i) => i * spots), cells: cell };
}

/** Images per second with two threads divided by that with one; they take turns. */
export async function compareWorkers({ createContext, print }) {
  const lines = [];
  for (const backend of ['native', 'wasm']) {
    let context;
    try {
      context = await createContext({ backend, strict: true });
    } catch (error) {
      print(`  --    indexing with two workers, ${backend}: ${error.message}`);
      continue;
    }
    try {
      const batch = 2000;
      const input = stills(batch, 300);
      const indexers = await Promise.all(
        [1, 2].map((threads) => context.indexer({ batch, threads, maxOutputCells: 4 })),
      );
      const into = await Promise.all(indexers.map((indexer) => indexer.run(input)));
      const times = [[], []];
      for (let round = 0; round < 5; round++) {
        for (const [k, indexer] of indexers.entries()) {
          const begin = performance.now();
          await indexer.run({ ...input, into: into[k] });
          times[k].push(performance.now() - begin);
        }
      }
      const load = loadavg()[0].toFixed(1);
      lines.push({
        what: `indexing with two workers over one, ${backend}`,
        value: median(times[0]) / median(times[1]),
        aim: 1.8,
        note: `load average ${load}`,
      });
    } finally {
      await context.dispose();
    }
  }
  return lines;
}

/**
 * Images per second through the facade when the kernel only copies an answer: argument checks, result, and every
 * crystal read.
 */
export async function measureHandling() {
  const file = (name) => pathToFileURL(join(root, 'build/esm', name)).href;
  if (!existsSync(join(root, 'build/esm/indexing/indexer.js'))) return [];
  const { planIndexer } = await import(file('indexing/indexer.js'));
  const { Resource } = await import(file('util/resource.js'));
  // The answer to copy comes from the bundle: individual modules cannot locate the wasm file.
  const { createContext } = await import(pathToFileURL(join(root, 'dist/index.node.js')).href);
  const batch = 1000;
  const input = stills(batch, 300);
  const context = await createContext({ backend: 'wasm', strict: true });
  const real = await context.indexer({ batch, maxOutputCells: 4 });
  const answer = await real.run(input);
  await context.dispose();
  const kernel = {
    bytes: 0,
    async run({ found, results, assignment }) {
      found.set(answer.found);
      results.set(answer.results);
      assignment.set(answer.assignment);
    },
    dispose: async () => undefined,
  };
  const planner = {
    plan: async () => ({ backend: { name: 'wasm' }, kernel }),
    resource: new Resource('context', undefined, async () => undefined),
  };
  const indexer = await planIndexer(planner, { batch, maxOutputCells: 4 });
  const images = Array.from({ length: batch }, (_, i) => ({ spots: input.spots.subarray(900 * i, 900 * (i + 1)) }));
  let crystals = 0;
  const read = (image) => {
    for (const crystal of image.crystals()) crystals += crystal.indexedSpots > 0 ? 1 : 0;
  };
  const ways = {
    async run() {
      const result = await indexer.run(input);
      for (let i = 0; i < batch; i++) read(result.image(i));
    },
    async stream() {
      for await (const { image } of indexer.stream(images, { cells: cell })) read(image);
    },
  };
  const lines = [];
  for (const [name, way] of Object.entries(ways)) {
    const rates = [];
    for (let round = 0; round < 12; round++) {
      const begin = process.cpuUsage();
      await way();
      const { user, system } = process.cpuUsage(begin);
      rates.push((1e6 * batch) / (user + system));
    }
    lines.push({
      what: `indexing, JavaScript around ${name}: images of 300 spots a second of processor time`,
      value: median(rates.slice(2)),
      aim: 1e5,
      note: 'kernel replaced by a copy of its answer',
    });
  }
  await indexer.dispose();
  if (crystals === 0) throw new Error('no image was indexed');
  return lines;
}
