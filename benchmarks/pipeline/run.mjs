#!/usr/bin/env node
// `npm run bench -- pipeline`: runs `ewald index` on the simulated sets of the test data and compares its streams and
// CrystFEL's streams of the same frames with the truth in the same way. Then times frames of 4 Mpixel, bitshuffle +
// LZ4, from the file to the stream, in milliseconds per frame. Timed runs are verified: every crystal of the simulated
// run must be found, and none may be wrong.
//   [--only accuracy,speed] [--backends native,wasm] [--frames N] of the timed run (default 16) [--data FOLDER] [--json]
// The exit code is 3 if a crystal is missed or wrong or a peer is better, and 1 if the benchmark cannot be completed. A
// missed time fails nothing: machines differ.
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { missedAim, record } from '../lib/lines.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cli = join(root, 'dist/cli.js');
const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: 'accuracy,speed' },
    backends: { type: 'string', default: 'native,wasm' },
    frames: { type: 'string', default: '16' },
    data: { type: 'string', default: process.env.EWALD_TEST_DATA ?? join(root, '../shared/data') },
    json: { type: 'boolean', default: false },
  },
});
const backends = options.backends.split(',');
const sim = join(resolve(options.data), 'sim');
const checker = join(resolve(options.data), '../tools/stream_vs_truth.py');
const folder = mkdtempSync(join(tmpdir(), 'ewald-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const print = (line = '') => options.json || process.stdout.write(`${line}\n`);
const results = { accuracy: [], speed: [], marks: [] };
/** Prints a line with its mark. With `counts` a miss sets the exit code: it does not depend on the machine. */
function mark(what, value, aim, { most = true, counts = false, quiet = false, unit = '', note = '' } = {}) {
  const pass = most ? value <= aim : value >= aim;
  results.marks.push({ what, value, aim, most, pass });
  // A quiet mark is one of many; it is reported only if it is missed.
  if (!quiet || !pass) record({ what, value, unit: unit.trim(), aim, most });
  if (pass && quiet) return 1;
  if (!pass && counts) process.exitCode = missedAim;
  const shown = Number(value.toPrecision(4));
  print(
    `  ${pass ? 'pass' : 'MISS'}  ${what}: ${shown}${unit} (aim ${most ? 'at most' : 'at least'} ` +
      `${Number(aim.toPrecision(4))})${note && `, ${note}`}`,
  );
}

/** Runs a program and returns its output; a failure, which is an exit code above `most`, ends the benchmark. */
function ran(program, args, input = {}, most = 0) {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...input });
    const text = { out: '', err: '' };
    child.stdout.on('data', (piece) => {
      text.out += piece;
    });
    child.stderr.on('data', (piece) => {
      text.err += piece;
    });
    child.on('error', fail);
    child.on('exit', (code) =>
      code !== null && code <= most
        ? done(text.out)
        : fail(new Error(`${program} ${args.slice(0, 4).join(' ')} … ended with ${code}\n${text.err}`)),
    );
  });
}
const ewald = (...args) => ran(process.execPath, [cli, ...args]);
/** It ends with 1 where it has a remark, such as that the files of frames have different names. */
const compared = async (stream, truth) =>
  JSON.parse(await ran(process.execPath, [cli, 'stream', 'compare', stream, truth, '--json'], {}, 1));

/** The verdict of the independent checker on a stream; undefined where Python or the checker is absent. */
async function checked(stream, truth) {
  if (!existsSync(checker)) return undefined;
  const text = await ran('python3', [checker, stream, truth]).catch(() => '');
  const number = (pattern) => Number(pattern.exec(text)?.[1]);
  if (!text) return undefined;
  return {
    crystals: number(/correct\(<0\.5deg\) (\d+)/),
    median: number(/misorientation median ([\d.]+)/),
    recall: number(/I>60: recall \d+\/\d+=([\d.]+)/),
    false: number(/I>60: .*false (\d+)/),
    centroid: number(/I>60: .*centroid err px ([\d.]+)/),
  };
}

