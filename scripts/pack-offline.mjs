#!/usr/bin/env node
// Makes one folder with everything needed for conformance and benchmarks on a Linux x86-64 machine with a GPU but
// without a registry and Node: `node scripts/pack-offline.mjs [-o FOLDER] [--no-build]`. On that machine: `bash
// FOLDER/run.sh`. scripts/offline/README.md describes the contents and how to add to them.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { build } from './build.mjs';
import { withLock } from './lib/lock.mjs';
import { root, run, tail } from './lib/run.mjs';
import { complain, say } from './lib/say.mjs';
import { extras } from './offline/host/extras.mjs';
import { buildBounds } from './offline/pack/bounds.mjs';
import { newestSymbol } from './offline/pack/cache.mjs';
import { cards, cudaEmulated, cudaRelease } from './offline/pack/cuda.mjs';
import { systemLibrary } from './offline/pack/debian.mjs';
import { compress, librariesOf, packNode } from './offline/pack/node.mjs';
import { forgetForeignCache } from './parts/cmake.mjs';

const most = 60e6;
/** A pack for one card may have to travel with other things. */
const mostForCard = 45e6;
/** Declarations, and what only browsers load. */
const notPacked =
  /[\\/]dist[\\/](types([\\/]|$)|chunk-page-|worker\.browser\.js|guide-)|\.br$|\.part$|ewald_cuda\.node$/;
const usage = `usage: node scripts/pack-offline.mjs [-o FOLDER] [--card NAME | --profile N | --emulated] [--nvcc PATH] [--no-build]
  -o FOLDER    where the pack goes, default build/offline
  --card NAME  machine code for one card (${Object.keys(cards).join(', ')}) and PTX, compressed by xz: under 45 MB
  --profile N  machine code for one architecture (90: Hopper) with the lines of the sources, for ncu and compute-sanitizer
  --emulated   the emulator in the place of the card, to rehearse on a machine without one (scripts/offline/rehearse.sh)
  --nvcc PATH  the CUDA compiler; default: the oldest of /usr/local/cuda-12*, which older drivers run as well, else nvcc of the PATH
  --no-build   take what is built, build nothing`;

const args = process.argv.slice(2);
let folder = 'build/offline';
let building = true;
let profile;
let card;
let emulated = false;
let nvcc;
for (let i = 0; i < args.length; i++) {
  if ((args[i] === '-o' || args[i] === '--out') && args[i + 1]) folder = args[++i];
  else if (args[i] === '--profile' && /^\d{2,3}$/.test(args[i + 1] ?? '')) profile = args[++i];
  else if (args[i] === '--card' && args[i + 1]?.toLowerCase() in cards) card = args[++i].toLowerCase();
  else if (args[i] === '--emulated') emulated = true;
  else if (args[i] === '--nvcc' && args[i + 1]) nvcc = resolve(args[++i]);
  else if (args[i] === '--no-build') building = false;
  else {
    console.log(usage);
    process.exit(args[i] === '--help' || args[i] === '-h' ? 0 : 2);
  }
}
const target = resolve(folder);
if ([card, profile, emulated || undefined].filter((choice) => choice !== undefined).length > 1) {
  console.log(usage);
  process.exit(2);
}
/** A pack for one card, or a rehearsal of it. */
const isSmall = card !== undefined || emulated;
/** Of xz: a rehearsal takes seconds instead of the minutes that a smaller pack for a card is worth. */
const level = emulated ? 1 : 9;

/** Ends with one line and no stack trace; `finally` blocks still clean up. */
function fail(message, log = '') {
  throw Object.assign(new Error(message), { log });
}
process.on('uncaughtException', (error) => {
  complain('pack', error.log === undefined ? error.stack : error.message, error.log);
  process.exitCode = 1;
});

if (process.platform !== 'linux' || process.arch !== 'x64')
  fail(
    `this is ${process.platform}-${process.arch}; the pack takes this machine's Node and addons, so it is made ` +
      'on linux-x64',
  );
if (existsSync(target) && readdirSync(target).length > 0 && !existsSync(join(target, 'offline.json')))
  fail(`${target} is no pack and not empty; name another folder with -o`);

