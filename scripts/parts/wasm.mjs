// Compiles the C++ core with Emscripten into dist/ewald.wasm.
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { copyWhole, writeCompressed } from '../lib/files.mjs';
import { root, run, which } from '../lib/run.mjs';
import { coreSources, forgetForeignCache, identity } from './cmake.mjs';

const folder = 'build/wasm';

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
  outputs: () => ['dist/ewald.wasm', 'dist/ewald.wasm.br'],
  async build() {
    forgetForeignCache(folder);
    const configured = await run('emcmake', ['cmake', '-S', '.', '-B', folder, '-G', 'Ninja']);
    if (configured.code !== 0) return configured;
    const built = await run('ninja', ['-C', folder, 'ewald.wasm']);
    if (built.code !== 0) return built;
    chmodSync(join(root, folder, 'ewald.wasm'), 0o644);
    copyWhole(join(root, folder, 'ewald.wasm'), join(root, 'dist/ewald.wasm'));
    await writeCompressed('dist/ewald.wasm');
    return built;
  },
};
