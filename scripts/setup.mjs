#!/usr/bin/env node
// Prepares a fresh clone, without any dependencies: `node scripts/setup.mjs [--test] [--all]`. Finds missing tools,
// installs them (with apt-get as root on Debian; otherwise it prints the command and stops), runs npm install, and
// builds what is stale. A second run has nothing to do.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readsInPython } from './guides/blocks.mjs';
import { findChromium } from './lib/chromium.mjs';
import { hashOf, readStamp, writeStamp } from './lib/files.mjs';
import { hasBoostContext, hasHeader, hasLibrary } from './lib/headers.mjs';
import { withLock } from './lib/lock.mjs';
import { root, run, tail, which } from './lib/run.mjs';
import { complain, say } from './lib/say.mjs';

/**
 * Headers that test/ffi/real-headers.test.ts parses and calls, with the Debian packages that contain them: small
 * packages.
 */
const headersOfTests = [
  ['zlib.h', 'zlib1g-dev'],
  ['png.h', 'libpng-dev'],
  ['sqlite3.h', 'libsqlite3-dev'],
  ['expat.h', 'libexpat1-dev'],
  ['uuid/uuid.h', 'uuid-dev'],
  ['zstd.h', 'libzstd-dev'],
  ['lz4.h', 'liblz4-dev'],
  ['pcre2.h', 'libpcre2-dev'],
];

/**
 * Requirements of the machine. `from` is the level at which a tool is installed: 0 for every run, 1 for tests, 2 for
 * --all. A missing tool that is not `required` only disables `part`, which is reported if it belongs to the level or
 * has `told` set.
 */
const needs = [
  { part: 'wasm', found: () => which('emcc'), packages: ['emscripten'], name: 'Emscripten', required: true, from: 0 },
  { part: 'wasm', found: () => which('cmake'), packages: ['cmake'], name: 'CMake', required: true, from: 0 },
  { part: 'wasm', found: () => which('ninja'), packages: ['ninja-build'], name: 'Ninja', required: true, from: 0 },
  {
    part: 'native',
    found: () => process.env.CXX ?? which('g++') ?? which('c++') ?? which('clang++'),
    packages: ['g++'],
    name: 'a C++ compiler',
    from: 0,
  },
  {
    part: 'browser tests',
    found: findChromium,
    packages: ['chromium-headless-shell'],
    name: 'Chromium',
    required: true,
    from: 1,
  },
  {
    part: 'cuda-emulated',
    found: () => hasBoostContext(),
    packages: ['libboost-context-dev'],
    name: 'Boost.Context',
    from: 1,
  },
  {
    part: 'webgpu in Node',
    found: () => hasLibrary('libvulkan.so.1'),
    packages: ['libvulkan1'],
    name: 'the Vulkan loader',
    from: 1,
  },
  {
    part: 'FFTW as an engine and second oracle',
    found: () => hasLibrary('libfftw3f.so.3') && hasLibrary('libfftw3.so.3'),
    packages: ['libfftw3-single3', 'libfftw3-double3'],
    name: "FFTW's libraries",
    from: 1,
  },
  {
    part: 'tests behind nginx',
    found: () => existsSync('/usr/sbin/nginx'),
    packages: ['nginx-light'],
    name: 'nginx',
    from: 2,
  },
  { part: 'cluster tests', found: () => which('nats-server'), packages: ['nats-server'], name: 'nats-server', from: 1 },
  {
    part: "tests of popular libraries' headers",
    found: () => headersOfTests.every(([header]) => hasHeader(header)),
    packages: headersOfTests.map(([, name]) => name),
    name: 'headers of zlib, SQLite, libpng and others',
    from: 1,
  },
  {
    part: 'HDF5 files of another writer',
    found: () => spawnSync('/usr/bin/python3', ['-c', 'import h5py']).status === 0,
    packages: ['python3-h5py'],
    name: 'h5py',
    from: 1,
  },
  {
    part: 'results read from Python',
    found: readsInPython,
    packages: ['python3-pandas', 'python3-gemmi', 'python3-h5py'],
    name: 'gemmi and pandas',
    from: 1,
  },
  { part: 'cuda', found: () => which('nvcc'), packages: [], name: 'nvcc', from: 0 },
  {
    part: 'MPI',
    found: () => which('mpicxx') && which('mpirun'),
    packages: ['libopenmpi-dev', 'openmpi-bin'],
    name: 'mpicxx',
    from: 1,
    told: true,
  },
  { part: 'FFTW comparisons', found: () => hasHeader('fftw3.h'), packages: ['libfftw3-dev'], name: 'FFTW', from: 2 },
  { part: 'Fortran comparisons', found: () => which('gfortran'), packages: ['gfortran'], name: 'gfortran', from: 2 },
];

const levels = { '--test': 1, '--all': 2 };
const args = process.argv.slice(2).filter((arg) => !arg.startsWith('--parts='));
/** With --parts=bundle,wasm only these parts are built, for the tests of a room. */
const parts = process.argv
  .find((arg) => arg.startsWith('--parts='))
  ?.slice('--parts='.length)
  .split(',');
const level = Math.max(0, ...args.map((arg) => levels[arg] ?? 0));
const started = performance.now();
const who = 'setup';

function fail(message, log) {
  complain(who, message, log);
  process.exit(1);
}

