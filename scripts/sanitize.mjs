#!/usr/bin/env node
// C under the sanitizers of gcc: `npm run sanitize [-- address|threads|ffi]`. `address`, with undefined behaviour, calls
// every function of the C ABI with hostile arguments (test/soak/abi.mjs); `threads` runs test/hostile/pool.cpp, in which
// several host threads use the pool at the same time; `ffi` runs the tests that call C in a Node whose allocations are
// those of the address sanitizer, with C libraries that it instruments: what C reads after JavaScript has freed it, or
// behind its end, is found.
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
  const options = ['-DCMAKE_BUILD_TYPE=None', '-DEWALD_OPTIMISE=-O1', '-DEWALD_WITHOUT_CUDA=ON'];
  for (const [tool, ...words] of [
    ['cmake', '-S', root, '-B', folder, '-G', 'Ninja', ...options, `-DCMAKE_CXX_FLAGS=${flags}`],
    ['ninja', '-C', folder, 'ewald_pool_check'],
  ]) {
    const { code, output } = await run(tool, words);
    if (code !== 0) throw new Error(`${tool} failed\n${tail(output)}`);
  }
  const env = { TSAN_OPTIONS: 'halt_on_error=1' };
  const { code, output } = await run(join(folder, 'ewald_pool_check'), [], { env });
  if (code !== 0) throw new Error(`the check of the pool ended with code ${code}\n${tail(output)}`);
  return tail(output, 1);
}

async function ffi() {
  const { output: library } = await run('gcc', ['-print-file-name=libasan.so']);
  // Leaks are those of V8 at its end; a program may ask for more memory than there is.
  const options = 'detect_leaks=0:alloc_dealloc_mismatch=0:allocator_may_return_null=1';
  const env = { LD_PRELOAD: library.trim(), ASAN_OPTIONS: options };
  // Tests of compilers limit the memory of these, in which the sanitizer cannot begin.
  const files = ['lifetime', 'moves', 'callbacks', 'ordinary', 'values', 'abi', 'hostile'].map(
    (name) => `test/ffi/${name}.test.ts`,
  );
  const words = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'node', ...files, 'test/memory'];
  const { code, output } = await run(process.execPath, words, { env });
  if (code !== 0) throw new Error(`the tests of C libraries ended with code ${code}\n${tail(output)}`);
  return /Tests .*/.exec(stripVTControlCharacters(output))?.[0] ?? '';
}
