/** Whether names mean one file, whatever links lead to it, and whether it is what it was. Node alone. */
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';

/** What a file or folder is, under all of its names (hard and symbolic links, mounts, spellings). */
export const identityOf = ({ dev, ino }: BigIntStats): string => `${dev} ${ino}`;

/** What changes when a file is written or replaced: its inode, size and time; undefined if there is none. */
export const fileStamp = (path: string): Promise<string | undefined> =>
  stat(path, { bigint: true }).then(
    ({ ino, size, mtimeNs }) => `${ino} ${size} ${mtimeNs}`,
    () => undefined,
  );

/** The identity behind a path; undefined where nothing can be seen, or what is there does not satisfy `accept`. */
export async function fileIdentity(
  path: string,
  accept: (there: BigIntStats) => boolean = () => true,
): Promise<string | undefined> {
  const there = await stat(path, { bigint: true }).catch(() => undefined);
  return there && accept(there) ? identityOf(there) : undefined;
}
