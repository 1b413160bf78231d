// Compiles a program of this folder together with the FFT core, natively for every instruction set and to wasm. Only
// recompiles what has changed.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.resolve(here, '../..');
export const out = path.join(root, 'build/bench-fft');

const flags = [
  '-std=gnu++20',
  '-O3',
  '-fno-exceptions',
  '-fno-rtti',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-DNDEBUG',
];
flags.push(`-I${root}/cpp`, `-I${root}/cpp/include`);
const x86 = {
  sse2: ['-msse2'],
  avx2: ['-mavx2', '-mfma'],
  avx512: ['-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mfma', '-mprefer-vector-width=512'],
};
/** Compiler flags for each instruction set of this processor family. */
export const sets = process.arch === 'x64' ? x86 : { neon: [] };

const list = (folder, end) =>
  readdirSync(path.join(root, folder))
    .filter((f) => f.endsWith(end))
    .map((f) => path.join(root, folder, f));

function sources() {
  const headers = ['cpp/fft', 'cpp/fft/isa', 'cpp/common', 'cpp/include'].flatMap((f) => list(f, '.h'));
  const newest = Math.max(...headers.map((f) => statSync(f).mtimeMs));
  const compile = (compiler, source, tag, extra) => {
    const object = path.join(out, `${tag}-${path.basename(path.dirname(source))}-${path.basename(source, '.cpp')}.o`);
    if (!existsSync(object) || statSync(object).mtimeMs < Math.max(newest, statSync(source).mtimeMs)) {
      execFileSync(compiler, [...flags, ...extra, '-c', source, '-o', object], { stdio: 'inherit' });
    }
    return object;
  };
  mkdirSync(out, { recursive: true });
  return {
    compile,
    once: [...list('cpp/fft', '.cpp'), ...list('cpp/common', '.cpp')],
    kernels: list('cpp/fft/isa', '.cpp'),
  };
}

/**
 * Builds build/bench-fft/PROGRAM and PROGRAM.wasm. With static FFTW libraries it also builds PROGRAM-tuned, which links
 * them instead of Debian's.
 */
export function build(program, tuned) {
  const { compile, once, kernels } = sources();
  const main = path.join(here, `${program}.cpp`);
  const native = [...once, main].map((f) => compile('g++', f, 'native', []));
  for (const [isa, machine] of Object.entries(sets))
    native.push(...kernels.map((f) => compile('g++', f, isa, [...machine, `-DEWALD_ISA=${isa}`])));
  const link = (name, libraries) =>
    execFileSync('g++', [...native, ...libraries, '-lpthread', '-o', path.join(out, name)], { stdio: 'inherit' });
  link(program, ['-lfftw3', '-lfftw3f']);
  if (tuned) link(`${program}-tuned`, tuned);
  const wasm = [...once, main].map((f) => compile('em++', f, 'wasm', ['-msimd128']));
  wasm.push(...kernels.map((f) => compile('em++', f, 'simd128', ['-msimd128', '-DEWALD_ISA=simd128'])));
  const whole = ['-O3', '-msimd128', '-sSTANDALONE_WASM', '-sINITIAL_MEMORY=1073741824', '-sTOTAL_STACK=1048576'];
  execFileSync(
    'em++',
    [...whole, '-sERROR_ON_UNDEFINED_SYMBOLS=0', '-Wno-undefined', ...wasm, '-o', path.join(out, `${program}.wasm`)],
    {
      stdio: ['ignore', 'inherit', 'ignore'],
    },
  );
}

/**
 * Builds build/bench-fft/PROGRAM-neon with Debian's cross compiler (g++-aarch64-linux-gnu), to run under qemu-aarch64
 * (qemu-user).
 */
export function buildNeon(program) {
  const { compile, once, kernels } = sources();
  const compiler = 'aarch64-linux-gnu-g++';
  const objects = [...once, path.join(here, `${program}.cpp`)].map((f) => compile(compiler, f, 'aarch64', []));
  objects.push(...kernels.map((f) => compile(compiler, f, 'neon', ['-DEWALD_ISA=neon'])));
  execFileSync(compiler, ['-static', ...objects, '-lpthread', '-o', path.join(out, `${program}-neon`)], {
    stdio: 'inherit',
  });
}
