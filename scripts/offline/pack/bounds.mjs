// Builds ewald_cuda_bounds, which loads the driver at run time and therefore needs no nvcc, for glibc 2.28 on.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, tail } from '../../lib/run.mjs';

/** Returns { path }, or { why } if there is no compiler. Throws if it does not compile. */
export async function buildBounds() {
  const folder = join(root, 'build/offline-bounds');
  mkdirSync(folder, { recursive: true });
  // As cpp/portable/portable.cmake does for targets of CMake.
  const names = readFileSync(join(root, 'cpp/portable/glibc.c'), 'utf8').matchAll(/^OLDER\(([a-z0-9_]+),/gm);
  const wrapped = [...[...names].map(([, name]) => name), '__libc_start_main'].map((name) => `-Wl,--wrap=${name}`);
  const objects = [];
  for (const name of ['glibc', 'start']) {
    objects.push(join(folder, `${name}.o`));
    const made = await run('gcc', ['-O2', '-c', join(root, `cpp/portable/${name}.c`), '-o', objects.at(-1)]);
    if (made.code !== 0 && !existsSync('/usr/bin/gcc')) return { why: 'ewald_cuda_bounds (gcc not found)' };
    if (made.code !== 0) throw Object.assign(new Error(`${name}.c did not compile`), { log: tail(made.output) });
  }
  const path = join(folder, 'ewald_cuda_bounds');
  const older = ['-Wl,--no-as-needed', '-l:libpthread.so.0', '-l:libdl.so.2', '-l:librt.so.1'];
  const source = join(root, 'cuda/bench/bounds.cpp');
  const options = ['-std=c++17', '-O2', '-s', '-static-libstdc++', ...wrapped, '-o', path];
  const made = await run('g++', [source, ...objects, ...options, ...older]);
  if (made.code !== 0) throw Object.assign(new Error('bounds.cpp did not compile'), { log: tail(made.output) });
  return { path };
}
