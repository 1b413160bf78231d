/**
 * The C ABI with hostile arguments (test/hostile/abi.cpp), with the core built for the address and undefined-behaviour
 * sanitizers.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const name = 'abi';
/** A summary of the loop. */
export const about = 'every function of ewald.h with hostile arguments, under address and undefined sanitizers';
/** Approximate duration on one core. */
export const minutes = 15;

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = `${root}build/sanitized`;
const call = (command, args) => promisify(execFile)(command, args, { cwd: root, maxBuffer: 1 << 26 });

/**
 * Builds and runs the program with the same rows at every scale. Throws if a row is wrong, or if a sanitizer reports an
 * error.
 */
export async function run({ note = () => {} } = {}) {
  const flags = '-fsanitize=address,undefined -fno-sanitize-recover=all -g1';
  await call('cmake', [
    ...['-S', '.', '-B', folder, '-G', 'Ninja', '-DCMAKE_BUILD_TYPE=None', '-DEWALD_OPTIMISE=-O1'],
    ...['-DEWALD_WITHOUT_CUDA=ON', `-DCMAKE_CXX_FLAGS=${flags}`],
  ]);
  await call('ninja', ['-C', folder, 'ewald_abi_check']);
  const { stdout } = await call(`${folder}/ewald_abi_check`, []);
  note(stdout.trim().split('\n').at(-1));
}
