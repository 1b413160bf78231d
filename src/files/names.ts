/** Names of files: link resolution, and temporary names in the same folder. */
import { createHash, randomBytes } from 'node:crypto';
import { readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** `undefined` for a file that does not exist; every other failure is thrown. */
export function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** Target of a name: links are followed, also to a file that does not exist yet. */
export async function followed(file: string): Promise<string> {
  let path = resolve(file);
  for (let hops = 0; hops < 40; hops++) {
    try {
      return await realpath(path);
    } catch (error) {
      absent(error as NodeJS.ErrnoException);
    }
    const link = await readlink(path).catch(() => undefined);
    if (link === undefined) {
      // The folder may be reached through a link: a file must have one canonical name, and therefore one lock.
      const folder = await realpath(dirname(path)).catch(() => dirname(path));
      return join(folder, basename(path));
    }
    path = resolve(dirname(path), link);
  }
  throw Object.assign(new Error(), { code: 'ELOOP' });
}

/** Names have at most 255 bytes; a longer one is shortened by a digest, which is unique per file. */
function short(name: string): string {
  return Buffer.byteLength(name) <= 180 ? name : createHash('sha256').update(name).digest('hex').slice(0, 32);
}

/** A hidden name in the folder of a file, ignored by patterns and folders of frames: `.run.stream.lock`. */
export const hiddenBeside = (file: string, ending: string): string =>
  join(dirname(file), `.${short(basename(file))}.${ending}`);

/** A hidden name that is not in use. */
export const temporaryBeside = (file: string, ending = 'tmp'): string =>
  hiddenBeside(file, `${randomBytes(6).toString('hex')}.${ending}`);
