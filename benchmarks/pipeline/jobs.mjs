#!/usr/bin/env node
// `npm run bench -- jobs`: what one thread does with the results of many workers. Two workers search simulated frames
// and their results are recorded; then they are replayed to the thread of a run as 8, 16, 32 and 64 workers would send
// them, without any time between. What is measured is this thread alone: it lists the frames, makes the tasks, decodes
// what workers post, keeps the counts, refines the geometry as a remark and writes the stream.
//   [--frames N] frames of the replay (default 8192)   [--html] with a report as well, which needs whole results
//   [--profile FILE] writes a CPU profile of the last replay   [--json]
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { Executor } from '../../dist/executors.node.js';
import { cellFromParameters, createContext } from '../../dist/index.node.js';
import { record } from '../lib/lines.mjs';

const { values: options } = parseArgs({
  options: {
    frames: { type: 'string', default: '8192' },
    html: { type: 'boolean', default: false },
    profile: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
/** Frames of one file, and of the whole replay. */
const each = 512;
const files = Math.max(1, Math.round(Number(options.frames) / each));
const total = files * each;
const folder = mkdtempSync(join(tmpdir(), 'ewald-jobs-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const ctx = await createContext();
const cell = cellFromParameters(79.1, 79.1, 38.1, 90, 90, 90);

/** Simulated frames; their number, which the replay finds under many names. */
async function simulated() {
  const { simulateFrames } = await import('../../dist/shell.node.js');
  const made = join(folder, 'made');
  await simulateFrames(made, { cell, images: each, detectorPx: [384, 384], pixelMm: 0.2, seed: 5 });
  return join(made, 'run');
}

/** What workers sent for each task of the first file, as the port to them holds it. */
async function recorded(base) {
  const executor = await Executor.workers({ workers: 2 });
  const sent = new Map();
  const recording = {
    kind: executor.kind,
    slots: executor.slots,
    share: (value) => executor.share(value),
    async *run(tasks, how) {
      const asked = [];
      const noted = async function* () {
        for await (const task of tasks) {
          asked.push(task.argument);
          yield task;
        }
      };
      for await (const result of executor.run(noted(), how)) {
        const { frames } = asked.shift();
        sent.set(`${frames}`, serialize(result.value));
        yield result;
      }
    },
  };
  try {
    await ran([`${base}.h5`], base, recording, join(folder, 'recorded'));
  } finally {
    await executor.dispose();
  }
  return sent;
}

/** A run; returns the number of its crystals. */
async function ran(inputs, base, executor, output) {
  let crystals = 0;
  const extra = options.html ? { html: `${output}.html` } : { briefItems: true };
  const run = ctx.pipeline({
    inputs,
    geometry: `${base}.geom`,
    cells: [{ cell, centring: 'P' }],
    output: `${output}.stream`,
    force: true,
    refineGeometry: 'off',
    executor,
    onEvent: () => undefined,
    ...extra,
  });
  for await (const { error, result } of run) {
    if (error) throw error;
    crystals += result.crystals.length;
  }
  return crystals;
}

/** Numbers of a frame and of a crystal in what workers report briefly, and where the latter states its rivals. */
const [frameNumbers, crystalNumbers] = [20, 40];

/** Gives a recorded result the serial numbers and the name of the task that it answers. */
function answer(bytes, { filename, serials }) {
  const value = deserialize(bytes);
  if (Array.isArray(value)) {
    return value.map((one, i) => ({ ...one, origin: { ...one.origin, filename, serial: serials[i] } }));
  }
  const { numbers } = value;
  for (let at = 0, i = 0; at < numbers.length; i++) {
    numbers[at] = serials[i];
    let crystals = numbers[at + frameNumbers - 1];
    at += frameNumbers;
    while (crystals-- > 0) at += crystalNumbers + 9 * numbers[at + crystalNumbers - 1];
  }
  return { ...value, filename };
}

/** An executor of `slots` workers that have every result at once. */
const replaying = (sent, slots) => ({
  kind: 'workers',
  slots,
  share: async () => ({ hash: 'recorded' }),
  async *run(tasks, { window = 4 * slots } = {}) {
    const waiting = [];
    for await (const { argument } of tasks) {
      waiting.push(argument);
      if (waiting.length < window) continue;
      const first = waiting.shift();
      yield { value: answer(sent.get(`${first.frames}`), first) };
    }
    for (const argument of waiting) yield { value: answer(sent.get(`${argument.frames}`), argument) };
  },
});

const base = await simulated();
const sent = await recorded(base);
const copies = join(folder, 'copies');
mkdirSync(copies);
const inputs = Array.from({ length: files }, (_, i) => {
  const name = join(copies, `run-${String(i).padStart(4, '0')}.h5`);
  copyFileSync(`${base}.h5`, name);
  return name;
});
const session = options.profile ? new Session() : undefined;
const lines = [];
for (const slots of [8, 16, 32, 64]) {
  globalThis.gc?.();
  const heap = process.memoryUsage().heapUsed;
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().heapUsed);
  }, 50);
  if (session && slots === 64) {
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
  }
  const begun = performance.now();
  const before = process.cpuUsage();
  const crystals = await ran(inputs, base, replaying(sent, slots), join(folder, `of-${slots}`));
  const { user, system } = process.cpuUsage(before);
  const ms = performance.now() - begun;
  clearInterval(timer);
  if (session && slots === 64) {
    const { profile } = await session.post('Profiler.stop');
    writeFileSync(options.profile, JSON.stringify(profile));
  }
  const line = {
    workers: slots,
    frames: total,
    crystals,
    framesPerSecond: total / (ms / 1000),
    cpuMs: (user + system) / 1000 / total,
    streamBytes: statSync(join(folder, `of-${slots}.stream`)).size,
    heapMiB: (most - heap) / 2 ** 20,
  };
  lines.push(line);
  record({
    what: `results of ${slots} workers on the main thread`,
    value: line.framesPerSecond,
    unit: 'frames/s',
    aim: 6000,
  });
  if (options.json) continue;
  const { framesPerSecond: rate, cpuMs, heapMiB } = line;
  process.stdout.write(
    `  ${rate >= 6000 ? 'pass' : 'MISS'}  ${slots} workers: ${rate.toFixed(0)} frames/s (aim at least 6000), ` +
      `${cpuMs.toFixed(3)} ms of processor time a frame, ${crystals} crystals, heap + ${heapMiB.toFixed(0)} MiB\n`,
  );
}
await ctx.dispose();
if (options.json) process.stdout.write(`${JSON.stringify(lines)}\n`);
