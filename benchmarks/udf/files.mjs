// `node benchmarks/udf/files.mjs`: sum, stddev, com and 16 masks of a file of 512 MiB in the page cache, on one core
// and on one and two workers, compared with reading alone, with the same loops compiled by numba and OpenBLAS where
// Debian's python3-numba and libopenblas0-pthread are installed, and, with --before, with another build of the package.
//   --before FOLDER   a folder with that build's dist/   --frames N   of 256 x 256, u16 (default 4096)
//   --repeats R   (default 7)   --json
// Each build has a process for each way, and the processes take turns; the time is the shortest of R. Results of all
// ways are compared before anything is timed. `taskset` of Linux confines a process to one core.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { record } from '../lib/lines.mjs';
import { countsOf } from './counts.mjs';

const side = 256;
const pixels = side * side;
const root = fileURLToPath(new URL('../..', import.meta.url));
const aims = { before: 1.5, workers: 1.8, libertem: 1.2, numba: { sum: 1.3, stddev: 2, com: 1.3, 'masks of 16': 2 } };
/** Frames that numba's loops get at a time: the faster of these counts. */
const depths = [16, 256];
/**
 * Seconds of LiberTEM 0.17-dev for such a file, and of ewald 0.1 beside it, on another machine. They show how LiberTEM
 * compares with the build of --before if that is 0.1.
 */
const elsewhere = {
  sum: [0.2, 0.25],
  stddev: [0.66, 0.28],
  com: [0.23, 0.31],
  'masks of 16': [0.54, 0.39],
};

if (process.send) await serve(...process.argv.slice(2));
else await main();

/** Functions by name, of one build, and the number that tells whether their results are right. */
function functionsOf({ comUdf, masksUdf, stddevUdf, sumUdf }) {
  const masks = Array.from({ length: 16 }, (_, k) =>
    Float32Array.from({ length: pixels }, (_, i) => Math.cos((k * (i % side)) / side)),
  );
  // In builds before 0.2, functions were values, with parameters by `withParams`.
  const made = (udf, params) => (typeof udf === 'function' ? udf(params) : params ? udf.withParams(params) : udf);
  return {
    sum: [made(sumUdf), ({ intensity }) => intensity.data[5]],
    stddev: [made(stddevUdf), ({ std }) => std.data[5]],
    com: [made(comUdf), (found) => (found.rawCom ?? found.raw_com).data[7]],
    'masks of 16': [made(masksUdf, { masks }), ({ intensity }) => intensity.data[37]],
  };
}

/** A process that answers each name with the seconds of one run and a number of its results. */
async function serve(folder, way, file, frames) {
  const answer = (work) => process.on('message', async (name) => process.send(await work(name)));
  if (way === 'reading') {
    const [fd, piece] = [openSync(file), new Uint8Array(2 ** 21)];
    answer(() => {
      const began = performance.now();
      for (let at = 0; readSync(fd, piece, 0, piece.length, at) > 0; ) at += piece.length;
      return [(performance.now() - began) / 1000, 0];
    });
  } else {
    const udf = await import(pathToFileURL(join(folder, 'dist/udf.node.js')).href);
    const ctx =
      way === 'one core' ? new udf.Context() : await udf.Context.makeWith('workers', { cpus: Number(way[0]) });
    const raw = { format: 'raw', dtype: 'u16', sigShape: [side, side], navShape: [Number(frames)] };
    const scan = await ctx.load(file, raw);
    const functions = functionsOf(udf);
    answer(async (name) => {
      const [run, check] = functions[name];
      const began = performance.now();
      const results = await ctx.runUdf(scan, run);
      return [(performance.now() - began) / 1000, check(results)];
    });
  }
  process.send('ready');
}

