/** Compiles C to WebAssembly with the clang that Emscripten uses. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

function findClang(): string | undefined {
  const folders = ['/usr/bin', '/usr/local/bin'];
  if (existsSync('/usr/lib'))
    folders.push(
      ...readdirSync('/usr/lib')
        .filter((name) => /^llvm-\d+$/.test(name))
        .map((name) => `/usr/lib/${name}/bin`),
    );
  if (process.env.EMSDK) folders.push(join(process.env.EMSDK, 'upstream/bin'));
  return folders.map((folder) => join(folder, 'clang')).find((path) => existsSync(path));
}

/** The compiler; tests are skipped as absent where it is undefined. */
export const clang = findClang();

/** Compiles `source` to `output`. */
export function compileC(
  source: string,
  output: string,
  { macros = [], flags = [] }: { readonly macros?: readonly string[]; readonly flags?: readonly string[] } = {},
): void {
  const fixed = ['--target=wasm32', '-O2', '-ffreestanding', '-nostdlib', '-Wl,--no-entry'];
  const named = macros.map((name) => `-D${name}`);
  execFileSync(clang as string, [...fixed, ...flags, ...named, '-o', output, source], { stdio: 'pipe' });
}
