/** Names that a file from elsewhere has for other files: they are opened only in the folders that the caller knows. */
import { existsSync, realpathSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';

/** Where a command finds what a list or a geometry names: anywhere on this machine, as in CrystFEL. */
export const wholeMachine: readonly string[] = ['.', '/'];

/**
 * Finds named files in these folders: gives the path of the first one that exists, or that could; undefined for a name
 * that leads out of all of them.
 */
export function within(folders: readonly string[]): (file: string) => string | undefined {
  const asGiven = folders.map((folder) => resolve(folder));
  // Other programs may have written the name of a folder without the links that lead to it.
  const known = [...new Set(asGiven.flatMap((folder) => [folder, real(folder)]))];
  return (file) => {
    const inside = asGiven
      .map((folder) => resolve(folder, file))
      .filter((path) => known.some((folder) => isBelow(path, folder)));
    return inside.find((path) => existsSync(path)) ?? inside[0];
  };
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function real(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}