/** What ends the setup, once the other installation has ended as well. */
class Stop extends Error {
  constructor(message, log) {
    super(message);
    this.log = log;
  }
}

if (args.some((arg) => !(arg in levels))) {
  console.log(
    'usage: node scripts/setup.mjs [--test] [--all] [--parts=PART,…]\n  --test  also what the tests need\n  --all   also what ' +
      'optional parts need',
  );
  process.exit(args.includes('--help') || args.includes('-h') ? 0 : 2);
}
checkNode();
// Both wait for the network and for disks.
const ends = await Promise.allSettled([installTools(), installModules()]);
const stopped = ends.find(({ status }) => status === 'rejected')?.reason;
if (stopped && !(stopped instanceof Stop)) throw stopped;
if (stopped) fail(stopped.message, stopped.log);
const deeds = ends.reduce((sum, { value }) => sum + value, 0);
// The build modules need nothing from node_modules, but the tools they start do.
const { build } = await import('./build.mjs');
const { cuda, hasCard, mpi, native } = await import('./parts/addons.mjs');
const outcome = await build(parts ?? (level > 0 ? [] : firstParts()), { setup: true, lenient: level === 0 });
if (outcome.code !== 0) process.exit(outcome.code);
const off = missing(({ told }) => told).map(({ part, name }) => `${part} (no ${name})`);
const summary = deeds + outcome.built === 0 ? 'nothing to do' : 'ready';
say(
  who,
  `${summary}${off.length > 0 ? `; switched off: ${off.join(', ')}` : ''}`,
  (performance.now() - started) / 1000,
);

/**
 * The parts that the first run needs. Addons take minutes to compile and nothing requires them: CUDA is compiled at
 * once for a card, and an addon that exists is kept up to date, because the package refuses one of another build.
 */
function firstParts() {
  const addons = [native, mpi, cuda].filter(
    (part) => part.outputs().some((file) => existsSync(join(root, file))) || (part === cuda && hasCard()),
  );
  return ['types', 'layout', 'bundle', 'pages', 'wasm', ...addons.map(({ name }) => name)];
}

/** Requirements of this level that are not met, and unmet ones of other levels in `also`. */
function missing(also = () => false) {
  return needs.filter((need) => (need.from <= level || also(need)) && !need.found());
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const [, wantMajor, wantMinor] = /(\d+)\.(\d+)/.exec(engines.node).map(Number);
  if (major < wantMajor || (major === wantMajor && minor < wantMinor))
    fail(`this is Node ${process.versions.node}, expected ${engines.node}; see https://nodejs.org`);
}

/** Installs missing tools with apt-get; returns the number of actions. */
async function installTools() {
  const wanted = missing().filter(({ packages }) => packages.length > 0);
  if (wanted.length === 0) return 0;
  const packages = wanted.flatMap((need) => need.packages);
  const names = wanted.map(({ name }) => name).join(', ');
  const options = ['-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300'];
  const command = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  const required = wanted.filter((need) => need.required);
  const apt = which('apt-get');
  if (!apt || process.getuid?.() !== 0) {
    if (required.length === 0) return 0;
    const how = apt ? `type\n  sudo sh -c "${command}"` : `install them, for instance ${packages.join(', ')} of Debian`;
    fail(`missing: ${names}; ${how}\nand run the same command again`);
  }
  const before = performance.now();
  say(who, `apt-get installs ${packages.join(' ')} …`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const updated = await run(apt, ['update', '-q', '-o', 'DPkg::Lock::Timeout=300'], { env });
  const installed = await run(apt, ['install', ...options, ...packages], { env });
  if (installed.code !== 0) {
    const log = tail((updated.code === 0 ? '' : updated.output) + installed.output, 20);
    const still = wanted.filter((need) => !need.found());
    if (still.some((need) => need.required))
      throw new Stop(
        `apt-get failed; its last lines are above; type\n  ${command}\nand run the same command again`,
        log,
      );
    complain(who, `apt-get could not install ${still.map(({ name }) => name).join(', ')}; going on without`);
  }
  say(who, `apt-get installed ${names}`, (performance.now() - before) / 1000);
  return 1;
}

/**
 * Runs npm install if package.json lists other packages than at the last installation; returns the number of actions.
 */
async function installModules() {
  const { dependencies, devDependencies, overrides } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const inputs = hashOf([], [dependencies, devDependencies, overrides]);
  const present = () => existsSync(join(root, 'node_modules/.package-lock.json'));
  const fresh = () => present() && readStamp('npm')?.inputs === inputs;
  if (fresh()) return 0;
  return withLock(join(root, 'build/.install-lock'), who, async () => {
    if (fresh()) return 0;
    // Inside `npm start` this is the npm that runs it. `npm ci` would need a lock file made on a machine where the
    // packages of every platform resolve.
    const npm = process.env.npm_execpath?.endsWith('.js')
      ? [process.execPath, [process.env.npm_execpath]]
      : ['npm', []];
    const installed = await run(npm[0], [...npm[1], 'install', '--no-audit', '--no-fund', '--loglevel=error']);
    if (installed.code !== 0)
      throw new Stop('npm install failed; its last lines are above', tail(installed.output, 30));
    writeStamp('npm', { inputs });
    say(
      who,
      `npm install, ${/(?:added|changed|up to date).*?(?= in |$)/m.exec(installed.output)?.[0] ?? 'done'}`,
      installed.seconds,
    );
    return 1;
  });
}
