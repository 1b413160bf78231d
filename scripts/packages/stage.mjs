// The packages of a release, each as a folder that `npm pack` makes a tarball of: the main package with JavaScript and
// wasm, one package for each addon that was built, and the C++ sources for machines without one. docs/install.md
// describes them for users.
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { addonPackages, sourcePackage } from '../../build/esm/util/addon-packages.js';
import { hashedFiles } from '../build-hash-plugin.mjs';
import { filesUnder, hashOf, readStamp, writeStamp } from '../lib/files.mjs';
import { root, run } from '../lib/run.mjs';
import { isCurrentAddon } from './cross-built.mjs';

const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));
const manifest = read('package.json');

/** Fields that every package has. */
const shared = ({ name, description }) => ({
  name,
  version: manifest.version,
  description,
  license: manifest.license,
  ...(manifest.author && { author: manifest.author }),
  ...(manifest.repository && { repository: manifest.repository }),
  ...(manifest.homepage && { homepage: manifest.homepage }),
  ...(manifest.bugs && { bugs: manifest.bugs }),
  engines: manifest.engines,
  publishConfig: { access: 'public' },
});

const targetOf = ({ os, cpu, libc }) => `${os}-${cpu}${libc === 'musl' ? '-musl' : ''}`;
const isOfHost = (entry) => targetOf(entry) === `${process.platform}-${process.arch}`;

/** The name by which an addon that was built asks for Open MPI; one for another MPI is not packed. */
const openMpi = 'libmpi.so.40';

/** The addon of a package, if it was built: for this machine by npm run build, for others by build-native. */
export function builtAddon({ addon, ...entry }) {
  const file = `dist/native/${targetOf(entry)}/${addon}.node`;
  if (!existsSync(join(root, file))) return undefined;
  return addon !== 'ewald_mpi' || readFileSync(join(root, file)).includes(`${openMpi}\0`) ? file : undefined;
}

/** The packages that can be made of what is built, and the names of the others with the reason. */
export function available() {
  const built = addonPackages.map((entry) => ({ ...entry, file: builtAddon(entry) }));
  const addons = built.map((entry) => {
    const isStale = entry.file && !isOfHost(entry) && !isCurrentAddon(targetOf(entry), entry.file);
    return isStale ? { ...entry, file: undefined, isStale } : entry;
  });
  const how = (entry) => {
    if (entry.addon === 'ewald_cuda') return `${entry.name}: no nvcc has built it (npm run build)`;
    if (entry.addon === 'ewald_mpi') return `${entry.name}: not built with Open MPI 4 or 5 (npm run build)`;
    const command = isOfHost(entry) ? 'npm run build' : `npm run build:native -- --target ${targetOf(entry)}`;
    return `${entry.name}: ${entry.isStale ? 'built from other sources' : 'not built'} (${command})`;
  };
  return {
    addons: addons.filter(({ file }) => file),
    leftOut: addons.filter(({ file }) => !file).map(how),
  };
}

function write(folder, path, content) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

function place(folder, files) {
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    copyFileSync(join(root, file), join(folder, file));
  }
}

const json = (value) => `${JSON.stringify(value, null, 2)}\n`;

/** Bundles the scripts of the main package, minified, unless they are those of this build; returns their folder. */
async function minifiedScripts() {
  const folder = 'build/packed';
  const files = [
    ...hashedFiles(),
    'package.json',
    'rollup.config.mjs',
    'scripts/build-hash-plugin.mjs',
    'scripts/wgsl-plugin.mjs',
  ];
  const inputs = hashOf(files);
  const scripts = () => filesUnder(folder, (file) => file.endsWith('.js'));
  const stamp = readStamp('packed');
  if (stamp?.inputs === inputs && stamp.outputs === hashOf(scripts())) return folder;
  rmSync(join(root, folder), { recursive: true, force: true });
  const rollup = ['node_modules/rollup/dist/bin/rollup', '-c', 'rollup.config.mjs', '--dir', folder, '--silent'];
  const { code, output } = await run(process.execPath, rollup, { env: { EWALD_PACKED: '1' } });
  if (code !== 0) throw new Error(`rollup failed: ${output}`);
  writeStamp('packed', { inputs, outputs: hashOf(scripts()) });
  return folder;
}