const search = ['--threshold=12', '--min-snr=4.5', '--local-bg-radius=4', '--min-res=20'];
const sets = [
  { name: 'run', least: 12, more: [] },
  { name: 'weak', least: 8, more: [] },
  { name: 'hard', least: 15, more: [] },
  { name: 'multi', least: 12, more: ['--multi'] },
  { name: 'mono', least: 6, more: [] },
];

async function accuracy() {
  if (!existsSync(sim)) {
    print(`  --    the simulated sets are absent: ${sim}; give the folder of test data with --data`);
    return;
  }
  const digits = (x, n) => (x === null || x === undefined ? '–' : x.toFixed(n));
  print(`${'set'.padEnd(6)}${''.padEnd(20)}crystals wrong  median°   most°  I>60   I>100  false    centroid px`);
  for (const { name, least, more } of sets) {
    const truth = join(sim, `${name}.truth.json`);
    const known = ['-g', join(sim, `${name}.geom`), '-p', join(sim, `${name}.cell`)];
    const facts = {};
    for (const backend of backends) {
      const stream = join(folder, `${name}.${backend}.stream`);
      await ewald('index', join(sim, `${name}.h5`), ...known, ...search, ...more, `--backend=${backend}`, '-o', stream);
      facts[`ewald ${backend}`] = await compared(stream, truth);
    }
    for (const peer of ['asdf', 'xgandalf'])
      facts[`CrystFEL ${peer}`] = await compared(join(sim, `peers/${name}.${peer}.stream`), truth);
    for (const [who, f] of Object.entries(facts))
      print(
        `${name.padEnd(6)}${who.padEnd(20)}${`${f.crystalsRight}/${f.crystalsThere}`.padStart(8)}${String(f.crystalsWrong).padStart(6)}` +
          `${digits(f.misorientationMedianDeg, 4).padStart(9)}${digits(f.misorientationMostDeg, 4).padStart(8)}` +
          `${digits(f.recallAbove60, 4).padStart(8)}${digits(f.recallAbove100, 4).padStart(8)}` +
          `${`${f.peaksFalse}/${f.peaks}`.padStart(8)}${digits(f.centroidMedianPx, 4).padStart(9)}`,
      );
    const peers = Object.entries(facts).filter(([who]) => who.startsWith('CrystFEL'));
    const best = (what, of) => of(...peers.map(([, f]) => f[what]));
    for (const backend of backends) {
      const f = facts[`ewald ${backend}`];
      const other = await checked(join(folder, `${name}.${backend}.stream`), truth);
      const off = other && [
        Math.abs(other.crystals - f.crystalsRight),
        Math.abs(other.median - f.misorientationMedianDeg) / 1e-4,
        Math.abs(other.recall - f.recallAbove60) / 1e-3,
        Math.abs(other.false - f.peaksFalse),
        Math.abs(other.centroid - f.centroidMedianPx) / 1e-3,
      ];
      const turn = Math.min(name === 'run' ? 0.012 : 1, best('misorientationMedianDeg', Math.min));
      const points = [
        ['crystals', f.crystalsRight, least, false],
        ['wrong crystals', f.crystalsWrong, 0, true],
        ['median misorientation', f.misorientationMedianDeg, turn, true],
        ['recall above 60', f.recallAbove60, best('recallAbove60', Math.max), false],
        ['recall above 100', f.recallAbove100, best('recallAbove100', Math.max), false],
        ['false peaks', f.peaksFalse, best('peaksFalse', Math.min), true],
        ['centroids', f.centroidMedianPx, best('centroidMedianPx', Math.min), true],
        ...(off ? [['off stream_vs_truth.py, in last digits', Math.max(...off), 1, true]] : []),
      ];
      const passed = points.filter(([what, value, aim, most]) =>
        mark(`${name}, ${backend}: ${what}`, value, aim, { most, counts: true, quiet: true }),
      ).length;
      const by = off ? ', as stream_vs_truth.py has it' : '';
      print(
        `  ${passed === points.length ? 'pass' : 'MISS'}  ${name}, ${backend}: ${passed} of ${points.length} ` +
          `points${by}`,
      );
    }
    results.accuracy.push({ set: name, facts });
  }
}