/** A process of `serve`, as a function of a name. */
async function contestant(folder, way, file, frames) {
  const pinned = way === 'two workers' ? [] : ['taskset', '-c', '0'];
  const ways = { 'one worker': '1', 'two workers': '2' };
  const args = [fileURLToPath(import.meta.url), folder, ways[way] ?? way, file, String(frames)];
  const [command, ...rest] = [...pinned, process.execPath, ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const next = () =>
    new Promise((done, fail) => {
      child.once('message', done);
      child.once('exit', (code) => fail(new Error(`${way} of ${folder} ended with ${code}`)));
    }).finally(() => child.removeAllListeners());
  await next();
  const run = (name) => {
    child.send(name);
    return next();
  };
  return { run, end: () => child.kill() };
}

/** Whether numba is installed. */
function hasNumba() {
  return spawnSync('/usr/bin/python3', ['-c', 'import numba'], { stdio: 'ignore' }).status === 0;
}

/** The loops of numba, as a function of a name. */
function numbaLoops(file, frames, depth) {
  const program = fileURLToPath(new URL('numba_functions.py', import.meta.url));
  const args = ['-c', '0', '/usr/bin/python3', program, file, String(frames), String(depth)];
  const child = spawn('taskset', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const run = (name) => {
    child.stdin.write(`${name}\n`);
    return new Promise((done, fail) => {
      lines.once('line', (line) => done(line.split(' ').map(Number)));
      child.once('exit', (code) => fail(new Error(`numba ended with ${code}`)));
    }).finally(() => child.removeAllListeners());
  };
  return { run, end: () => child.kill() };
}

async function main() {
  const { values: options } = parseArgs({
    options: {
      before: { type: 'string' },
      frames: { type: 'string', default: '4096' },
      repeats: { type: 'string', default: '7' },
      json: { type: 'boolean', default: false },
    },
  });
  const [frames, repeats] = [Number(options.frames), Number(options.repeats)];
  const print = (line) => options.json || process.stdout.write(`${line}\n`);
  print(`Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model.trim()}, ${frames} frames of 256 x 256`);
  const folder = mkdtempSync(join(tmpdir(), 'ewald-bench-files-'));
  const builds = { now: root, ...(options.before && { before: resolve(options.before) }) };
  const contestants = [];
  try {
    const file = join(folder, 'frames.raw');
    writeFileSync(file, countsOf(frames * pixels));
    for (const [build, at] of Object.entries(builds))
      for (const way of ['one core', 'one worker', 'two workers'])
        contestants.push({ build, way, ...(await contestant(at, way, file, frames)) });
    if (hasNumba())
      for (const depth of depths)
        contestants.push({ build: `numba ${depth}`, way: 'one core', ...numbaLoops(file, frames, depth) });
    else print('        numba is absent (apt-get install python3-numba libopenblas0-pthread)');
    const reading = await contestant(root, 'reading', file, frames);
    contestants.push({ end: reading.end });
    const seconds = await timed(contestants.slice(0, -1), reading, repeats);
    report(seconds, 'before' in builds, print);
    if (options.json) process.stdout.write(`${JSON.stringify({ frames, seconds })}\n`);
  } finally {
    for (const { end } of contestants) end();
    rmSync(folder, { recursive: true });
  }
}

/** The shortest seconds by function, and in it by build and way; reading is beside the functions. */
async function timed(contestants, reading, repeats) {
  const seconds = { reading: Number.POSITIVE_INFINITY };
  for (const name of ['sum', 'stddev', 'com', 'masks of 16']) {
    const best = {};
    let expected;
    for (let round = -1; round < repeats; round++) {
      const [read] = await reading.run('reading');
      if (round >= 0) seconds.reading = Math.min(seconds.reading, read);
      for (const { build, way, run } of contestants) {
        const [took, found] = await run(name);
        expected ??= found;
        if (!(Math.abs(found - expected) <= 1e-5 * Math.abs(expected)))
          throw new Error(`${name}, ${way}, ${build}: ${found} instead of ${expected}`);
        const key = `${way}, ${build}`;
        if (round >= 0) best[key] = Math.min(best[key] ?? Number.POSITIVE_INFINITY, took);
      }
    }
    seconds[name] = best;
  }
  return seconds;
}

function report({ reading, ...functions }, compared, print) {
  print(`        reading alone, one core: ${reading.toFixed(3)} s`);
  const ratio = (name, value, aim) => {
    record({ what: name, value, unit: 'x', aim });
    print(`  ${value >= aim ? 'pass' : 'MISS'}  ${name}: ${value.toFixed(2)} x (aim ${aim})`);
  };
  for (const [name, best] of Object.entries(functions)) {
    const times = Object.entries(best).map(([way, took]) => `${way} ${took.toFixed(3)}`);
    print(`        ${name}, s: ${times.join('; ')}`);
    const [now, two] = ['one core, now', 'two workers, now'].map((way) => best[way]);
    const numba = Math.min(...depths.map((depth) => best[`one core, numba ${depth}`]));
    if (numba > 0) ratio(`${name}, one core, numba over now`, numba / now, aims.numba[name]);
    if (compared) {
      const before = best['one core, before'] / now;
      const [theirs, ours] = elsewhere[name];
      ratio(`${name}, one core, before over now`, before, aims.before);
      ratio(
        `${name}, LiberTEM (${(theirs / ours).toFixed(2)} x before) over now`,
        (theirs / ours) * before,
        aims.libertem,
      );
    }
    ratio(`${name}, two workers over one`, best['one worker, now'] / two, aims.workers);
  }
}
