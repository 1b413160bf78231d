// Imports .wgsl files as strings, for rollup, vite and vitest. A line `#include "common/philox.wgsl"` (path from wgsl/)
// is replaced by that file, once per shader. Comments `//@ pi/count.wgsl 7` give the origin of the following line, so
// that a compile error names the file and line (src/compute/backends/webgpu/shader.ts reads them).
//
// A file becomes a module of pieces, split at its includes, and a shader is a concatenation of pieces: a file that
// twenty kernels include is in a bundle once.
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../wgsl/', import.meta.url));
const query = '?pieces';

/** A file split at its includes: pieces of text and, between them, the paths of the included files. */
function cut(path, indented) {
  const name = relative(root, path).split(sep).join('/');
  const texts = [[`//@ ${name} 1`]];
  const includes = [];
  for (const [i, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    const include = /^#include "(.+)"$/.exec(line);
    if (include) {
      includes.push(join(root, include[1]));
      texts.push([`//@ ${name} ${i + 2}`]);
    } else {
      // Comments are removed; line numbers stay the same.
      const code = line.replace(/\s*\/\/.*$/, '');
      texts.at(-1).push(indented ? code : code.trimStart());
    }
  }
  return { texts: texts.map((lines) => lines.join('\n')), includes };
}

/** The pieces of a shader in order; each file occurs once. */
function piecesOf(path, seen = new Set()) {
  if (seen.has(path)) return [];
  seen.add(path);
  const { texts, includes } = cut(path, true);
  return texts.flatMap((_, i) => [...(i > 0 ? piecesOf(includes[i - 1], seen) : []), { path, piece: i }]);
}

/** `indented`: whether shaders keep their indentation, which the package does without. */
export function wgsl({ indented = true } = {}) {
  return {
    name: 'wgsl',
    enforce: 'pre',
    // Sources import '../../…/wgsl/ROOM/NAME.wgsl'. Such a path is wrong relative to build/esm, so only the part after
    // wgsl/ is used.
    resolveId(id, importer) {
      if (id.endsWith(`.wgsl${query}`)) return id;
      if (!id.endsWith('.wgsl')) return null;
      const path = resolve(dirname(importer ?? '.'), id);
      const marker = `${sep}wgsl${sep}`;
      return join(root, path.slice(path.lastIndexOf(marker) + marker.length));
    },
    load(id) {
      if (id.endsWith(`.wgsl${query}`)) {
        const path = id.slice(0, -query.length);
        this.addWatchFile?.(path);
        return cut(path, indented)
          .texts.map((text, i) => `export const piece${i} = ${JSON.stringify(text)};`)
          .join('\n');
      }
      if (!id.endsWith('.wgsl')) return null;
      const pieces = piecesOf(id);
      const files = [...new Set(pieces.map(({ path }) => path))];
      const names = pieces.map(({ path, piece }) => `file${files.indexOf(path)}.piece${piece}`);
      return [
        ...files.map((path, i) => `import * as file${i} from ${JSON.stringify(path + query)};`),
        `export default ${names.join(" + '\\n' + ")};`,
      ].join('\n');
    },
  };
}
