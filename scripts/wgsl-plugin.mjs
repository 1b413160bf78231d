// Imports of .wgsl files as strings, for rollup, vite and vitest alike. A line `#include "common/philox.wgsl"` (path from wgsl/) is
// replaced by that file, once a shader.
import { readFileSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../wgsl/', import.meta.url));

/** The text of a shader with its includes. */
export function readShader(path, seen = new Set()) {
  if (seen.has(path)) return '';
  seen.add(path);
  return readFileSync(path, 'utf8').replace(/^#include "(.+)"$/gm, (_, name) => readShader(join(root, name), seen));
}

export function wgsl() {
  return {
    name: 'wgsl',
    enforce: 'pre',
    // Sources import '../../../wgsl/pi/count.wgsl'; from build/esm the same number of steps leads elsewhere, so go by what follows wgsl/.
    resolveId(id, importer) {
      if (!id.endsWith('.wgsl')) return null;
      const path = resolve(dirname(importer ?? '.'), id);
      const marker = `${sep}wgsl${sep}`;
      return join(root, path.slice(path.lastIndexOf(marker) + marker.length));
    },
    load(id) {
      if (!id.endsWith('.wgsl')) return null;
      this.addWatchFile?.(id);
      return `export default ${JSON.stringify(readShader(id))}; // ${basename(id)}`;
    },
  };
}
