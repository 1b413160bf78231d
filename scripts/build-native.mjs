#!/usr/bin/env node
// Builds the native addon from cpp/ for this machine, or with --target for another one: `npm run build:native` in a
// clone, `npx ewald-build-native` where the package @ewald/source is installed. It needs CMake, a C++ compiler and
// Ninja or Make, and names what is missing. It uses nothing but Node, because the source package has no other scripts.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { which } from './lib/which.mjs';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');
const { name: package_ } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const inClone = package_ === 'ewald';
const command = inClone ? 'npm run build:native --' : 'npx ewald-build-native';
const host = `${process.platform}-${process.arch}`;

/** What can be built for another machine: its compiler with the Debian package, and how to run the result here. */
const targets = {
  'linux-arm64': { compiler: 'aarch64-linux-gnu-g++', packages: 'g++-aarch64-linux-gnu' },
  'linux-x64-musl': {
    compiler: 'g++',
    packages: 'g++',
    needs: [
      join(process.env.EWALD_MUSL ?? '/', 'usr/include/x86_64-linux-musl/pthread.h'),
      'the headers of musl (musl-dev)',
    ],
  },
};
const usage = `usage: ${command} [--target ${Object.keys(targets).join('|')}] [--mpi] [-o FOLDER]
  builds ewald_native.node for ${host} with the C++ compiler of this machine
  --target NAME  for another machine, with a cross compiler; EWALD_MUSL names a folder with the files of musl-dev,
                 default /
  --mpi          the MPI addon instead, with the MPI that mpicxx belongs to
  -o FOLDER      where the addon goes; default PLATFORM-ARCH in ${inClone ? 'dist/native' : 'native/ of this package'}`;

const args = process.argv.slice(2);
let target = host;
let mpi = false;
let out;
for (let i = 0; i < args.length; i++) {
  if (args[i] === '--target' && args[i + 1] in targets) target = args[++i];
  else if (args[i] === '--mpi') mpi = true;
  else if (args[i] === '-o' && args[i + 1]) out = args[++i];
  else {
    console.log(usage);
    process.exit(args[i] === '--help' || args[i] === '-h' ? 0 : 2);
  }
}
process.exitCode = await build();

function fail(message) {
  console.error(`build-native: ${message}`);
  return 1;
}

async function build() {
  if (process.platform === 'win32')
    return fail('Windows is not supported; the package uses WebAssembly and WebGPU there without an addon');
  const cross = target === host ? undefined : targets[target];
  const compilers = cross ? [cross.compiler] : [process.env.CXX, 'g++', 'c++', 'clang++'].filter(Boolean);
  const missing = [];
  if (!compilers.some((name) => which(name)))
    missing.push(`a C++20 compiler (${cross ? cross.packages : 'g++ 10 or clang++ 13'})`);
  if (!which('cmake')) missing.push('CMake 3.22 (cmake)');
  if (cross?.needs && !existsSync(cross.needs[0])) missing.push(cross.needs[1]);
  const generator = which('ninja') ? 'Ninja' : 'Unix Makefiles';
  if (!which('ninja') && !which('make')) missing.push('Ninja or Make (ninja-build or make)');
  if (mpi && !which('mpicxx')) missing.push('Open MPI or MPICH (libopenmpi-dev)');
  const headers = headersOfNode();
  if (!headers) missing.push('the headers of Node-API (npm install node-addon-api node-api-headers)');
  if (missing.length > 0) {
    const how = process.platform === 'darwin' ? 'xcode-select --install, and Homebrew has cmake and ninja' : '';
    return fail(`missing: ${missing.join('; ')}${how && `; ${how}`}; install them and run ${command} again`);
  }
  const addon = mpi ? 'ewald_mpi' : 'ewald_native';
  // In a clone, scripts/packages packs an addon for another machine only if it was built from the current sources.
  const stamps = inClone && cross ? await import('./packages/cross-built.mjs') : undefined;
  const inputs = stamps?.hashOfAddonSources();
  const folder = join(root, 'build', `${mpi ? 'mpi' : 'native'}-${target}`);
  const options = [
    ...['-DCMAKE_BUILD_TYPE=Release', `-DCMAKE_JS_INC=${headers.join(';')}`],
    mpi ? '-DEWALD_MPI=ON' : '-DEWALD_WITHOUT_CUDA=ON',
    // Otherwise each addon is in the subfolder of its CMakeLists.txt.
    `-DCMAKE_LIBRARY_OUTPUT_DIRECTORY=${folder}`,
    ...(cross ? [`-DCMAKE_TOOLCHAIN_FILE=${join(root, 'cpp/portable', `${target}.cmake`)}`] : []),
  ];
  for (const [tool, ...words] of [
    ['cmake', '-S', root, '-B', folder, '-G', generator, ...options],
    ['cmake', '--build', folder, '--target', addon, '--parallel', String(availableParallelism())],
  ]) {
    const { status, error } = spawnSync(tool, words, { stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0) return fail(`${tool} failed${error ? `: ${error.message}` : '; its last lines are above'}`);
  }
  const to = resolve(out ?? join(root, inClone ? 'dist/native' : 'native', target), `${addon}.node`);
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(join(folder, `${addon}.node`), `${to}.part`);
  renameSync(`${to}.part`, to);
  if (target === host) {
    const load = spawnSync(process.execPath, ['-p', `require(${JSON.stringify(to)}).abiVersion ?? 'loaded'`]);
    if (load.status !== 0) return fail(`${to} was built and does not load: ${load.stderr}`);
  }
  if (!mpi && out === undefined) stamps?.stampAddon(target, relative(root, to), inputs);
  console.log(`build-native: ${to}`);
  return 0;
}

/** The folders with the headers of Node-API, in C and in C++. */
function headersOfNode() {
  const require = createRequire(join(root, 'package.json'));
  try {
    // node-addon-api states its folder relative to the working directory.
    const folders = [require('node-api-headers').include_dir, require('node-addon-api').include_dir];
    const absolute = folders.map((path) => resolve(path));
    return absolute.every((path) => existsSync(path)) ? absolute : undefined;
  } catch {
    return undefined;
  }
}
