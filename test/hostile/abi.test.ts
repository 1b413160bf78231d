// @module-tag all: processes and threads.
/**
 * Every function of the C ABI with hostile arguments (abi.cpp), natively and on wasm; test/soak/abi.mjs runs the same
 * under sanitizers.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { WASI } from 'node:wasi';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const everyRow = /\b18\d{4} rows, 0 wrong\s*$/;

/** Builds the program in a folder that CMake has already configured. */
function build(folder: string, target: string, skip: (why: string) => void): string {
  if (!existsSync(`${root}build/${folder}/build.ninja`)) skip(`absent: build/${folder}, which npm run build makes`);
  execFileSync('ninja', ['-C', `${root}build/${folder}`, target], { stdio: 'pipe' });
  return `${root}build/${folder}/${target}`;
}

it('native: refuses, or stays within the given memory', async ({ skip }) => {
  const { stdout } = await promisify(execFile)(build('native', 'ewald_abi_check', skip), { encoding: 'utf8' });
  expect(stdout).toMatch(everyRow);
});

it('wasm: refuses, or stays within the given memory', async ({ skip }) => {
  const file = build('wasm', 'ewald_abi_check.wasm', skip);
  const wasi = new WASI({ version: 'preview1', returnOnExit: true });
  const imports = { ...(wasi.getImportObject() as object), env: { emscripten_notify_memory_growth: () => {} } };
  const { instance } = await WebAssembly.instantiate(await readFile(file), imports as WebAssembly.Imports);
  // A wrong row is printed and counted in the exit code.
  expect(wasi.start(instance)).toBe(0);
});
