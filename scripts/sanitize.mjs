#!/usr/bin/env node
// C under the sanitizers of gcc: `npm run sanitize [-- address|threads|ffi]`. `address`, with undefined behaviour, calls
// every function of the C ABI with hostile arguments (test/soak/abi.mjs); `threads` runs test/hostile/pool.cpp, in which
// several host threads use the pool at the same time; `ffi` runs the tests that call C and those of memory in a Node whose
// allocations are those of the address sanitizer, with C libraries and an addon that it instruments (the kernels of an
// instruction set apart, which would take gcc very long): what C reads after JavaScript has freed it, or behind its end,
// is found.
import { copyFileSync, cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { run as runAbi } from '../test/soak/abi.mjs';
import { root, run, tail } from './lib/run.mjs';
import { complain, say } from './lib/say.mjs';

const kinds = { address, threads, ffi };
const names = process.argv.slice(2);
if (names.some((name) => !(name in kinds))) {
  console.log('usage: npm run sanitize [-- address|threads|ffi]; all without a name');
  process.exit(names.includes('--help') || names.includes('-h') ? 0 : 2);
}
for (const name of names.length > 0 ? names : Object.keys(kinds)) {
  const started = performance.now();
  try {
    const what = await kinds[name]();
    say('sanitize', `${name}: ${what}, nothing found`, (performance.now() - started) / 1000);
  } catch (error) {
    complain('sanitize', `${name} failed: ${error.message}`, error.stdout);
    process.exitCode = 1;
  }
}

async function address() {
  let last = '';
  await runAbi({
    note: (text) => {
      last = text;
    },
  });
  return last;
}

async function threads() {
  const folder = join(root, 'build/sanitized-threads');
  const flags = '-fsanitize=thread -fno-omit-frame-pointer -g1';
  await build(folder, 'ewald_pool_check', [`-DCMAKE_CXX_FLAGS=${flags}`]);
  const env = { TSAN_OPTIONS: 'halt_on_error=1' };
  const { code, output } = await run(join(folder, 'ewald_pool_check'), [], { env });
  if (code !== 0) throw new Error(`the check of the pool ended with code ${code}\n${tail(output)}`);
  return tail(output, 1);
}

/** Builds a target of CMakeLists.txt with options of a sanitizer. */
async function build(folder, target, more) {
  const options = ['-DCMAKE_BUILD_TYPE=None', '-DEWALD_OPTIMISE=-O1', '-DEWALD_WITHOUT_CUDA=ON', ...more];
  for (const [tool, ...words] of [
    ['cmake', '-S', root, '-B', folder, '-G', 'Ninja', ...options],
    ['ninja', '-C', folder, target],
  ]) {
    const { code, output } = await run(tool, words);
    if (code !== 0) throw new Error(`${tool} failed\n${tail(output)}`);
  }
}

/** A copy of what tests need, in which the addon is the instrumented one. */
async function instrumented() {
  const [built, copy] = ['build/sanitized-native', 'build/sanitized-tree'].map((path) => join(root, path));
  await build(built, 'ewald_native', ['-DEWALD_SANITIZE=address', `-DCMAKE_LIBRARY_OUTPUT_DIRECTORY=${built}`]);
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(join(copy, 'build'), { recursive: true });
  const folders = ['src', 'test', 'dist', 'scripts', 'cpp', 'docs', 'examples'];
  for (const path of [...folders, 'package.json', 'tsconfig.json', 'vitest.config.ts', 'CMakeLists.txt'])
    cpSync(join(root, path), join(copy, path), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const addon = `dist/native/${process.platform}-${process.arch}/ewald_native.node`;
  copyFileSync(join(built, 'ewald_native.node'), join(copy, addon));
  return copy;
}

async function ffi() {
  const cwd = await instrumented();
  const { output: library } = await run('gcc', ['-print-file-name=libasan.so']);
  // Leaks are those of V8 at its end; a program may ask for more memory than there is.
  const options = 'detect_leaks=0:alloc_dealloc_mismatch=0:allocator_may_return_null=1';
  const data = process.env.EWALD_TEST_DATA ?? join(root, '../shared/data');
  const env = { LD_PRELOAD: library.trim(), ASAN_OPTIONS: options, EWALD_TEST_DATA: data };
  // Tests of compilers limit the memory of these, in which the sanitizer cannot begin.
  const files = ['lifetime', 'moves', 'callbacks', 'ordinary', 'values', 'abi', 'hostile'].map(
    (name) => `test/ffi/${name}.test.ts`,
  );
  const words = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'node', ...files, 'test/memory'];
  const { code, output } = await run(process.execPath, words, { env, cwd });
  if (code !== 0) throw new Error(`the tests of C libraries ended with code ${code}\n${tail(output)}`);
  return /Tests .*/.exec(stripVTControlCharacters(output))?.[0] ?? '';
}
