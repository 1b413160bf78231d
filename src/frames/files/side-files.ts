/**
 * Files beside an output whose names nobody typed: `NAME.part`, `NAME.frames`, `NAME.log.1`. One of that name may be the
 * user's, or a symbolic link to something else: it is written and removed only if its beginning says that ewald wrote it.
 */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rm } from 'node:fs/promises';
import { EwaldError } from '../../util/errors.js';
import { fileError, kindText } from '../../util/file-errors.js';
import { absent } from './names.js';

/** What has the name: nothing, a file that ewald wrote (or an empty one), or something else in words. */
type NameOwner = 'none' | 'own' | { readonly other: string };

/** Longest beginning by which a file is known. */
const beginBytes = 4096;

// A link that takes the place of the file in the meantime is not followed; Windows has no such flag, and few links.
const { O_NOFOLLOW = 0, O_RDWR, O_RDONLY } = constants;

/** What has the name of a side file, links not followed; `isOwn` knows the beginning of one that ewald wrote. */
export async function sideFile(path: string, isOwn: (head: Uint8Array) => boolean): Promise<NameOwner> {
  const there = await lstat(path).catch(absent);
  if (!there) return 'none';
  if (there.isSymbolicLink()) return { other: 'is a symbolic link' };
  if (!there.isFile()) return { other: `is ${kindText(there)}` };
  if (there.size === 0) return 'own';
  const handle = await open(path, O_RDONLY | O_NOFOLLOW);
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(beginBytes), 0, beginBytes, 0);
    return isOwn(buffer.subarray(0, bytesRead)) ? 'own' : { other: 'was not written by ewald' };
  } finally {
    await handle.close();
  }
}

/** Removes a side file that ewald wrote, and nothing else. */
export async function removeOwn(path: string, isOwn: (head: Uint8Array) => boolean): Promise<void> {
  if ((await sideFile(path, isOwn)) === 'own') await rm(path, { force: true });
}

/** How a side file is opened. */
interface SideOptions {
  readonly isOwn: (head: Uint8Array) => boolean;
  /** Whether one that ewald wrote is gone on with; otherwise it is replaced. */
  readonly goesOn: boolean;
  /** What ewald keeps there, such as "the results of frames". */
  readonly holds: string;
}

/**
 * Opens a side file to read and write it. Throws `Argument` for what ewald did not write: `force` is about the file that
 * was named, not about this one.
 */
export async function openSide(path: string, { isOwn, goesOn, holds }: SideOptions): Promise<FileHandle> {
  try {
    const side = await sideFile(path, isOwn);
    if (typeof side === 'object')
      throw new EwaldError(
        'Argument',
        `${path} ${side.other}, and ${holds} are kept there; move it away, or give the output another name`,
        { detail: { path } },
      );
    if (side === 'own' && goesOn) return await open(path, O_RDWR | O_NOFOLLOW);
    if (side === 'own') await rm(path, { force: true });
    return await open(path, 'wx+');
  } catch (cause) {
    throw cause instanceof EwaldError ? cause : fileError(path, 'written', cause);
  }
}