/** The main package, with the addons of this release as optional dependencies, and without what a clone needs. */
async function stageMain(folder, addons) {
  const { code, output, errors } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    apart: true,
    env: { npm_config_loglevel: 'error' },
  });
  if (code !== 0) throw new Error(`npm pack failed: ${errors}`);
  const listed = JSON.parse(output)[0].files.map(({ path }) => path);
  const isScript = (file) => /^dist\/[^/]+\.js$/.test(file);
  place(
    folder,
    listed.filter((file) => !isScript(file)),
  );
  const minified = await minifiedScripts();
  cpSync(join(root, minified), join(folder, 'dist'), { recursive: true });
  chmodSync(join(folder, 'dist/cli.js'), 0o755);
  const { scripts, devDependencies, overrides, binary, ...published } = manifest;
  const optional = addons.filter(({ automatic }) => automatic).map(({ name }) => [name, manifest.version]);
  write(folder, 'package.json', json({ ...published, optionalDependencies: Object.fromEntries(optional) }));
}

const contents = { ewald_native: 'C++ core', ewald_cuda: 'CUDA kernels', ewald_mpi: 'Messages by Open MPI 4 and 5' };

function stageAddon(folder, { name, addon, os, cpu, libc, automatic, file }) {
  const description = `${contents[addon]} of ewald for ${os}-${cpu} with ${libc}`;
  const fields = { os: [os], cpu: [cpu], libc: [libc], main: `./${addon}.node`, files: [`${addon}.node`] };
  write(folder, 'package.json', json({ ...shared({ name, description }), ...fields }));
  const main = '[ewald](https://www.npmjs.com/package/ewald)';
  const readme = `# ${name}\n\n${description}. It is used by ${main} of the same version`;
  const how = automatic
    ? ', which npm installs it with.\n'
    : `, next to which it is installed by name:\n\n    npm install ewald ${name}\n`;
  write(folder, 'README.md', readme + how);
  copyFileSync(join(root, file), join(folder, `${addon}.node`));
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
}

/** The C++ core with the script that builds it. */
function stageSource(folder) {
  const description = 'C++ core of ewald, built into an addon on machines for which no package has one';
  const dependencies = Object.fromEntries(
    ['node-addon-api', 'node-api-headers'].map((name) => [name, read(`node_modules/${name}/package.json`).version]),
  );
  const bin = { 'ewald-build-native': 'scripts/build-native.mjs' };
  const files = ['cpp', 'CMakeLists.txt', 'scripts', 'test'];
  const fields = { type: 'module', bin, dependencies, files };
  write(folder, 'package.json', json({ ...shared({ name: sourcePackage, description }), ...fields }));
  write(
    folder,
    'README.md',
    `# ${sourcePackage}\n\n${description}. It needs CMake and a C++20 compiler:\n\n` +
      `    npm install ewald ${sourcePackage}\n` +
      '    npx ewald-build-native          # --mpi: the MPI addon\n    npx ewald devices\n',
  );
  const sources = filesUnder('cpp', (file) => !file.includes('/fuzz/'));
  // CMakeLists.txt lists the checks of the C ABI and of the pool, which are not built.
  const checks = ['test/hostile/abi.cpp', 'test/hostile/pool.cpp'];
  place(folder, [
    ...sources,
    'CMakeLists.txt',
    'LICENSE',
    'scripts/build-native.mjs',
    'scripts/lib/which.mjs',
    ...checks,
  ]);
}

/**
 * Makes the tarballs in `folder`. `only` selects packages by name; the dependencies of the packages are packed as well
 * with `dependencies`, for installations without a registry. Returns { name, file, bytes, unpacked, files } of each.
 */
export async function packAll(folder, { only, dependencies = false } = {}) {
  const { addons, leftOut } = available();
  const stage = join(folder, 'stage');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const wanted = ({ name }) => !only || only.includes(name);
  const packages = [
    { name: manifest.name, make: (to) => stageMain(to, addons.filter(wanted)) },
    ...addons.map((entry) => ({ name: entry.name, make: (to) => stageAddon(to, entry) })),
    { name: sourcePackage, make: stageSource },
  ].filter(wanted);
  if (dependencies)
    for (const name of ['commander', 'node-addon-api', 'node-api-headers'])
      packages.push({
        name,
        foreign: true,
        make: (to) => cpSync(join(root, 'node_modules', name), to, { recursive: true }),
      });
  const made = [];
  for (const { name, make, foreign = false } of packages) {
    const at = join(stage, name);
    mkdirSync(at, { recursive: true });
    await make(at);
    const words = ['pack', at, '--json', '--ignore-scripts', '--pack-destination', folder];
    const { code, output, errors } = await run('npm', words, { apart: true, env: { npm_config_loglevel: 'error' } });
    if (code !== 0) throw new Error(`npm pack of ${name} failed: ${errors}`);
    const [{ filename, size, unpackedSize, files, integrity }] = JSON.parse(output);
    const file = readdirSync(folder).find((entry) => entry === filename.replace('@', '').replace('/', '-'));
    made.push({ name, foreign, file, bytes: size, unpacked: unpackedSize, integrity, files });
  }
  rmSync(stage, { recursive: true, force: true });
  return { made, leftOut };
}
