// The whole run, from a file packed by bitshuffle and LZ4 to a stream, by the command: on each backend and on the one
// that is chosen. Every frame must be indexed. The rate excludes the start of the run and of its workers: it is that of
// the frames which a longer run has more. usage: pipeline.mjs [--seconds N]
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, linkSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const seconds = Number(process.argv[process.argv.indexOf('--seconds') + 1] || 60);
const here = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));
const cli = existsSync(here)
  ? here
  : join(dirname(createRequire(pathToFileURL(import.meta.filename)).resolve('ewald')), 'cli.js');
const usual = (process.env.EWALD_BACKENDS ?? 'native').split(',').filter((name) => name && name !== 'wasm');
const until = performance.now() + 1000 * seconds;
/** Simulated frames, how often they are repeated in a file, and files of the longer run. */
const [frames, repeats, most] = [8, 64, 5];
const rows = [];
const wrong = [];
const folder = mkdtempSync(join(tmpdir(), 'ewald-pipeline-'));
let running;

/** Runs ewald; resolves to { code, out, err, seconds }, with code null where time was up. */
function ewald(...args) {
  const began = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [cli, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    running = child;
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      err += text;
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), Math.max(1, until - performance.now()));
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, out, err, seconds: (performance.now() - began) / 1000 });
    });
  });
}

function report(interrupted) {
  rmSync(folder, { recursive: true, force: true });
  const told = rows.map(({ what, backend, rate, refused }) =>
    refused ? `${backend}: ${refused}` : `${what} on ${backend} ${rate.toPrecision(3)} frames/s`,
  );
  process.stdout.write(`${JSON.stringify({ summary: [...wrong, ...told].join('; '), wrong, interrupted, rows })}\n`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    running?.kill('SIGKILL');
    report(true);
    process.exit();
  });

/** A run over some copies of the file. */
async function index(backend, copies) {
  const files = Array.from({ length: copies }, (_, i) => `run${i}.h5`);
  const [name, jobs] = backend.split(' ');
  const how = [...(name === 'chosen' ? [] : ['--backend', name]), ...(jobs ? ['-j', jobs] : [])];
  const output = `${backend.replace(' ', '-')}-${copies}.stream`;
  const run = await ewald('index', ...files, '-g', 'made/run.geom', '-p', 'made/run.cell', ...how, '-o', output);
  const [, indexed = 0] = /(\d+) of \d+ frames indexed/.exec(run.out + run.err) ?? [];
  return { ...run, indexed: Number(indexed) };
}

/** The file: simulated frames, repeated; and copies of it. */
async function make() {
  const size = ['--images', String(frames), '--seed', '3', '--size', '2068,2162'];
  const steps = [
    () => ewald('simulate', 'frames', '-o', 'made', ...size),
    () => {
      mkdirSync(join(folder, 'many'));
      for (let i = 0; i < repeats; i++) linkSync(join(folder, 'made/run.h5'), join(folder, `many/run${i}.h5`));
      return ewald('convert', 'many/run*.h5', '-o', 'run0.h5');
    },
  ];
  for (const step of steps) {
    const { code, err } = await step();
    if (code === null) return 'no time';
    if (code !== 0) return err.trim().split('\n').at(-1);
  }
  for (let i = 1; i < most; i++) copyFileSync(join(folder, 'run0.h5'), join(folder, `run${i}.h5`));
  return undefined;
}

const why = await make();
if (why === 'no time') rows.push({ what: 'pipeline', backend: 'any', refused: why });
else if (why) wrong.push(`no frames could be simulated: ${why}`);
// With four workers as well, because a card may need fewer than there are cores.
const backends = usual.flatMap((name) => (name === 'cuda' ? [name, 'cuda 4'] : [name]));
for (const backend of why ? [] : ['chosen', ...backends]) {
  const short = await index(backend, 1);
  const long = short.code === 0 ? await index(backend, most) : undefined;
  if (short.code === null || long?.code === null) {
    rows.push({ what: 'pipeline', backend, refused: 'no time' });
    continue;
  }
  const expected = frames * repeats * (1 + most);
  const found = short.indexed + (long?.indexed ?? 0);
  if (long?.code !== 0 || found !== expected) {
    const told = (long ?? short).err.trim().split('\n').at(-1);
    wrong.push(`pipeline on ${backend}: ${found} of ${expected} indexed, ${told}`);
    continue;
  }
  rows.push({
    what: `pipeline, frames of 4.5 Mpixel from files to a stream`,
    backend,
    rate: (frames * repeats * (most - 1)) / (long.seconds - short.seconds),
    unit: 'frames/s',
    seconds: long.seconds,
    first: short.seconds,
    told: (long.err + long.out).trim().split('\n').slice(-6),
  });
}
report(performance.now() > until);
