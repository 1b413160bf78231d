// Builds and runs the fft benchmark: the core natively beside FFTW (MEASURE, one thread) and in wasm under node, case by case in turn.
//
//   node benchmarks/fft/run.mjs [--quick] [--seconds S] [--verify] [CASE...]
//
// Needs g++, em++ and FFTW's headers (fftw3, fftw3f). FFTW's wisdom is kept in build/bench-fft, so only the first run plans for long.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const out = path.join(root, 'build/bench-fft');
const here = path.join(root, 'benchmarks/fft');
const flags = ['-std=gnu++20', '-O3', '-fno-exceptions', '-fno-rtti', '-fno-math-errno', '-fno-trapping-math', '-DNDEBUG'];
flags.push(`-I${root}/cpp`, `-I${root}/cpp/include`);
const x86 = {
  sse2: ['-msse2'],
  avx2: ['-mavx2', '-mfma'],
  avx512: ['-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mfma', '-mprefer-vector-width=512'],
};
const sets = process.arch === 'x64' ? x86 : { neon: [] };

const list = (folder, end) =>
  readdirSync(path.join(root, folder))
    .filter((f) => f.endsWith(end))
    .map((f) => path.join(root, folder, f));
const headers = ['cpp/fft', 'cpp/fft/isa', 'cpp/common', 'cpp/include'].flatMap((f) => list(f, '.h'));
const newest = Math.max(...headers.map((f) => statSync(f).mtimeMs));

function compile(compiler, source, object, extra) {
  if (!existsSync(object) || statSync(object).mtimeMs < Math.max(newest, statSync(source).mtimeMs)) {
    execFileSync(compiler, [...flags, ...extra, '-c', source, '-o', object], { stdio: 'inherit' });
  }
  return object;
}

function build(program) {
  mkdirSync(out, { recursive: true });
  const once = [...list('cpp/fft', '.cpp'), ...list('cpp/common', '.cpp')];
  const kernels = list('cpp/fft/isa', '.cpp');
  const name = (file, tag) => path.join(out, `${tag}-${path.basename(path.dirname(file))}-${path.basename(file, '.cpp')}.o`);
  const native = once.map((f) => compile('g++', f, name(f, 'native'), []));
  for (const [isa, machine] of Object.entries(sets)) {
    native.push(...kernels.map((f) => compile('g++', f, name(f, isa), [...machine, `-DEWALD_ISA=${isa}`])));
  }
  const main = path.join(here, `${program}.cpp`);
  native.push(compile('g++', main, name(main, 'native'), []));
  execFileSync('g++', [...native, '-lfftw3', '-lfftw3f', '-lpthread', '-o', path.join(out, program)], { stdio: 'inherit' });
  const wasm = once.map((f) => compile('em++', f, name(f, 'wasm'), ['-msimd128']));
  wasm.push(...kernels.map((f) => compile('em++', f, name(f, 'simd128'), ['-msimd128', '-DEWALD_ISA=simd128'])));
  wasm.push(compile('em++', main, name(main, 'wasm'), ['-msimd128']));
  const link = ['-O3', '-msimd128', '-sSTANDALONE_WASM', '-sINITIAL_MEMORY=1073741824', '-sTOTAL_STACK=1048576'];
  execFileSync('em++', [...link, '-sERROR_ON_UNDEFINED_SYMBOLS=0', '-Wno-undefined', ...wasm, '-o', path.join(out, `${program}.wasm`)], {
    stdio: ['ignore', 'inherit', 'ignore'],
  });
}

function run(command, args, environment = {}) {
  const { stdout, status } = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'inherit'] });
  return { status, text: stdout };
}
const inWasm = (program, args) => run(process.execPath, ['--no-warnings', path.join(here, 'wasm.mjs'), path.join(out, `${program}.wasm`), ...args]);

// Goals as FFTW time / ewald time: [native, wasm].
const goals = {
  'c2c:f32:256': [0.6, 0.35],
  'c2c:f32:1000': [0.6, 0.4],
  'c2c:f32:1009': [1.0, 0.7],
  'c2c:f32:1024': [0.6, 0.35],
  'c2c:f32:2520': [0.6, 0.4],
  'c2c:f32:3125': [0.6, 0.4],
  'c2c:f32:4096': [0.6, 0.35],
  'c2c:f32:4999': [1.0, 0.7],
  'c2c:f32:45360': [0.6, 0.4],
  'c2c:f32:65536': [0.6, 0.65],
  'c2c:f32:1048576': [0.6, 1.0],
  'c2c:f32:512x512': [1.0, 0.7],
  'c2c:f32:64x64x64': [1.0, 0.65],
  'c2c:f32:100x100x100': [1.0, 0.6],
  'c2c:f32:128x128x128': [1.0, 0.9],
  'c2c:f32:256x256x256': [1.0, 1.0],
};
const more = ['r2c:f32:4096', 'r2c:f32:65536', 'r2c:f32:64x64x64', 'r2c:f32:128x128x128', 'c2r:f32:128x128x128', 'dct2:f32:64x64x64'];
more.push('c2c:f64:1024', 'c2c:f64:65536', 'c2c:f64:64x64x64', 'c2c:f64:128x128x128');

const args = process.argv.slice(2);
const take = (name) => {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args.splice(at, name === '--seconds' ? 2 : 1)[name === '--seconds' ? 1 : 0];
};
const quick = take('--quick') !== undefined;
const verify = take('--verify') !== undefined;
const seconds = take('--seconds') ?? (quick ? '0.2' : '0.6');
const cases = args.length > 0 ? args : [...Object.keys(goals), ...(quick ? [] : more)];

if (verify) {
  build('verify');
  let status = 0;
  for (const isa of Object.keys(sets)) {
    const result = run(path.join(out, 'verify'), [quick ? 'quick' : 'full'], { EWALD_ISA: isa });
    process.stdout.write(result.text);
    status ||= result.status;
  }
  const result = inWasm('verify', ['quick']);
  process.stdout.write(result.text);
  process.exit(status || result.status);
}

build('driver');
const mark = (ratio, goal) => (goal === undefined ? '      ' : ratio >= goal ? '  pass' : '  MISS');
const us = (x) => (x >= 100 ? x.toFixed(0) : x.toFixed(3)).padStart(10);
console.log('case                        FFTW us    native us  ratio  goal          wasm us  ratio  goal          median native / wasm');
for (const id of cases) {
  const native = JSON.parse(run(path.join(out, 'driver'), ['--seconds', seconds, '--wisdom', path.join(out, 'wisdom'), id]).text);
  const wasm = JSON.parse(inWasm('driver', ['--seconds', seconds, id]).text);
  if (native.error || wasm.error) {
    console.log(`${id.padEnd(24)} ${native.error ?? wasm.error}`);
    process.exitCode = 1;
    continue;
  }
  const ratio = native.fftwUs / wasm.us;
  const [goal, wasmGoal] = goals[id] ?? [];
  const show = (r, g) => `${r.toFixed(2).padStart(6)} ${(g === undefined ? '' : g.toFixed(2)).padStart(5)}${mark(r, g)}`;
  console.log(
    `${id.padEnd(24)} ${us(native.fftwUs)}   ${us(native.us)} ${show(native.ratio, goal)}   ${us(wasm.us)} ${show(ratio, wasmGoal)}   ` +
      `${us(native.medianUs)} ${us(wasm.medianUs)}`,
  );
}
