#!/usr/bin/env node
// Measures the transforms and marks every goal as met or missed: compared with FFTW, r2c with c2c, with npm packages,
// planning times, threads.
//
//   node benchmarks/fft/run.mjs [--quick] [--seconds S] [--only SECTIONS] [--json] [--markdown FILE]
//     [--fftw PREFIX] [CASE...]
//   node benchmarks/fft/run.mjs --verify [--quick] [--neon]
//
// SECTIONS: a comma-separated subset of fftw,halves,plans,threads,peers. CASE: other cases for the comparison with
// FFTW, such as c2c:f32:64x64x64.
// --fftw: an installation of FFTW with static libraries (PREFIX/lib/libfftw3f.a and libfftw3.a) to compare with beside
// Debian's, in place of the one that is built with AVX-512 in build/fftw; EWALD_FFTW in the environment does the same.
// --verify checks every length, layout and kind on every instruction set instead; --quick checks fewer of them; --neon
// checks the NEON kernels, under qemu-aarch64 on machines that are not ARM (Debian: g++-aarch64-linux-gnu, qemu-user).
// Needs g++, em++ and the FFTW headers. FFTW is always planned with MEASURE; its wisdom is kept in build/bench-fft, so
// only the first run spends a long time on planning. The packages are installed into benchmarks/node_modules. Nothing
// is timed before it has been verified.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { record } from '../lib/lines.mjs';
import { build, buildNeon, here, out, root, sets } from './build.mjs';
import { tunedFftw } from './fftw.mjs';
import { fftw, halves, more, plans, threads } from './goals.mjs';
import { markdown, printer, summarise } from './report.mjs';

const sections = ['fftw', 'halves', 'plans', 'threads', 'peers'];
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    only: { type: 'string', default: sections.join(',') },
    json: { type: 'boolean', default: false },
    markdown: { type: 'string' },
    fftw: { type: 'string', default: process.env.EWALD_FFTW },
    verify: { type: 'boolean', default: false },
    neon: { type: 'boolean', default: false },
  },
});
const wanted = positionals.length > 0 ? ['fftw'] : options.only.split(',');
const unknown = wanted.filter((name) => !sections.includes(name));
const seconds = options.seconds ?? (options.quick ? '0.1' : '0.5');
if (unknown.length > 0 || !(Number(seconds) > 0)) {
  process.stderr.write(
    `bench fft: --only takes some of ${sections.join(',')} (found ${options.only}), --seconds a positive number ` +
      `(found ${seconds})\n`,
  );
  process.exit(2);
}

function run(command, args, environment = {}) {
  const settings = {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 26,
  };
  const { stdout, status } = spawnSync(command, args, settings);
  return { status, text: stdout };
}
// V8 compiles wasm twice, and the optimised code arrives in the background, which on a busy machine may take as long as
// a whole case. V8 is therefore set to optimise at once, except when plans are timed, where the first plan is what a
// user waits for.
const optimised = '--no-liftoff';
const inWasm = (program, args, flags = [optimised]) =>
  run(process.execPath, [
    '--no-warnings',
    ...flags,
    path.join(here, 'wasm.mjs'),
    path.join(out, `${program}.wasm`),
    ...args,
  ]);

if (options.verify && options.neon) {
  buildNeon('verify');
  const { status, text } = run('qemu-aarch64', [path.join(out, 'verify-neon'), options.quick ? 'few' : 'quick']);
  process.stdout.write(text);
  process.exit(status);
}
if (options.verify) {
  build('verify');
  const size = options.quick ? 'quick' : 'full';
  const results = [
    ...Object.keys(sets).map((isa) => () => run(path.join(out, 'verify'), [size], { EWALD_ISA: isa })),
    () => inWasm('verify', ['quick']),
  ];
  let bad = 0;
  for (const result of results) {
    const { status, text } = result();
    process.stdout.write(text);
    bad ||= status;
  }
  process.exit(bad);
}

/** Runs one case in the driver; throws if the result was wrong. */
function drive(where, id, extra = [], flags = [optimised]) {
  const args = ['--seconds', seconds, ...extra, id];
  const { text } =
    where === 'wasm'
      ? inWasm('driver', args, flags)
      : run(path.join(out, where), ['--wisdom', path.join(out, `wisdom-${where}`), ...args]);
  const result = JSON.parse(text || '{"error":"the driver ended without an answer"}');
  if (result.error) throw new Error(`${id} ${where}: ${result.error}`);
  return result;
}

/**
 * Runs one case natively against every available build of FFTW: the fastest time of each side, and the build that
 * reached it.
 */
function beside(id) {
  const runs = natives.map((where) => drive(where, id));
  const [fastest] = [...runs].sort((a, b) => a.fftwUs - b.fftwUs);
  const [ours] = [...runs].sort((a, b) => a.us - b.us);
  return { ...ours, fftw: fastest.fftw, fftwUs: fastest.fftwUs, fftwMedianUs: fastest.fftwMedianUs };
}

const say = options.json ? () => {} : (line) => process.stdout.write(`${line}\n`);
const { title, row } = printer(say);
const place =
  `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${cpus().length} x ` +
  `${cpus()[0]?.model.trim()}`;
const busy = loadavg()[0].toFixed(1);
const report = {
  place,
  busy,
  date: new Date().toISOString().slice(0, 10),
  seconds: Number(seconds),
  fftw: [],
  halves: [],
  plans: [],
  threads: [],
};

