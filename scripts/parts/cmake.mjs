// Functions shared by the CMake builds.
import { existsSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { filesUnder } from '../lib/files.mjs';
import { root, which } from '../lib/run.mjs';

/** What the module is compiled from. */
export const coreSources = () => [
  ...filesUnder('cpp', (file) => !/^cpp\/(?:addon|mpi)\//.test(file)),
  'CMakeLists.txt',
];

/** Identifies a tool without starting it: another version has a different path, size or date. */
export function identity(name) {
  const path = which(name);
  if (!path) return `${name}: none`;
  const real = realpathSync(path);
  const { size, mtimeMs } = statSync(real);
  return `${name}: ${real} ${size} ${mtimeMs}`;
}

/** A build folder that was configured for another location or generator cannot be reused. */
export function forgetForeignCache(folder) {
  const cache = join(root, folder, 'CMakeCache.txt');
  if (!existsSync(cache)) return;
  const text = readFileSync(cache, 'utf8');
  const value = (name) => new RegExp(`^${name}:[A-Z]+=(.*)$`, 'm').exec(text)?.[1];
  if (value('CMAKE_HOME_DIRECTORY') !== root || value('CMAKE_GENERATOR') !== 'Ninja')
    rmSync(join(root, folder), { recursive: true });
}