const pinned = (cores, args) =>
  process.platform === 'linux' && existsSync('/usr/bin/taskset')
    ? ['/usr/bin/taskset', ['-c', cores, process.execPath, ...args]]
    : [process.execPath, args];

async function speed() {
  const frames = Number(options.frames);
  const [files] = JSON.parse(
    `[${await ewald('simulate', 'frames', '-o', folder, '--size=2048,2048', `--images=${frames}`, '--seed=7', '--json')}]`,
  );
  const known = ['-g', files.geometry, '-p', files.cell];
  // The wide file has no mask of its own. Its bad pixels are zero.
  const maskless = join(folder, 'maskless.geom');
  const lines = readFileSync(files.geometry, 'utf8').split('\n');
  writeFileSync(maskless, lines.filter((line) => !/(^|\/)mask/.test(line)).join('\n'));
  const runs = {
    u16: { file: files.frames, geometry: files.geometry },
    u32: { file: await widened(files.frames, frames), geometry: maskless },
  };
  for (const backend of backends) {
    for (const [dtype, { file, geometry }] of Object.entries(runs)) {
      const stream = join(folder, `${backend}.stream`);
      await ewald(
        'index',
        file,
        '-g',
        geometry,
        '-p',
        files.cell,
        ...search,
        `--backend=${backend}`,
        '--force',
        '-o',
        stream,
      );
      const { crystalsThere: there, crystalsRight: right, crystalsWrong: wrong } = await compared(stream, files.truth);
      mark(`${dtype}, ${backend}: crystals of the timed run`, right, Math.ceil(0.95 * there), {
        most: false,
        counts: true,
      });
      mark(`${dtype}, ${backend}: wrong crystals of the timed run`, wrong, 0, { counts: true });
      const rounds = 6;
      const told = {
        file,
        geometry,
        cell: files.cell,
        backend,
        frames,
        rounds,
        stream: join(folder, 'out'),
      };
      const child = join(root, 'benchmarks/pipeline/child.mjs');
      const out = JSON.parse(await ran(...pinned('0', ['--expose-gc', child, JSON.stringify(told)])));
      results.speed.push({ backend, dtype, ...out });
      const stages = Object.entries(out.stages).map(([stage, ms]) => `${stage} ${ms.toFixed(2)}`);
      print(`${dtype}, ${backend}: ${stages.join(', ')} ms a frame, each stage by itself (median, by the clock)`);
      const { first, later } = out.searcher;
      print(
        `${dtype}, ${backend}: ctx.frameSearcher above its stages: ${first.toFixed(2)} ms at the first frame, ${later.toFixed(2)} ms later`,
      );
      const { cpuMs, wallMs } = out.many;
      mark(`${dtype}, ${backend}: a frame on one core, all in`, cpuMs, backend === 'wasm' ? 20 : 10, {
        unit: ' ms',
        note: `processor time; ${wallMs.toFixed(1)} ms by the clock at load ${loadavg()[0].toFixed(1)}`,
      });
      mark(`${dtype}, ${backend}: memory of three times as long a run`, out.many.memoryMiB / out.many.thirdMiB, 1.1, {
        unit: ' times',
        note: `${out.many.memoryMiB.toFixed(0)} MiB`,
      });
    }
    await workers(backend, files, known, frames);
  }
}

/** The same frames as 32-bit integers. */
async function widened(file, frames) {
  const { open } = await import(join(root, 'dist/data.node.js'));
  const dataset = await open(file);
  const [ss, fs] = dataset.shape.sig;
  const header = `{'descr': '<u4', 'fortran_order': False, 'shape': (${frames}, ${ss}, ${fs}), }`;
  const padded = `${header.padEnd(117)}\n`;
  const npy = join(folder, 'wide.npy');
  writeFileSync(
    npy,
    Buffer.concat([Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length, 0]), Buffer.from(padded)]),
  );
  // The bad pixels of the file, which the pixel values alone do not mark.
  const bad = (await dataset.mask?.()) ?? [];
  for (let i = 0; i < frames; i++) {
    const wide = Uint32Array.from(await dataset.read(i, 1));
    for (let k = 0; k < bad.length; k++) if (bad[k]) wide[k] = 0;
    writeFileSync(npy, new Uint8Array(wide.buffer), { flag: 'a' });
  }
  await dataset.dispose();
  const out = join(folder, 'run-u32.h5');
  await ewald('convert', npy, '-o', out);
  rmSync(npy);
  return out;
}

