// Installs the tarballs in empty projects without a registry, and runs the same job with each combination: the main
// package alone, with the native addon, and with the CUDA addon. Throws at the first surprise.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, tail } from '../lib/run.mjs';

const host = `${process.platform}-${process.arch}`;

/** Checks the tarballs that `packAll` made with the dependencies; `note` gets one line for each thing that works. */
export async function checkPackages(folder, made, { note, build = false }) {
  const tarball = (name) => {
    const found = made.find((entry) => entry.name === name);
    return found && join(folder, found.file);
  };
  const project = mkdtempSync(join(tmpdir(), 'ewald-packages-'));
  const npm = (...words) =>
    run('npm', words, {
      cwd: project,
      env: { npm_config_loglevel: 'error', npm_config_audit: 'false', npm_config_fund: 'false' },
    });
  const install = async (...names) => {
    const { code, output } = await npm('install', '--offline', '--no-package-lock', ...names.map(tarball));
    if (code !== 0) throw new Error(`npm install of ${names.join(' ')} failed: ${tail(output)}`);
  };
  const ewald = async (...words) => {
    const { code, output, errors } = await run(join(project, 'node_modules/.bin/ewald'), words, {
      cwd: project,
      apart: true,
    });
    if (code !== 0) throw new Error(`ewald ${words.join(' ')} ended with code ${code}: ${tail(errors + output, 20)}`);
    return output;
  };
  const device = async (backend) =>
    JSON.parse(await ewald('devices', '--json')).find((entry) => entry.backend === backend);
  const expect = (holds, what) => {
    if (!holds) throw new Error(what);
  };
  /** The crystals of a small simulated run, without the head of the stream, which names the backend. */
  const crystalsOn = async (backend) => {
    const words = ['index', 'data/run.h5', '-g', 'data/run.geom', '-p', 'data/run.cell', '-o', `${backend}.stream`];
    await ewald(...words, '--backend', backend, '--force');
    return (readFileSync(join(project, `${backend}.stream`), 'utf8').match(/^--- Begin crystal$/gm) ?? []).length;
  };
  try {
    writeFileSync(join(project, 'package.json'), '{ "name": "user", "private": true, "type": "module" }\n');
    await install('commander', 'ewald');
    const binaries = filesIn(join(project, 'node_modules/ewald')).filter((file) => /\.(node|so|dll|dylib)$/.test(file));
    expect(binaries.length === 0, `the main package contains ${binaries.join(', ')}`);
    await ewald('simulate', 'frames', '-o', 'data', '--images', '3');
    const alone = await device('native');
    expect(!alone.available && /@ewald\//.test(alone.reason), `native without its package: ${alone.reason}`);
    expect((await crystalsOn('wasm')) === 3, 'wasm does not find 3 crystals in 3 frames');
    note('the main package alone: 3 frames, 3 crystals on wasm; ewald devices names the package of the addon');

    const native = made.find(({ name }) => name === `@ewald/native-${host}`);
    if (native) {
      await install('commander', 'ewald', native.name);
      const found = await device('native');
      expect(found.available && found.reason.includes(native.name), `native with its package: ${found.reason}`);
      expect((await crystalsOn('native')) === 3, 'native does not find 3 crystals in 3 frames');
      note(`with ${native.name}: 3 frames, 3 crystals on native`);
    }
    const cuda = made.find(({ name }) => name === `@ewald/cuda-${host}`);
    if (cuda) {
      await install('commander', 'ewald', cuda.name);
      const { available, reason } = await device('cuda');
      expect(available || !/not installed/.test(reason), `cuda with its package: ${reason}`);
      note(`with ${cuda.name}: ${available ? 'available' : reason}`);
    }
    await install('commander', 'ewald', 'node-addon-api', 'node-api-headers', '@ewald/source');
    const bin = join(project, 'node_modules/.bin/ewald-build-native');
    const help = await run(bin, ['--help'], { cwd: project });
    expect(help.code === 0 && help.output.includes('npx ewald-build-native'), `its help is ${help.output}`);
    if (build) {
      rmSync(join(project, `node_modules/@ewald/native-${host}`), { recursive: true, force: true });
      const { code, output } = await run(bin, [], { cwd: project });
      expect(code === 0, `ewald-build-native failed: ${tail(output)}`);
      const { available, reason } = await device('native');
      expect(available && reason.includes('@ewald/source'), `native after ewald-build-native: ${reason}`);
      expect((await crystalsOn('native')) === 3, 'the addon that was built does not find 3 crystals in 3 frames');
      note('with @ewald/source: built, 3 frames, 3 crystals on native');
    } else note('with @ewald/source: installed; --build compiles it');
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

/** Paths of all files under a folder. */
const filesIn = (folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' });
