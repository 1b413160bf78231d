// Builds the stand-ins of cuFFT, rocFFT and MKL into a folder, under the file names that the engines search for.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const libraries = [
  ['libcudart.so.12', 'runtime.c', '-DPREFIX=cuda'],
  ['libamdhip64.so.6', 'runtime.c', '-DPREFIX=hip'],
  ['libcufft.so.11', 'cufft.c'],
  ['librocfft.so.0', 'rocfft.c'],
  ['libmkl_rt.so.2', 'mkl.c'],
];

/** Compiles them with the C compiler of this machine; throws if there is no compiler. */
export function buildStandIns(folder) {
  for (const [name, source, ...options] of libraries) {
    const from = fileURLToPath(new URL(source, import.meta.url));
    const flags = ['-O2', '-Wall', '-Wextra', '-Wno-unused-function', '-shared', '-fPIC', '-fvisibility=hidden'];
    execFileSync(process.env.CC ?? 'cc', [...flags, ...options, from, '-o', `${folder}/${name}`, '-ldl', '-lpthread'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}
