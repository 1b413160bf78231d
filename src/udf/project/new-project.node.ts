/** Writes a new project for a user-defined function, as `ewald udf new` does. */
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { EwaldError } from '../../base/errors.js';
import { fileError } from '../../base/file-errors.js';
import { type UdfLanguage, udfProject } from './project.js';

/** Options of `newUdf`. */
export interface NewUdfOptions {
  /** Language of the function: `js` (the default), or one that compiles to a WebAssembly module. */
  readonly language?: UdfLanguage | undefined;
  /** The folder to create. Default: one with the name of the function, in the current folder. */
  readonly folder?: string | undefined;
}

/**
 * Creates a folder with a user-defined function `name`, its test and package.json; returns the folder and the names of
 * its files. The folder appears with all files or not at all.
 *
 * Throws `Argument` for names that are not identifiers and unknown languages, `File` for a folder that exists or cannot
 * be written.
 */
export async function newUdf(
  name: string,
  options: NewUdfOptions = {},
): Promise<{ readonly folder: string; readonly files: readonly string[] }> {
  const { language, folder = name } = options;
  const files = udfProject(name, { ...(language && { language }) });
  const target = resolve(folder);
  if (existsSync(target)) throw new EwaldError('File', `${folder} exists already; choose another folder, or remove it`);
  let temporary: string | undefined;
  try {
    temporary = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
    for (const [file, text] of Object.entries(files)) await writeFile(join(temporary, file), text);
    await rename(temporary, target);
  } catch (cause) {
    if (temporary) await rm(temporary, { recursive: true, force: true });
    throw fileError(folder, 'made', cause);
  }
  return { folder: target, files: Object.keys(files) };
}