const started = performance.now();
const programs = [
  ...new Set(['ewald_cuda_check', ...extras.flatMap(({ program, first }) => (first ? [] : (program ?? [])))]),
];
if (building) {
  // A folder that was copied from another checkout would build that one's sources.
  if (emulated) forgetForeignCache('build/cuda-emulated');
  const parts = ['types', 'layout', 'wasm', 'native', 'bundle', 'pages', ...(emulated ? ['cuda-emulated'] : [])];
  const { code } = await build(parts);
  if (code !== 0) process.exit(code);
}
for (const file of [
  'dist/cli.js',
  'dist/ewald.wasm',
  'dist/native/linux-x64/ewald_native.node',
  'node_modules/commander/package.json',
]) {
  if (!existsSync(join(root, file))) fail(`${file} is missing; type npm run build and then this again`);
}
await withLock(join(root, 'build/.offline-lock'), 'pack', pack);

async function pack() {
  // The lock makes these names safe. Leftovers of a killed run are removed.
  const aside = `${target}.part`;
  const stage = join(root, 'build/offline-stage');
  for (const path of [stage, aside]) rmSync(path, { recursive: true, force: true });
  try {
    const leftOut = [];
    const architecture = card ? { architecture: cards[card] } : { architecture: profile, lines: profile !== undefined };
    const cuda = emulated
      ? await cudaEmulated(programs, { build: building })
      : await cudaRelease(programs, { build: building, ...architecture, nvcc });
    if (cuda.why) leftOut.push(cuda.why);
    const bounds = await buildBounds();
    if (bounds.why) leftOut.push(bounds.why);
    // The lock keeps other builds from changing dist/ while it is copied.
    await withLock(join(root, 'build/.lock'), 'pack', async () => copyPackage(join(stage, 'node_modules/ewald'), cuda));
    cpSync(join(root, 'node_modules/commander'), join(stage, 'node_modules/commander'), {
      recursive: true,
      dereference: true,
    });
    const webgpu = await copyWebgpu(stage, leftOut);
    for (const part of ['host', 'extras'])
      cpSync(join(root, 'scripts/offline', part), join(stage, part), { recursive: true });
    place(join(root, 'scripts/lib/which.mjs'), join(stage, 'host/which.mjs'));
    for (const { script, from } of extras) if (from) place(join(root, from), join(stage, 'extras', script));
    mkdirSync(join(stage, 'check'), { recursive: true });
    const inPack = { ...(bounds.path && { ewald_cuda_bounds: bounds.path }), ...cuda.programs };
    for (const [name, path] of Object.entries(inPack)) place(path, join(stage, 'check', name));

    const { packed, binary } = await packNode(join(root, 'dist/native/linux-x64/ewald_native.node'), isSmall, level);
    const binaries = [
      binary,
      ...filesIn(stage).filter((file) => file.endsWith('.node') || dirname(file) === join(stage, 'check')),
    ];
    // The libraries of the machine have priority; these are for a machine that lacks them or has older versions.
    for (const file of binaries)
      for (const { name, path } of await librariesOf(file)) place(path, join(stage, 'lib', name));
    // Dawn, the Vulkan loader and the MPI addon may need newer libraries: without those their backend is absent, and
    // the rest runs.
    const needed = binaries.filter(
      (file) => !file.startsWith(join(stage, 'node_modules/webgpu')) && !file.endsWith('ewald_mpi.node'),
    );
    const tried = await run(binary, [
      join(stage, 'node_modules/ewald/dist/cli.js'),
      'pi',
      '--backend',
      'native',
      '--points',
      '1e4',
    ]);
    if (tried.code !== 0) fail('what was packed does not run here; its last lines are above', tail(tried.output));

    mkdirSync(aside, { recursive: true });
    await archive(stage, join(aside, `app.tar.${isSmall ? 'xz' : 'gz'}`), level);
    copyFileSync(packed, join(aside, `node.${isSmall ? 'xz' : 'gz'}`));
    copyFileSync(join(root, 'scripts/offline/run.sh'), join(aside, 'run.sh'));
    copyFileSync(join(root, 'scripts/offline/README.md'), join(aside, 'README.md'));
    chmodSync(join(aside, 'run.sh'), 0o755);
    const files = readdirSync(aside).sort();
    const manifest = {
      version: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
      commit: await commit(),
      packed: new Date().toISOString(),
      node: process.versions.node,
      needs: `Linux x86_64 with glibc ${newestSymbol('GLIBC', needed)} or newer`,
      needsOf: {
        cuda: cuda.addon ? cuda.needs : null,
        webgpu: webgpu ? { glibc: newestSymbol('GLIBC', binariesOf(join(stage, 'node_modules/webgpu'))) } : null,
      },
      contents: { native: true, wasm: true, cuda: cuda.addon ? cuda.what : false, webgpu },
      programs: Object.keys(inPack),
      leftOut,
      files: Object.fromEntries(
        files.map((name) => [
          name,
          {
            bytes: statSync(join(aside, name)).size,
            sha256: createHash('sha256')
              .update(readFileSync(join(aside, name)))
              .digest('hex'),
          },
        ]),
      ),
    };
    writeFileSync(join(aside, 'offline.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    const bytes = readdirSync(aside).reduce((sum, name) => sum + statSync(join(aside, name)).size, 0);
    const allowed = card ? mostForCard : most;
    if (bytes >= allowed)
      fail(
        `the pack has ${mb(bytes)}, the most it may have is ${mb(allowed)}; the largest parts are ${largest(stage)}`,
      );
    rmSync(target, { recursive: true, force: true });
    mkdirSync(dirname(target), { recursive: true });
    renameSync(aside, target);
    for (const text of leftOut) say('pack', `left out: ${text}`);
    say(
      'pack',
      `${relative(process.cwd(), target) || target}, ${mb(bytes)}; on the other machine: bash run.sh`,
      (performance.now() - started) / 1000,
    );
  } finally {
    for (const path of [stage, aside]) rmSync(path, { recursive: true, force: true });
  }
}

function mb(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function place(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

/** All addons under a folder. */
function binariesOf(path) {
  return filesIn(path).filter((file) => file.endsWith('.node'));
}

/** Paths of all files under a folder; an empty list if it does not exist. */
function filesIn(path) {
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function largest(stage) {
  const sizes = filesIn(stage).map((file) => ({ file: relative(stage, file), bytes: statSync(file).size }));
  return sizes
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 5)
    .map(({ file, bytes }) => `${file} ${mb(bytes)}`)
    .join(', ');
}

/** The package as npm would install it, less these, and with the CUDA addon that was built for a release. */
function copyPackage(to, cuda) {
  for (const file of ['package.json', 'LICENSE']) place(join(root, file), join(to, file));
  cpSync(join(root, 'dist'), join(to, 'dist'), {
    recursive: true,
    filter: (path) => !notPacked.test(path),
  });
  if (cuda.addon) place(cuda.addon, join(to, 'dist/native/linux-x64/ewald_cuda.node'));
}

/** Dawn for this platform only, and the loader through which it finds a driver. Returns a description, or false. */
async function copyWebgpu(stage, leftOut) {
  const from = join(root, 'node_modules/webgpu');
  const dawn = 'dist/linux-x64/dawn.node';
  if (!existsSync(join(from, dawn))) {
    leftOut.push('webgpu (the package webgpu is not installed; npm install)');
    return false;
  }
  const loader = await systemLibrary('libvulkan.so.1', 'libvulkan1');
  if (loader.why) {
    leftOut.push(`webgpu (${loader.why})`);
    return false;
  }
  for (const file of ['package.json', 'index.js', 'LICENSE.md', dawn])
    place(join(from, file), join(stage, 'node_modules/webgpu', file));
  place(loader.path, join(stage, 'vulkan/libvulkan.so.1'));
  // Needed if NVIDIA's driver is reached through EGL; a machine with a desktop has it.
  const dispatch = await systemLibrary('libGLdispatch.so.0', 'libglvnd0');
  if (dispatch.path) place(dispatch.path, join(stage, 'vulkan/libGLdispatch.so.0'));
  return `Dawn of webgpu ${JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')).version}`;
}

/** Makes a reproducible archive: the same files give the same bytes. */
async function archive(stage, target, level) {
  const tar = join(root, 'build/offline-app.tar');
  try {
    const made = await run('tar', [
      '--format=ustar',
      '--sort=name',
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '--mtime=@0',
      '-cf',
      tar,
      '-C',
      stage,
      '.',
    ]);
    if (made.code !== 0) fail('tar failed; its last lines are above', tail(made.output));
    await compress(tar, target, level);
  } finally {
    rmSync(tar, { force: true });
  }
}

/** The state of the sources, for the results. */
async function commit() {
  const head = await run('git', ['rev-parse', '--short', 'HEAD']);
  if (head.code !== 0) return 'unknown';
  const changed = await run('git', ['status', '--porcelain', '--untracked-files=no']);
  return head.output.trim() + (changed.output.trim() === '' ? '' : ' with changes');
}
