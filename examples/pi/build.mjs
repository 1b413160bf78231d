#!/usr/bin/env node
// The only build command; `npm install` runs it. It builds pi_cpp and pi_f90 with CMake, pi_cpp.wasm with Emscripten,
// and the TypeScript. Parts without a compiler are skipped with a message. PI_BUILD_DIR moves the libraries to another
// folder.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const build = resolve(process.env.PI_BUILD_DIR ?? join(here, 'build'));
const lib = join(build, 'lib');
mkdirSync(lib, { recursive: true });

function run(what, command, ...args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: here, encoding: 'utf8' });
  if (error?.code === 'ENOENT') {
    console.log(`pi: ${what} left out, ${command} is not installed`);
    return false;
  }
  if (status !== 0) {
    console.error(`${stdout}${stderr}pi: ${what} failed`);
    process.exitCode = 1;
    return false;
  }
  console.log(`pi: ${what}`);
  return true;
}

if (run('configured', 'cmake', '-S', '.', '-B', build)) run('libpi_cpp and libpi_f90 built', 'cmake', '--build', build);
const exported = '-sEXPORTED_FUNCTIONS=_malloc,_free';
// STANDALONE_WASM needs no glue code; a growable table lets C call JavaScript functions back.
const emscripten = [
  '-O3',
  '-Iinclude',
  '-ffp-contract=off',
  '-sSTANDALONE_WASM',
  '--no-entry',
  '-sALLOW_MEMORY_GROWTH',
  '-sALLOW_TABLE_GROWTH',
  '-Wl,--export-table',
  exported,
];
run('pi_cpp.wasm built', 'emcc', 'src/pi.c', ...emscripten, '-o', join(lib, 'pi_cpp.wasm'));

const typescript = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
run('TypeScript compiled', process.execPath, typescript, '-p', '.');
