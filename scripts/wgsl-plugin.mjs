// Imports of .wgsl files as strings, for rollup, vite and vitest alike. A line `#include "common/philox.wgsl"` (path
// from wgsl/) is replaced by that file, once a shader. Comments `//@ pi/count.wgsl 7` say where the line after them
// came from, so that a compile error names file and line (src/backends/webgpu/shader.ts reads them).
import { readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../wgsl/', import.meta.url));

/** The text of a shader with its includes. */
export function readShader(path, seen = new Set()) {
  if (seen.has(path)) return '';
  seen.add(path);
  const name = relative(root, path).split(sep).join('/');
  const lines = readFileSync(path, 'utf8').split('\n');
  const text = lines.map((line, i) => {
    const include = /^#include "(.+)"$/.exec(line);
    // Comments stay at home: every shader carries its includes, and lines keep their numbers.
    return include
      ? `${readShader(join(root, include[1]), seen)}\n//@ ${name} ${i + 2}`
      : line.replace(/\s*\/\/.*$/, '');
  });
  return [`//@ ${name} 1`, ...text].join('\n');
}

export function wgsl() {
  return {
    name: 'wgsl',
    enforce: 'pre',
    // Sources import '../../../wgsl/pi/count.wgsl'; from build/esm the same number of steps leads elsewhere, so go by
    // what follows wgsl/.
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
