// `node benchmarks/udf/functions.mjs`: users' functions compared with their bare loop, in JavaScript and as a module of
// WebAssembly, on this thread and on workers; and, where it is installed, with the same loop compiled by numba.
//   --frames N   frames of 256 x 256, u16 (default 2048)   --repeats R (default 5)   --json
// All ways read the same file from the page cache and take turns; the time is the shortest of R in seconds. Their results
// are compared before anything is timed.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Context } from '../../dist/udf.node.js';
import { findClang } from '../../scripts/lib/clang.mjs';
import { record } from '../lib/lines.mjs';
import { countsOf } from './counts.mjs';
import { empty, rings, tablesFor, variance, varianceBy, varianceByFour, varianceOf } from './variance.mjs';

const side = 256;
const pixels = side * side;
/** Frames of a partition of 32 MiB, as the package reads them. */
const group = 256;

/** Reads frames [first, end) of a file, a group at a time into the same place. */
function eachGroup(fd, first, end, into, work) {
  for (let at = first; at < end; at += group) {
    const count = Math.min(group, end - at);
    readSync(fd, into, 0, count * pixels * 2, at * pixels * 2);
    work(count, at);
  }
}

function bareLoop(fd, first, end, out) {
  const frames = new Uint16Array(group * pixels);
  const tables = tablesFor(side, side);
  return () =>
    eachGroup(fd, first, end, new Uint8Array(frames.buffer), (count, at) => {
      for (let i = 0; i < count; i++)
        varianceOf(
          frames.subarray(i * pixels, (i + 1) * pixels),
          out.subarray((at - first + i) * rings, (at - first + i + 1) * rings),
          tables,
        );
    });
}

if (!isMainThread) {
  const { file, first, end } = workerData;
  const run = bareLoop(openSync(file), first, end, new Float64Array((end - first) * rings));
  parentPort.on('message', () => {
    run();
    parentPort.postMessage(0);
  });
} else await main();

async function main() {
  const { values: options } = parseArgs({
    options: {
      frames: { type: 'string', default: '2048' },
      repeats: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
    },
  });
  const [frames, repeats] = [Number(options.frames), Number(options.repeats)];
  const print = (line) => options.json || process.stdout.write(`${line}\n`);
  print(`Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model.trim()}, ${frames} frames of 256 x 256`);
  const folder = mkdtempSync(join(tmpdir(), 'ewald-bench-functions-'));
  const closing = [];
  try {
    const file = join(folder, 'frames.raw');
    writeFileSync(file, countsOf(frames * pixels));
    const fd = openSync(file);
    const expected = new Float64Array(frames * rings);
    const bare = bareLoop(fd, 0, frames, expected);
    bare();

    const raw = { format: 'raw', dtype: 'u16', sigShape: [side, side], navShape: [frames] };
    const through = async (udf, kind, made) => {
      const ctx = await Context.makeWith(kind, made);
      closing.push(() => ctx.close());
      const scan = await ctx.load(file, raw);
      return () => ctx.runUdf(scan, udf);
    };
    const threads = (count) => {
      const each = Array.from({ length: count }, (_, i) => {
        const range = { first: (i * frames) / count, end: ((i + 1) * frames) / count };
        return new Worker(new URL(import.meta.url), { workerData: { file, ...range } });
      });
      closing.push(() => Promise.all(each.map((worker) => worker.terminate())));
      return () =>
        Promise.all(
          each.map(
            (worker) =>
              new Promise((done) => {
                worker.once('message', done);
                worker.postMessage(0);
              }),
          ),
        );
    };
    const buffer = new Uint8Array(group * pixels * 2);
    const ways = {
      reading: () => eachGroup(fd, 0, frames, buffer, () => undefined),
      'empty function': await through(empty, 'inline'),
      'bare loop': bare,
      'this thread': await through(variance, 'inline'),
      'four tables, this thread': await through(varianceByFour, 'inline'),
      'one worker': await through(variance, 'workers', { cpus: 1 }),
      'two workers': await through(variance, 'workers', { cpus: 2 }),
      'one bare thread': threads(1),
      'two bare threads': threads(2),
    };
    const seconds = {};
    const inTurns = async (some) => {
      for (const [name, way] of Object.entries(some)) {
        const found = (await way())?.variance?.data;
        if (found?.some((value, i) => Math.abs(value - expected[i]) > 1e-6 * Math.abs(expected[i])))
          throw new Error(`${name} has other results than the bare loop`);
      }
      for (let round = 0; round < repeats; round++)
        for (const [name, way] of Object.entries(some)) {
          const began = performance.now();
          await way();
          seconds[name] = Math.min(seconds[name] ?? Number.POSITIVE_INFINITY, (performance.now() - began) / 1000);
        }
    };
    await inTurns(ways);
    // Later, because the memory of a module detaches a buffer when it grows: from then on V8 checks in each access to a
    // typed array of the thread whether it is detached, and loops in JavaScript take a third longer.
    const wasm = compiled(folder);
    if (wasm)
      await inTurns({
        'module by hand': byHand(wasm, fd, frames),
        'module, this thread': await through(varianceBy(wasm), 'inline'),
        'module, one worker': await through(varianceBy(wasm), 'workers', { cpus: 1 }),
      });
    else print('the module is absent: no clang that compiles to wasm32 (it comes with Emscripten)');
    const numba = peer(file, frames, repeats);
    if (numba) seconds['numba, one thread'] = numba;
    else print('numba is absent (apt-get install python3-numba)');
    for (const [name, value] of Object.entries(seconds)) print(`        ${name}: ${value.toFixed(3)} s`);
    const lines = [];
    const ratio = (name, over, under, aim, atMost = false) => {
      if (seconds[over] === undefined || seconds[under] === undefined) return;
      const value = seconds[over] / seconds[under];
      const pass = atMost ? value <= aim : value >= aim;
      lines.push({ name, ratio: value, aim, pass });
      record({ what: name, value, unit: 'x', aim, most: atMost });
      print(`  ${pass ? 'pass' : 'MISS'}  ${name}: ${value.toFixed(2)} (aim ${atMost ? 'at most ' : ''}${aim})`);
    };
    ratio('this thread over the bare loop', 'bare loop', 'this thread', 0.9);
    ratio('one worker over a bare thread', 'one bare thread', 'one worker', 0.9);
    ratio('two workers over one', 'one worker', 'two workers', 1.8);
    ratio('two bare threads over one', 'one bare thread', 'two bare threads', 1.9);
    ratio('an empty function, in times of reading', 'empty function', 'reading', 1.5, true);
    ratio('the module over itself called by hand', 'module by hand', 'module, this thread', 0.95);
    ratio('the module over numba', 'numba, one thread', 'module, this thread', 1.5);
    ratio('JavaScript over numba', 'numba, one thread', 'this thread', 0.6);
    ratio('JavaScript with four tables over numba', 'numba, one thread', 'four tables, this thread', 0.9);
    if (options.json) process.stdout.write(`${JSON.stringify({ frames, seconds, lines })}\n`);
  } finally {
    for (const close of closing) await close();
    rmSync(folder, { recursive: true });
  }
}

