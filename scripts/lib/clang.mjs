// Finds a compiler of C to WebAssembly for tests and benchmarks: $CLANG, or the clang of the system or of Emscripten.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Path of a clang that compiles to wasm32; undefined if none is installed. */
export function findClang() {
  const llvm = existsSync('/usr/lib') ? readdirSync('/usr/lib').filter((name) => /^llvm-\d+$/.test(name)) : [];
  const folders = ['/usr/bin', '/usr/local/bin', ...llvm.map((name) => `/usr/lib/${name}/bin`)];
  if (process.env.EMSDK) folders.push(join(process.env.EMSDK, 'upstream/bin'));
  const found = folders.map((folder) => join(folder, 'clang')).find((path) => existsSync(path));
  return process.env.CLANG || found;
}
