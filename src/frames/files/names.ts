/** Names of files: link resolution, temporary names in the same folder, and outputs that have one name. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { EwaldError } from '../../util/errors.js';

/** `undefined` for a file that does not exist; every other failure is thrown. */
export function absent(error: { readonly code?: string }): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** Target of a name: links are followed, also to a file that does not exist yet. */
export async function followed(file: string): Promise<string> {
  let path = resolve(file);
  for (let hops = 0; hops < 40; hops++) {
    try {
      return await realpath(path);
    } catch (error) {
      absent(error as { readonly code?: string });
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

/** The file that a list names: beside the list, or in the current folder if it is only there, as for CrystFEL. */
export function besideOrHere(list: string, file: string): string {
  const [beside, here] = [resolve(dirname(list), file), resolve(file)];
  return beside === here || existsSync(beside) || !existsSync(here) ? beside : here;
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

/**
 * Throws `Argument` if two outputs of one command are the same file, under any name, or if one is the `NAME.part` of
 * another. Devices and pipes may be given twice, `-` may not.
 */
export async function refuseSame(outputs: readonly string[]): Promise<void> {
  const known = new Map<string, string>();
  for (const file of outputs) {
    const target = file === '-' ? file : await followed(file).catch(() => resolve(file));
    const there = file === '-' ? undefined : await stat(target).catch(() => undefined);
    if (there && !there.isFile()) continue;
    const whole = target.replace(/\.part$/, '');
    const other = known.get(target) ?? known.get(`${target}.part`) ?? (whole === target ? undefined : known.get(whole));
    if (other !== undefined) {
      const how =
        other === file ? `two outputs have the same name, ${file}` : `the outputs ${other} and ${file} are one file`;
      throw new EwaldError('Argument', `${how}; give each its own`, { detail: { path: file } });
    }
    known.set(target, file);
  }
}
