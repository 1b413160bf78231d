/** Whether names mean one file, whatever links lead to it. Node alone. */
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';

/** What a file or folder is, under all of its names (hard and symbolic links, mounts, spellings). */
export const identityOf = ({ dev, ino }: BigIntStats): string => `${dev} ${ino}`;

/** The identity behind a path; undefined where nothing can be seen, or what is there does not satisfy `accept`. */
export async function fileIdentity(
  path: string,
  accept: (there: BigIntStats) => boolean = () => true,
): Promise<string | undefined> {
  const there = await stat(path, { bigint: true }).catch(() => undefined);
  return there && accept(there) ? identityOf(there) : undefined;
}
