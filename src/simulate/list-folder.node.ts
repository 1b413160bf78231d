/** A folder of simulated lists: those of an earlier simulation stay until the new ones are complete. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../frames/files/folders.js';
import { refuseInputs } from '../frames/files/inputs.js';
import { onExit } from '../frames/files/interrupt.js';
import { type Lock, lockFile } from '../frames/files/lock.js';
import { followed, temporaryBeside } from '../frames/files/names.js';
import { argumentError, setting } from '../options/parameters.js';
import { EwaldError } from '../util/errors.js';
import { fileError } from '../util/file-errors.js';

/** A folder that is being written. */
interface ListFolder {
  /** Where the lists are written. */
  readonly path: string;
  readonly lock: Lock;
  /** Whether the folder holds an earlier simulation, which stays until this one is complete. */
  readonly replaces: boolean;
  close(): Promise<void>;
  discard(): Promise<void>;
}

const isList = (name: string): boolean => /^spots-\d{3,}\.txt$/.test(name) || name === 'truth.json';

/**
 * Makes the folder. Lists of an earlier run must not be mixed with new ones: they are refused, or replaced by `force`.
 */
export async function beginFolder(folder: string, inputs: readonly string[], force: boolean): Promise<ListFolder> {
  try {
    await makeFolder(folder);
    const older = (await readdir(folder)).filter(isList);
    if (older.length > 0 && !force)
      throw argumentError(
        '',
        (said) =>
          `${folder} contains ${older.length} file${older.length === 1 ? '' : 's'} of an earlier simulation; choose ` +
          `another folder, or pass ${setting(said, 'force', true)} to replace them`,
      );
    for (const name of older) await refuseInputs(join(folder, name), { inputs });
    const lock = await lockFile(folder, await followed(join(folder, 'truth.json')));
    if (older.length === 0)
      return { path: folder, lock, replaces: false, close: () => lock.release(), discard: () => lock.release() };
    const path = temporaryBeside(join(folder, 'spots'));
    const forget = onExit(path);
    await mkdir(path);
    const discard = async (): Promise<void> => {
      await rm(path, { recursive: true, force: true });
      forget();
      await lock.release();
    };
    const close = async (): Promise<void> => {
      await lock.confirm();
      for (const name of older) await rm(join(folder, name));
      for (const name of await readdir(path)) await rename(join(path, name), join(folder, name));
      await discard();
    };
    return { path, lock, replaces: true, close, discard };
  } catch (cause) {
    throw cause instanceof EwaldError ? cause : fileError(folder, 'made', cause);
  }
}