/** Compiles the module of examples/udf; undefined without a compiler. */
function compiled(folder) {
  const clang = findClang();
  if (!clang) return undefined;
  const output = join(folder, 'variance.wasm');
  const flags = '--target=wasm32 -O3 -msimd128 -mbulk-memory -ffreestanding -nostdlib -Wl,--no-entry'.split(' ');
  const source = fileURLToPath(new URL('../../examples/udf/variance.c', import.meta.url));
  execFileSync(clang, [...flags, '-o', output, source]);
  return new Uint8Array(readFileSync(output));
}

/** The module without the package around it. */
function byHand(bytes, fd, frames) {
  const { heap, memory, process: work, setup } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  const start = Math.ceil(heap() / 64) * 64;
  const [params, table, at] = [start, start + 64, start + 128];
  const into = at + frames * rings * 8;
  memory.grow(Math.ceil((into + group * pixels * 2) / 65536));
  new Float64Array(memory.buffer, params, 2).set([side / 2, side / 2]);
  if (setup(side, side, 2, params) !== 0) throw new Error('the module refuses the frames');
  const place = new Uint8Array(memory.buffer, into, group * pixels * 2);
  return () => {
    eachGroup(fd, 0, frames, place, (count, first) => {
      new Uint32Array(memory.buffer, table, 1)[0] = at + first * rings * 8;
      work(into, count, first, table);
    });
    return { variance: { data: new Float64Array(memory.buffer, at, frames * rings) } };
  };
}

/** Seconds of the same loop compiled by numba; undefined where it is not installed. */
function peer(file, frames, repeats) {
  const program = fileURLToPath(new URL('numba_peer.py', import.meta.url));
  const { status, stdout } = spawnSync('/usr/bin/python3', [program, file, String(frames), String(repeats)], {
    encoding: 'utf8',
    env: { ...process.env, NUMBA_NUM_THREADS: '1' },
  });
  return status === 0 ? Number(stdout) : undefined;
}
