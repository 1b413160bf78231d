// Writes a hash of the bundled modules into src/parallel/identity.ts, so that workers of another build are refused.
// The hash covers the output of tsc, the shaders and the sources of the C++ core. What compilers made of those is not
// in it: addons differ from machine to machine and have their own versions.
import { filesUnder, hashOf } from './lib/files.mjs';
import { coreSources } from './parts/cmake.mjs';

const placeholder = "'unbundled'";

/** The files of which the hash is. */
export const hashedFiles = () => [
  ...filesUnder('build/esm', (file) => file.endsWith('.js')),
  ...filesUnder('wgsl'),
  ...coreSources(),
];

export function buildHash() {
  return {
    name: 'build-hash',
    transform(code, id) {
      if (!/\/parallel\/identity\.js$/.test(id)) return null;
      if (!code.includes(placeholder))
        throw new Error(`${id} has no ${placeholder} to write the hash of the build into`);
      const hash = hashOf(hashedFiles()).slice(0, 16);
      return { code: code.replace(placeholder, `'${hash}'`), map: null };
    },
  };
}
