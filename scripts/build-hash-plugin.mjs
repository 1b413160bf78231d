// Writes a hash of the bundled modules into src/executors/identity.ts, so that workers of another build are refused.
// The hash covers the output of tsc and the wasm module; addons differ from machine to machine and have their own
// versions.
import { existsSync } from 'node:fs';
import { filesUnder, hashOf } from './lib/files.mjs';

const placeholder = "'unbundled'";

export function buildHash() {
  return {
    name: 'build-hash',
    transform(code, id) {
      if (!/\/executors\/identity\.js$/.test(id)) return null;
      if (!code.includes(placeholder))
        throw new Error(`${id} has no ${placeholder} to write the hash of the build into`);
      const files = [
        ...filesUnder('build/esm', (file) => file.endsWith('.js')),
        ...filesUnder('wgsl'),
        'dist/ewald.wasm',
      ];
      const hash = hashOf(files.filter((file) => existsSync(file))).slice(0, 16);
      return { code: code.replace(placeholder, `'${hash}'`), map: null };
    },
  };
}
