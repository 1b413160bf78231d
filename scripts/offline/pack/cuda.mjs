// The CUDA part of the pack: the addon and native programs with machine code for every architecture of a release, built
// in a separate build folder.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { filesUnder, hashOf, readStamp, writeStamp } from '../../lib/files.mjs';
import { root, run, tail, which } from '../../lib/run.mjs';
import { say } from '../../lib/say.mjs';
import { forgetForeignCache } from '../../parts/cmake.mjs';
import { fileKey } from './cache.mjs';

const keep = 'build/offline-cache/cuda-release';
const addon = 'ewald_cuda.node';

/** Architectures of cards by their names, for packs of one. */
export const cards = {
  t4: '75',
  a100: '80',
  a40: '86',
  rtx3090: '86',
  l40: '89',
  rtx4090: '89',
  h100: '90',
  h200: '90',
};

/**
 * The oldest driver that runs the runtime of a CUDA major version, from NVIDIA's table of minor-version compatibility.
 */
const drivers = { 12: 525, 13: 580 };

/**
 * Selects the compiler: the one given by the caller, otherwise the oldest CUDA 12 of this machine, which supports older
 * drivers than CUDA 13, otherwise the one on the PATH. Returns { path, version }, or undefined if there is none.
 */
function chooseNvcc(given) {
  const local = existsSync('/usr/local') ? readdirSync('/usr/local') : [];
  const twelve = local
    .filter((name) => /^cuda-12\.\d+$/.test(name))
    .sort((a, b) => Number(a.split('.')[1]) - Number(b.split('.')[1]));
  const candidates = given ? [given] : [...twelve.map((name) => `/usr/local/${name}/bin/nvcc`), 'nvcc'];
  for (const path of candidates) {
    const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
    const version = status === 0 ? /release (\d+\.\d+)/.exec(stdout)?.[1] : undefined;
    if (version) return { path, version };
  }
  return undefined;
}

/**
 * The emulator under the names of the addon and the programs, for a rehearsal. Builds the programs if `build` permits
 * it. Returns as `cudaRelease` does.
 */
export async function cudaEmulated(programs, { build }) {
  const folder = 'build/cuda-emulated';
  const addonPath = join(root, folder, 'ewald_cuda_emulated.node');
  const paths = Object.fromEntries(programs.map((name) => [name, join(root, folder, 'cuda', `${name}_emulated`)]));
  if (build) {
    const built = await run('cmake', ['--build', folder, '--target', ...programs.map((name) => `${name}_emulated`)]);
    if (built.code !== 0) throw Object.assign(new Error('the emulator failed to build'), { log: tail(built.output) });
  }
  const absent = [addonPath, ...Object.values(paths)].find((path) => !existsSync(path));
  if (absent) throw new Error(`${absent} is missing; leave out --no-build, which builds the emulator in minutes`);
  return {
    needs: null,
    addon: addonPath,
    programs: paths,
    what: 'the emulator',
  };
}

/**
 * Builds the stale parts if `build` permits it. With `architecture` (such as 90) it builds for that one only; `lines`
 * includes line information for profilers, which would be too large for the pack with all architectures. Returns { addon, programs: { name: path }, what } with undefined for missing paths; `why` names what
 * is missing.
 */
export async function cudaRelease(programs, { build, architecture, lines = false, nvcc: given }) {
  const nvcc = chooseNvcc(given);
  if (given && !nvcc) throw new Error(`${given} is no nvcc that runs here; name another one with --nvcc`);
  const needs = nvcc && { cuda: nvcc.version, driver: drivers[Number.parseInt(nvcc.version, 10)] ?? null };
  // CMake keeps using the compiler with which a build folder was configured.
  const folder = `build/cuda-release-${nvcc?.version ?? 'none'}`;
  const inputs = hashOf(
    [...filesUnder('cuda', (file) => !file.startsWith('cuda/emulator/')), ...filesUnder('cpp'), 'CMakeLists.txt'],
    [nvcc ? fileKey(which(nvcc.path) ?? nvcc.path) : 'no nvcc', programs, architecture ?? 'all', lines],
  );
  const made = () => ({
    needs,
    addon: join(root, keep, addon),
    programs: Object.fromEntries(programs.map((name) => [name, join(root, keep, name)])),
    what: architecture
      ? `machine code for ${architecture}${lines ? ' with the lines of the sources' : ''}, PTX for newer cards`
      : 'machine code for 7.5, 8.0, 8.6, 8.9 and 9.0, PTX for newer cards',
  });
  const complete = () => [addon, ...programs].every((name) => existsSync(join(root, keep, name)));
  const fresh = readStamp('cuda-release')?.inputs === inputs && complete();
  if (fresh) return made();
  if (!build) {
    const plain = join(root, 'dist/native/linux-x64', addon);
    const why = `${programs.join(', ')} (not built for release; leave out --no-build)`;
    return existsSync(plain)
      ? { needs, addon: plain, programs: {}, what: 'PTX for 7.5, which the driver compiles', why }
      : { programs: {}, why: `CUDA (no addon in dist; leave out --no-build)` };
  }
  const absent = ['cmake', 'ninja', 'g++'].filter((tool) => !which(tool));
  if (!nvcc) absent.unshift('nvcc');
  if (absent.length > 0) return { programs: {}, why: `CUDA (${absent.join(', ')} not found)` };
  const started = performance.now();
  forgetForeignCache(folder);
  const configured = await run('cmake', [
    '-S',
    '.',
    '-B',
    folder,
    '-G',
    'Ninja',
    '-DEWALD_CUDA_RELEASE=ON',
    `-DCMAKE_CUDA_COMPILER=${which(nvcc.path) ?? nvcc.path}`,
    '-DEWALD_CUDA_EMULATOR=OFF',
    '-DEWALD_WITHOUT_CUDA=OFF',
    `-DEWALD_CUDA_LINES=${lines ? 'ON' : 'OFF'}`,
    architecture
      ? `-DCMAKE_CUDA_ARCHITECTURES=${architecture}-real;${architecture}-virtual`
      : '-UCMAKE_CUDA_ARCHITECTURES',
  ]);
  const built =
    configured.code === 0 ? await run('cmake', ['--build', folder, '--target', 'ewald_cuda', ...programs]) : configured;
  if (built.code !== 0)
    throw Object.assign(new Error('the CUDA part failed to build; its last lines are above'), {
      log: tail(built.output),
    });
  mkdirSync(join(root, keep), { recursive: true });
  copyFileSync(join(root, folder, addon), join(root, keep, addon));
  for (const name of programs) copyFileSync(join(root, folder, 'cuda', name), join(root, keep, name));
  writeStamp('cuda-release', { inputs });
  say('pack', 'built CUDA for the architectures of a release', (performance.now() - started) / 1000);
  return made();
}
