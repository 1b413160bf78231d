// Compiles the C++ core with Emscripten into dist/ewald.wasm, and into modules of single rooms beside it.
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { copyWhole, writeCompressed } from '../lib/files.mjs';
import { root, run, which } from '../lib/run.mjs';
import { coreSources, forgetForeignCache, identity } from './cmake.mjs';

const folder = 'build/wasm';
/** The whole core, and the parts of it that entries of one room load; CMakeLists.txt links them. */
export const modules = ['ewald', 'ewald-fft', 'ewald-fft-f64', 'ewald-frames', 'ewald-indexing', 'ewald-pi'].map(
  (name) => `${name}.wasm`,
);

export const wasm = {
  name: 'wasm',
  required: true,
  off: () => {
    const missing = ['emcc', 'cmake', 'ninja'].filter((tool) => !which(tool));
    return missing.length > 0 ? `${missing.join(', ')} not found; run node scripts/setup.mjs` : undefined;
  },
  inputs: () => ({
    files: coreSources(),
    more: [identity('emcc')],
  }),
  outputs: () => modules.flatMap((file) => [`dist/${file}`, `dist/${file}.br`]),
  async build() {
    forgetForeignCache(folder);
    const configured = await run('emcmake', ['cmake', '-S', '.', '-B', folder, '-G', 'Ninja']);
    if (configured.code !== 0) return configured;
    const built = await run('ninja', ['-C', folder, ...modules]);
    if (built.code !== 0) return built;
    for (const file of modules) {
      chmodSync(join(root, folder, file), 0o644);
      copyWhole(join(root, folder, file), join(root, 'dist', file));
      await writeCompressed(`dist/${file}`);
    }
    return built;
  },
};
