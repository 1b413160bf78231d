// Builds the Node-API addons with cmake-js into one folder for each platform:
// dist/native/<platform>-<arch>/ewald_*.node.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyWhole, filesUnder } from '../lib/files.mjs';
import { hasBoostContext } from '../lib/headers.mjs';
import { root, run, which } from '../lib/run.mjs';
import { forgetForeignCache, identity } from './cmake.mjs';

const cmakeJs = 'node_modules/cmake-js/bin/cmake-js';
const compilers = ['g++', 'c++', 'clang++'];
const compiler = () => process.env.CXX ?? compilers.find((name) => which(name));

/** The MPI addon of cpp/ is built separately. */
const ofCore = (file) => !file.startsWith('cpp/mpi/');

function addon({
  name,
  target,
  folder,
  sources,
  needed,
  options = () => [],
  off,
  identities = () => [],
  output = `dist/native/${process.platform}-${process.arch}/${target}.node`,
}) {
  return {
    name,
    off: () => {
      if (!compiler()) return 'no C++ compiler';
      const missing = ['cmake', 'ninja'].filter((tool) => !which(tool));
      if (missing.length > 0) return `${missing.join(', ')} not found`;
      if (!existsSync(join(root, cmakeJs))) return 'cmake-js is not installed; run npm install';
      return off?.();
    },
    inputs: () => ({
      files: [...sources.flatMap((source) => filesUnder(source, needed)), 'CMakeLists.txt'],
      more: [
        identity(compiler() ?? ''),
        JSON.parse(readFileSync(join(root, 'node_modules/node-addon-api/package.json'), 'utf8')).version,
        options(),
        ...identities(),
      ],
    }),
    outputs: () => [output],
    async build() {
      forgetForeignCache(folder);
      // `reconfigure` would start from scratch each time; `compile` configures only when options or lists have changed.
      const built = await run(process.execPath, [
        cmakeJs,
        'compile',
        '-G',
        'Ninja',
        '-O',
        folder,
        '-T',
        target,
        ...options().map((option) => `--CD${option}`),
      ]);
      if (built.code !== 0) return built;
      const made = [`${folder}/Release/${target}.node`, `${folder}/${target}.node`].find((file) =>
        existsSync(join(root, file)),
      );
      if (made && made !== output) copyWhole(join(root, made), join(root, output));
      return built;
    },
  };
}

export const native = addon({
  name: 'native',
  target: 'ewald_native',
  folder: 'build/native',
  sources: ['cpp'],
  needed: ofCore,
  options: () => ['EWALD_WITHOUT_CUDA=ON'],
});

const cudaSources = ['cuda', 'cpp'];
const noCuda = () => (existsSync(join(root, 'cuda/CMakeLists.txt')) ? undefined : 'cuda/CMakeLists.txt is not there');

/**
 * Builds machine code for the visible cards as well as PTX for 7.5: the driver takes seconds to compile PTX on first
 * use, and the result runs fewer blocks on a newer card.
 */
export function architectures() {
  const known = spawnSync('nvcc', ['--list-gpu-arch'], { encoding: 'utf8' }).stdout ?? '';
  const cards = visibleCards().filter((card) => known.includes(`compute_${card}\n`));
  return [...new Set(cards)].map((card) => `${card}-real`).concat('75-virtual');
}

/** Compute capabilities of the visible cards, such as "90". */
function visibleCards() {
  const seen = spawnSync('nvidia-smi', ['--query-gpu=compute_cap', '--format=csv,noheader'], { encoding: 'utf8' });
  return (seen.status === 0 ? seen.stdout : '')
    .split('\n')
    .map((line) => line.trim().replace('.', ''))
    .filter((card) => /^\d+$/.test(card));
}

export const hasCard = () => visibleCards().length > 0;

export const cuda = addon({
  name: 'cuda',
  target: 'ewald_cuda',
  folder: 'build/cuda',
  sources: cudaSources,
  needed: ofCore,
  options: () => ['EWALD_WITHOUT_CUDA=OFF', `CMAKE_CUDA_ARCHITECTURES=${architectures().join(';')}`],
  off: () => noCuda() ?? (which('nvcc') ? undefined : 'nvcc not found'),
  identities: () => [identity('nvcc')],
});

export const cudaEmulated = addon({
  name: 'cuda-emulated',
  target: 'ewald_cuda_emulated',
  folder: 'build/cuda-emulated',
  // Used only by tests, so it is not in a folder that the package ships.
  output: 'build/cuda-emulated/ewald_cuda_emulated.node',
  sources: cudaSources,
  needed: ofCore,
  options: () => ['EWALD_WITHOUT_CUDA=OFF'],
  off: () => noCuda() ?? (hasBoostContext() ? undefined : 'libboost-context-dev not found'),
});

export const mpi = addon({
  name: 'mpi',
  target: 'ewald_mpi',
  folder: 'build/mpi',
  sources: [
    ...['cpp/mpi', 'cpp/portable', 'cpp/common/memory.cpp'],
    ...['buffer.cpp', 'buffer.h', 'values.h'].map((file) => `cpp/addon/${file}`),
  ],
  options: () => ['EWALD_MPI=ON'],
  off: () => (which('mpicxx') ? undefined : 'mpicxx not found'),
  identities: () => [identity('mpicxx')],
});
