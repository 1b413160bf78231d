// Finds programs. It uses nothing but Node: the source package and the offline pack contain it without other scripts.
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Path of a program on the PATH of `env` or in one of `folders`, or undefined. No process is started to find it. */
export function which(name, { env = process.env, folders = [] } = {}) {
  for (const folder of [...(env.PATH ?? '').split(delimiter).filter(Boolean), ...folders]) {
    for (const suffix of process.platform === 'win32' ? ['.exe', '.cmd', '.bat'] : ['']) {
      const path = join(folder, name + suffix);
      try {
        accessSync(path, constants.X_OK);
        if (statSync(path).isFile()) return path;
      } catch {
        // The next one.
      }
    }
  }
  return undefined;
}
