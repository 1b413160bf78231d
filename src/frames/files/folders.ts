/** Folders for results. */

import { mkdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { EwaldError } from '../../util/errors.js';
import { fileError } from '../../util/file-errors.js';
import { temporaryBeside } from './names.js';

/** Whether there is a folder at a path. */
export const isFolder = async (path: string): Promise<boolean> =>
  stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );

/**
 * Makes a folder and those above it that are missing; one that exists is left as it is. Returns a function that removes
 * those that were made and are empty. Throws `File`, `Argument` for an empty name.
 *
 * Node's own recursive `mkdir` never returns where the system answers that a folder does not exist although the one
 * above it does: in /proc, and for unknown names in folders that an automounter serves, as home folders often are.
 */
export async function makeFolder(folder: string): Promise<() => Promise<void>> {
  if (folder.trim() === '')
    throw new EwaldError('Argument', 'the name of an output is empty; expected the name of a folder');
  const whole = resolve(folder);
  const missing: string[] = [];
  for (let path = whole; !(await isFolder(path)); path = dirname(path)) {
    missing.unshift(path);
    if (dirname(path) === path) break;
  }
  const made: string[] = [];
  for (const path of missing) {
    try {
      await mkdir(path);
      made.unshift(path);
    } catch (cause) {
      // Another process may have made it in between.
      if (await isFolder(path)) continue;
      throw refusalOf(folder, path, cause, await isFolder(dirname(path)));
    }
  }
  return async () => {
    for (const path of made) await rmdir(path).catch(() => undefined);
  };
}

/** Makes a folder that appears once `fill` has written all of it, or not at all. Throws what `fill` throws. */
export async function makeWhole(folder: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const target = resolve(folder);
  // Not by mkdtemp, whose folders nobody else may read.
  const temporary = temporaryBeside(target);
  try {
    await mkdir(temporary);
    await fill(temporary);
    await rename(temporary, target);
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true });
    throw cause;
  }
}

/** Why `folder` was not made: the system refused `path`, itself or a folder above it. */
function refusalOf(folder: string, path: string, cause: unknown, isAboveThere: boolean): EwaldError {
  const { code } = cause as { code?: unknown };
  if (code === 'ENOENT' && isAboveThere)
    return new EwaldError('File', `${folder} cannot be made: ${dirname(path)} accepts no new folders`, {
      cause,
      detail: { path: folder },
    });
  const isWithinFile = code === 'EEXIST' && path !== resolve(folder);
  return fileError(folder, 'made', isWithinFile ? { code: 'ENOTDIR' } : cause);
}
