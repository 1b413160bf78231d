// One process of the benchmark: runs frames through ctx.pipeline, first one at a time to measure the stages, then as a
// whole run. Prints one line of JSON.
//   node --expose-gc child.mjs '{"file", "geometry", "cell", "backend", "frames", "rounds"}'
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const load = (file) => import(pathToFileURL(join(root, file)).href);
const { createContext, formatChunk, parseGeometry, readCell } = await load('dist/index.node.js');
const { open, openCodecs } = await load('dist/data.node.js');
const { file, geometry, cell, backend, frames, rounds, stream } = JSON.parse(process.argv[2]);

const context = await createContext({ backend, strict: true });
// Chunks are decompressed by the same backend.
const codecs = await openCodecs({ backend });
const dataset = await open(file, { codecs });
const settings = {
  geometry: parseGeometry(readFileSync(geometry, 'utf8')),
  cells: [readCell(readFileSync(cell, 'utf8'))],
  peaks: { threshold: 12, minSnr: 4.5, localBgRadius: 4 },
  minRes: 20,
  openOther: (of, path) => open(of, { codecs, dataset: path }),
};
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Processes one frame at a time without overlap: the time of each stage. */
async function stagesApart() {
  let next = () => {};
  const inputs = async function* () {
    for (let i = 0; i < 3 * frames; i++) {
      yield { dataset, frames: [i % frames] };
      await new Promise((resolve) => {
        next = resolve;
      });
    }
  };
  const times = { read: [], peaks: [], index: [], integrate: [], write: [] };
  let seen = 0;
  for await (const { result, chunk, error } of context.pipeline({ inputs: inputs(), ...settings })) {
    if (error) throw error;
    const begun = performance.now();
    writeFileSync(stream, formatChunk(chunk), { flag: 'a' });
    const ms = { ...result.ms, write: performance.now() - begun };
    // The first round is a warm-up.
    if (seen++ >= frames) for (const [stage, took] of Object.entries(ms)) times[stage].push(took);
    next();
  }
  return Object.fromEntries(Object.entries(times).map(([stage, all]) => [stage, median(all)]));
}

/**
 * Overhead in milliseconds of searching a frame in memory over the sum of its stages: for the first frame after
 * planning, and for later ones.
 */
async function searcherOverhead() {
  const { geometry, cells, peaks, minRes, openOther } = settings;
  const detector = await context.detector(dataset, { geometry, openOther });
  const searcher = await context.frameSearcher({ detector, cells, peaks, minRes });
  const above = [];
  for (let i = 0; i < frames; i++) {
    const frame = await dataset.read(i, 1);
    const begun = performance.now();
    const { ms } = await searcher.search(frame);
    above.push(performance.now() - begun - ms.peaks - ms.index - ms.integrate);
  }
  await searcher.dispose();
  return { first: above[0], later: median(above.slice(1)) };
}

/** A complete run: milliseconds per frame in wall-clock and processor time, and the peak memory of the process. */
async function wholeRun(times) {
  // Garbage of the previous run must not count for this one.
  globalThis.gc?.();
  const inputs = Array.from({ length: times }, (_, pass) => ({ dataset, filename: `pass-${pass}` }));
  const mostMiB = () => process.resourceUsage().maxRSS / 1024;
  let [begun, used, seen, crystals, thirdMiB] = [0, undefined, 0, 0, 0];
  for await (const { result, chunk, error } of context.pipeline({ inputs, ...settings })) {
    if (error) throw error;
    writeFileSync(stream, formatChunk(chunk), { flag: 'a' });
    crystals += result.crystals.length;
    // The run starts after the plan was made and all frames were processed once.
    if (++seen === frames) [begun, used] = [performance.now(), process.cpuUsage()];
    if (seen === Math.ceil(times / 3) * frames) thirdMiB = mostMiB();
  }
  const { user, system } = process.cpuUsage(used);
  const counted = seen - frames;
  return {
    wallMs: (performance.now() - begun) / counted,
    cpuMs: (user + system) / 1000 / counted,
    crystals: crystals / times,
    // Measured after a third of the run, when the heap of young objects has reached its size, and at the end.
    thirdMiB,
    memoryMiB: mostMiB(),
  };
}

const stages = await stagesApart();
const searcher = await searcherOverhead();
const few = await wholeRun(rounds);
const many = await wholeRun(3 * rounds);
await dataset.dispose();
await codecs.dispose();
await context.dispose();
process.stdout.write(`${JSON.stringify({ stages, searcher, few, many })}\n`);
