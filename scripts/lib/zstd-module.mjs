// Writes the WebAssembly module of the package zstddec, which holds the decoder of Zstandard, into a source file. The
// package itself fetches it from a data: URL, which the policy of a page may forbid, and drops the decoder's errors.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from './files.mjs';
import { root } from './run.mjs';

const from = 'node_modules/zstddec/dist/zstddec.mjs';
export const zstdModule = 'src/bytes/codecs/zstd-module.ts';
const needed = ['memory', 'malloc', 'free', 'ZSTD_decompress', 'ZSTD_isError'];

/** Returns the path if it was written; an installation without the package keeps the file as it is. */
export function writeZstdModule() {
  if (!existsSync(join(root, from))) return [];
  const base64 = /^const wasm = "([\w+/=]+)";$/m.exec(readFileSync(join(root, from), 'utf8'))?.[1];
  if (!base64) throw new Error(`${from} has no line 'const wasm = "…";' any more`);
  const exported = WebAssembly.Module.exports(new WebAssembly.Module(Buffer.from(base64, 'base64')));
  const missing = needed.filter((name) => !exported.some((item) => item.name === name));
  if (missing.length > 0) throw new Error(`the module in ${from} does not export ${missing.join(', ')}`);
  const text = `/** Written by scripts/lib/zstd-module.mjs: the decoder of the package zstddec. */\nexport const zstdModule =\n  '${base64}';\n`;
  if (existsSync(join(root, zstdModule)) && readFileSync(join(root, zstdModule), 'utf8') === text) return [];
  writeWhole(join(root, zstdModule), text);
  return [zstdModule];
}
