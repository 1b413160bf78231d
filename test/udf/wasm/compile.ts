/** Compiles C to WebAssembly with the clang that Emscripten uses. */
import { execFileSync } from 'node:child_process';
import { findClang } from '../../../scripts/lib/clang.mjs';

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