/** Fills one section. A case that fails is reported and makes the exit code 1. */
const wrong = [];
function each(section, cases, measure) {
  if (!wanted.includes(section)) return;
  title(section);
  for (const one of cases) {
    try {
      const result = measure(one);
      report[section].push(result);
      row(section, result);
    } catch (error) {
      wrong.push(error.message);
      say(`  WRONG ${error.message}`);
    }
  }
}

const tuned = wanted.includes('fftw') ? tunedFftw(options.fftw) : {};
if (tuned.why && options.fftw !== undefined) {
  process.stderr.write(`bench fft: --fftw ${options.fftw}: ${tuned.why}\n`);
  process.exit(2);
}
const natives = tuned.libraries ? ['driver', 'driver-tuned'] : ['driver'];
if (tuned.why) report.fftwNote = tuned.why;
if (wanted.some((name) => name !== 'peers')) build('driver', tuned.libraries);
say(`${place}; load average ${busy}`);
if (tuned.why) say(`FFTW is Debian's build alone: ${tuned.why}`);
const cases =
  positionals.length > 0 ? positionals : options.quick ? Object.keys(fftw) : [...Object.keys(fftw), ...more];
each('fftw', cases, (id) => {
  const [native, wasm] = [beside(id), drive('wasm', id)];
  const peer = { name: `FFTW (${tuned.libraries ? 'its faster build' : 'Debian'})`, value: native.fftwUs };
  for (const [backend, { us }, goal] of [
    ['native', native, fftw[id]?.[0]],
    ['wasm', wasm, fftw[id]?.[1]],
  ]) {
    record({ what: `${id}, ${backend}`, value: us, unit: 'µs', most: true, peer, aim: goal, aimOf: 'ratio' });
  }
  return { case: id, native, wasm, ratio: [native.fftwUs / native.us, native.fftwUs / wasm.us], goal: fftw[id] };
});
each('halves', halves.shapes, (shape) => {
  const ratio = ['driver', 'wasm'].map((where) => {
    const [r2c, c2c] = ['r2c', 'c2c'].map((kind) => drive(where, `${kind}:f32:${shape}`, ['--no-fftw']));
    const backend = where === 'driver' ? 'native' : 'wasm';
    record({
      what: `r2c over c2c, ${shape}, ${backend}`,
      value: r2c.us / c2c.us,
      unit: 'x',
      aim: halves.most,
      most: true,
    });
    return { r2c: r2c.us, c2c: c2c.us, ratio: r2c.us / c2c.us };
  });
  return { shape, native: ratio[0], wasm: ratio[1], most: halves.most };
});
each('plans', plans.lengths, (n) => {
  const [native, wasm] = ['driver', 'wasm'].map((where) => {
    const { createMs, createFirstMs } = drive(where, `c2c:f32:${n}`, ['--no-fftw', '--seconds', '0.01'], []);
    return { ms: createMs, firstMs: createFirstMs };
  });
  return { n, native, wasm, most: plans.most };
});
each('threads', threads, (id) => {
  const [one, two] = [1, 2].map((count) => drive('driver', id, ['--no-fftw', '--wall', '--threads', String(count)]));
  return { case: id, one: one.us, two: two.us, ratio: one.us / two.us };
});

/** Installs missing packages; returns the reason if that fails. */
function install() {
  const modules = path.join(root, 'benchmarks/node_modules');
  const { devDependencies } = JSON.parse(readFileSync(path.join(root, 'benchmarks/package.json'), 'utf8'));
  if (Object.keys(devDependencies).every((name) => existsSync(path.join(modules, name)))) return undefined;
  try {
    execFileSync(
      'npm',
      [
        'install',
        '--prefix',
        path.join(root, 'benchmarks'),
        '--no-audit',
        '--no-fund',
        '--no-package-lock',
        '--loglevel=error',
      ],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
  } catch (error) {
    return `npm install --prefix benchmarks failed: ${error.message}`;
  }
  return undefined;
}

if (wanted.includes('peers')) {
  const needed = ['dist/index.node.js', 'dist/ewald.wasm', 'build/esm/compute/layout/fft.js'].filter(
    (file) => !existsSync(path.join(root, file)),
  );
  const problem = needed.length > 0 ? `${needed.join(', ')} not found; run node scripts/build.mjs first` : install();
  if (problem) say(`  packages from npm: ${problem}`);
  if (needed.length === 0) {
    const { text } = run(process.execPath, [optimised, path.join(here, 'peers.mjs'), options.quick ? '0.1' : '0.3']);
    Object.assign(
      report,
      JSON.parse(text || '{"peers":[],"facade":[],"missing":{"all":"peers.mjs ended without an answer"}}'),
    );
    for (const [name, reason] of Object.entries(report.missing)) say(`  ${name}: ${problem ?? reason}`);
    title('peers');
    for (const result of report.peers) row('peers', result);
    title('facade');
    for (const result of report.facade) row('facade', result);
    for (const { case: id, results } of report.peers)
      for (const name of ['core', 'api']) if (results[name]?.wrong) wrong.push(`${id} ${name}: ${results[name].wrong}`);
  }
}

report.lines = summarise(report);
report.wrong = wrong;
const missed = report.lines.filter(({ pass }) => !pass);
say(`\n${report.lines.length} goals, ${report.lines.length - missed.length} met`);
for (const { what, value, goal } of missed) say(`  MISS  ${what}: ${value.toFixed(2)} (goal ${goal})`);
for (const message of wrong) say(`  WRONG ${message}`);
if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
if (options.markdown) writeFileSync(options.markdown, markdown(report));
process.exitCode = wrong.length > 0 ? 1 : 0;