/** Copies of a file, as many as are wanted: a list reads a file that it names twice only once. */
function copiesOf(file, count) {
  return Array.from({ length: count }, (_, i) => {
    const copy = join(folder, `copy-${i}.h5`);
    if (!existsSync(copy)) copyFileSync(file, copy);
    return copy;
  });
}

/**
 * Compares two workers on two cores with one worker on one core. As a control, compares two concurrent processes of one
 * worker each with one such process: this is what the machine can provide, whose cores may share caches, memory and a
 * clock. The mark applies to a long run: the first 150 frames or so of a worker cost some 0.5 s of processor time more
 * than later ones (most likely because JavaScript has not been compiled yet; no profile confirms this), two workers pay
 * this twice, and subtracting the shorter run removes it. The speedup of a short run, including the start, is reported
 * next to it.
 */
async function workers(backend, files, known, frames) {
  if (availableParallelism() < 2) {
    print('  --    two workers: this machine has one core');
    return;
  }
  const timed = async (jobs, times, cores = jobs === 1 ? '0' : '0,1') => {
    const list = join(folder, `files-${cores}.lst`);
    writeFileSync(list, copiesOf(files.frames, times).join('\n'));
    const flags = [
      '--executor=workers',
      '-j',
      String(jobs),
      `--backend=${backend}`,
      '--force',
      '-o',
      join(folder, `w-${cores}.stream`),
    ];
    const begun = performance.now();
    await ran(...pinned(cores, [cli, 'index', '-i', list, ...known, ...search, ...flags]));
    return performance.now() - begun;
  };
  const beside = (times) => Promise.all([timed(1, times, '0'), timed(1, times, '1')]);
  // Number of passes over the file; the number of frames is that many times its length. Each of two workers processes
  // half of them.
  const [few, many] = [Math.ceil(400 / frames), Math.ceil(1000 / frames)];
  const rates = { 1: [], 2: [], beside: [] };
  const short = { 1: [], 2: [] };
  for (let round = 0; round < 2; round++) {
    for (const jobs of [1, 2]) {
      short[jobs].push(await timed(jobs, few));
      rates[jobs].push((await timed(jobs, many)) - short[jobs].at(-1));
    }
    rates.beside.push(Math.max(...(await beside(many))) - Math.max(...(await beside(few))));
  }
  const ratio = Math.min(...rates[1]) / Math.min(...rates[2]);
  const control = (2 * Math.min(...rates[1])) / Math.min(...rates.beside);
  const whole = Math.min(...short[1]) / Math.min(...short[2]);
  const each = Math.min(...rates[2]) / ((many - few) * frames);
  // Two processes share nothing of ours, so whatever they lack to a factor of two is due to the machine.
  mark(`${backend}: two workers over one`, ratio, Math.min(1.9, 0.95 * control), {
    most: false,
    note:
      `frames ${few * frames} to ${many * frames}, ${(1000 / each).toFixed(0)} frames/s; the first ${few * frames} ` +
      `with the start ${whole.toFixed(2)}; two processes over one: ${control.toFixed(2)}, load ` +
      `${loadavg()[0].toFixed(1)}`,
  });
}

print(
  `${availableParallelism()} x ${cpus()[0]?.model.trim()}, Node ${process.versions.node}, load ` +
    `${loadavg()[0].toFixed(1)}`,
);
if (options.only.includes('accuracy')) await accuracy();
if (options.only.includes('speed')) await speed();
if (options.json) process.stdout.write(`${JSON.stringify(results)}\n`);
