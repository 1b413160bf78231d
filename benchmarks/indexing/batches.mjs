#!/usr/bin/env node
// Measures images per second of an indexer by batch size: the size that fills a card, and the cost of smaller batches.
// usage: node benchmarks/indexing/batches.mjs [--seconds N] [--backends LIST] [--sizes LIST] [--spots N]
//
// Simulates stills of a tetragonal cell in four kinds: `good` (one lattice and nothing else), `half` (half of the spots
// are spurious), `noise` (no lattice), `mixed` (three of `half` to one of `noise`, as a beamline delivers them). Gives
// two figures for each: sequential runs, and runs that overlap as far as the indexer permits, both through the public
// API. Answers are compared with the truth. Prints one JSON document on standard output. scripts/pack-offline.mjs
// copies this file to machines with a card (benchmarks/gpu.md describes how the figures are read).
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    backends: { type: 'string', default: process.env.EWALD_BACKENDS ?? 'native' },
    sizes: { type: 'string', default: '1,8,64,264,792,4096,16384' },
    spots: { type: 'string', default: '300' },
  },
});
const numbersOf = (text) => text.split(',').map(Number);
const [seconds, spotsEach, sizes] = [Number(values.seconds), Number(values.spots), numbersOf(values.sizes)];
// wasm is the reference and is not timed.
const backends = values.backends.split(',').filter((name) => name && name !== 'wasm');
if (!(seconds > 0 && spotsEach >= 1 && sizes.every((size) => size >= 1 && size <= 65536)) || backends.length === 0) {
  process.stderr.write('batches: usage: batches.mjs [--seconds N] [--backends LIST] [--sizes LIST] [--spots N]\n');
  process.exit(2);
}

const built = new URL('../../dist/index.node.js', import.meta.url);
const { createContext, simulateSpots } = await import(existsSync(built) ? built.href : 'ewald');

const cell = [
  [79.1, 0, 0],
  [0, 79.1, 0],
  [0, 0, 37.9],
];
const differentImages = 64;
const stills = (settings) =>
  simulateSpots({ cell, images: differentImages, spots: spotsEach, ...settings }).map(({ spots }) =>
    Float32Array.from(spots),
  );
const pools = {
  good: stills({ seed: 1 }),
  half: stills({ seed: 2, spurious: 0.5 }),
  noise: stills({ seed: 3, spurious: 1, crystals: 0 }),
};
pools.mixed = pools.half.map((spots, i) => (i % 4 === 3 ? pools.noise[i] : spots));
// The smallest and the largest share of images that may be indexed: a fast wrong answer is worthless.
const shares = { good: [0.95, 1], half: [0.9, 1], noise: [0, 0.02], mixed: [0.68, 0.77] };

function batchOf(pool, images) {
  const offsets = new Uint32Array(images + 1);
  for (let i = 0; i < images; i++) offsets[i + 1] = offsets[i] + pool[i % pool.length].length / 3;
  const spots = new Float32Array(3 * offsets[images]);
  for (let i = 0; i < images; i++) spots.set(pool[i % pool.length], 3 * offsets[i]);
  return { spots, offsets, cells: cell };
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const rounded = (ms) => Number(ms.toFixed(3));

/** Milliseconds per run for sequential runs; the first run is not counted. */
async function alone(indexer, input, result, ms) {
  const times = [];
  const until = performance.now() + ms;
  while (times.length < 2 || (performance.now() < until && times.length < 500)) {
    const begin = performance.now();
    await indexer.run({ ...input, into: result });
    times.push(performance.now() - begin);
    if (times[0] > ms) break;
  }
  return { ms: median(times), bestMs: Math.min(...times), runs: times.length };
}

/** Milliseconds per run with three runs in flight at any time. */
async function overlapping(indexer, input, results, ms, each) {
  const runs = Math.max(3, Math.min(500, Math.floor(ms / each)));
  let next = 0;
  const worker = async (result) => {
    while (next++ < runs) await indexer.run({ ...input, into: result });
  };
  const begin = performance.now();
  await Promise.all(results.map(worker));
  return (performance.now() - begin) / runs;
}

const rows = [];
const wrong = [];
/** Prints the results so far, even when the time limit has been reached. */
function report() {
  const best = (backend, kind) => {
    const rates = rows
      .filter((row) => row.backend === backend && row.kind === kind && row.overlapImagesPerSecond)
      .map((row) => row.overlapImagesPerSecond);
    return rates.length > 0 ? `${kind} ${Math.max(...rates)}/s` : `${kind} not measured`;
  };
  const told = (backend) =>
    Object.keys(pools)
      .map((kind) => best(backend, kind))
      .join(', ');
  const summary = backends
    .map((backend) => `${backend}: ${told(backend)}`)
    .concat(wrong)
    .join('; ');
  process.stdout.write(`${JSON.stringify({ summary, wrong, spotsEach, rows })}\n`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}
process.on('SIGTERM', () => {
  report();
  process.exit();
});

const began = performance.now();
const share = (1000 * seconds) / (backends.length * sizes.length * Object.keys(pools).length * 2);
for (const [i, backend] of backends.entries()) {
  // A backend has its part of the time that is left, so that a slow one leaves some to the others.
  const until = performance.now() + (1000 * seconds - performance.now() + began) / (backends.length - i);
  const context = await createContext({ backend, strict: true, log: { level: 'error' } });
  for (const batch of sizes) {
    const begin = performance.now();
    let indexer;
    try {
      indexer = await context.indexer({ batch, maxBatchSpots: batch * spotsEach, maxOutputCells: 4 });
    } catch (error) {
      rows.push({ backend, batch, refused: error.message });
      continue;
    }
    const planMs = performance.now() - begin;
    for (const [kind, pool] of Object.entries(pools)) {
      // Sizes for which no time is left are reported and not run: on a CPU 16384 images of noise take a minute.
      const last = rows.findLast((row) => row.backend === backend && row.kind === kind && row.ms);
      const expected = last ? (last.ms * batch) / last.batch : 0;
      const slow = expected > Math.max(4 * share, 1000);
      if (slow || performance.now() > until) {
        const refused = slow
          ? `some ${Math.round(expected)} ms a run, more than there was time for`
          : 'no time was left';
        rows.push({ backend, kind, batch, refused });
        continue;
      }
      const input = batchOf(pool, batch);
      const first = performance.now();
      const result = await indexer.run(input);
      const firstMs = performance.now() - first;
      const single = await alone(indexer, input, result, share);
      const others = [result, await indexer.run(input), await indexer.run(input)];
      const overlapMs = await overlapping(indexer, input, others, share, single.ms);
      const indexed = result.crystalCounts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0) / batch;
      const [least, most] = shares[kind];
      if (batch >= differentImages && !(indexed >= least && indexed <= most))
        wrong.push(`${backend}, ${kind}, ${batch} images: ${indexed.toFixed(3)} indexed, expected ${least} to ${most}`);
      rows.push({
        backend,
        kind,
        batch,
        planMs: rounded(planMs),
        firstMs: rounded(firstMs),
        ms: rounded(single.ms),
        bestMs: rounded(single.bestMs),
        runs: single.runs,
        overlapMs: rounded(overlapMs),
        imagesPerSecond: Math.round((1000 * batch) / single.ms),
        overlapImagesPerSecond: Math.round((1000 * batch) / overlapMs),
        indexed: Number(indexed.toFixed(3)),
      });
    }
    await indexer.dispose();
  }
  await context.dispose();
}
report();
