/** Writes a new project for a user-defined function, as `ewald udf new` does. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeWhole } from '../../frames/files/folders.js';
import { checkedOptions } from '../../options/call-options.js';
import { EwaldError } from '../../util/errors.js';
import { fileError } from '../../util/file-errors.js';
import type { NewUdfParameters } from '../parameter-types.js';
import { newUdfRows } from '../parameters.js';
import { udfProject } from './project.js';

/** Options of `newUdf`. */
export type NewUdfOptions = NewUdfParameters;

/**
 * Creates a folder with a user-defined function `name`, its test and package.json; returns the folder and the names of
 * its files. The folder appears with all files or not at all.
 *
 * Throws `Argument` for names that are not identifiers, unknown languages and a folder that exists, `File` for one that
 * cannot be written.
 */
export async function newUdf(
  name: string,
  options: NewUdfOptions = {},
): Promise<{ readonly folder: string; readonly files: readonly string[] }> {
  const { language, folder = name } = checkedOptions('newUdf', options, newUdfRows);
  const files = udfProject(name, { language });
  const target = resolve(folder);
  if (existsSync(target))
    throw new EwaldError('Argument', `${folder} exists already; choose another folder, or remove it`);
  try {
    await makeWhole(target, async (temporary) => {
      for (const [file, text] of Object.entries(files)) await writeFile(join(temporary, file), text);
    });
  } catch (cause) {
    throw fileError(folder, 'made', cause);
  }
  return { folder: target, files: Object.keys(files) };
}
