/** Inputs of commands: files, standard input as `-`, patterns that the shell did not expand, known cells. */

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type KnownCell, parseCellText, readCell } from '../../crystal/cell-file.js';
import { counted } from '../../util/amounts.js';
import { EwaldError, isEwaldError } from '../../util/errors.js';
import { fileError, fileReason } from '../../util/file-errors.js';
import { givenOnce } from '../../util/without-repeats.js';
import { identity } from './inputs.js';
import { filePieces, isPipe, isStandardInput } from './pieces.js';

/** The name of a file in messages: its path, or "standard input". */
export const inputName = (file: string): string => (isStandardInput(file) ? 'standard input' : file);

/** The bytes of a file, or of standard input for `-`. Throws `File`. */
export async function readBytes(file: string): Promise<Uint8Array> {
  try {
    const isInput = isStandardInput(file);
    if (!isInput && !(await isPipe(file))) return await readFile(file);
    if (isInput && inputRead)
      throw new EwaldError('Argument', 'standard input can be read only once, but - was given twice');
    inputRead ||= isInput;
    const chunks: Uint8Array[] = [];
    for await (const chunk of filePieces(file)) chunks.push(chunk);
    return Buffer.concat(chunks);
  } catch (cause) {
    throw cause instanceof EwaldError ? cause : fileError(inputName(file), 'read', cause);
  }
}
let inputRead = false;

/** The text of a file, or of standard input for `-`. Throws `File`. */
export async function readText(file: string): Promise<string> {
  return new TextDecoder().decode(await readBytes(file));
}

/**
 * The known cell of an option: `a,b,c,al,be,ga`, nine numbers, a .cell or a PDB file. Throws `Argument`, `File`,
 * `Format`.
 */
export async function readCellOption(given: string): Promise<KnownCell> {
  const typed = parseCellText(given);
  if (typed) return typed;
  // The wrong count of numbers cannot be a file name.
  if (/^[\d\s,.+-]*\d[\d\s,.+-]*$/.test(given) && !existsSync(given)) {
    const count = given.trim().split(/[\s,]+/).length;
    throw new EwaldError(
      'Argument',
      `the cell "${given}" holds ${counted(count, 'number')}; expected six (a,b,c,al,be,ga) or nine` +
        (count === 12 && !/\./.test(given) ? ', with points for decimals' : ''),
    );
  }
  let text: string;
  try {
    text = await readText(given);
  } catch (error) {
    if (!isEwaldError(error, 'File')) throw error;
    const { cause = error } = error;
    // A code of the Protein Data Bank; nothing is fetched.
    const entry = /^[1-9][a-z0-9]{3}$/i.test(given)
      ? `; for the PDB entry ${given.toUpperCase()}, download ${given.toLowerCase()}.pdb and give that file`
      : '';
    throw new EwaldError(
      'File',
      `the cell "${given}" is neither six or nine numbers nor a file with a cell: ${fileReason(cause)}${entry}`,
      { cause },
    );
  }
  return readCell(text, inputName(given));
}

const isPattern = (word: string): boolean => /[*?[]/.test(word);

/**
 * The files that arguments refer to: patterns (`*`, `?`, `[abc]`, `**` for folders of any depth) that are not
 * themselves files are expanded in order of their names. Each file is listed once, under whatever names it is given;
 * `remark` receives a text for each that was given again. Throws `Argument` for a pattern without a match.
 */
export async function expand(words: readonly string[], remark: (text: string) => void): Promise<readonly string[]> {
  const files: string[] = [];
  for (const word of words) {
    if (!isPattern(word) || existsSync(word)) files.push(word);
    else {
      const found = await matching(word);
      if (found.length === 0)
        throw new EwaldError(
          'Argument',
          `no file matches "${word}"; patterns may contain *, ?, [abc] and ** for folders`,
        );
      files.push(...found);
    }
  }
  const { once, remarks } = await givenOnce(files, inputName, (file) => (file === '-' ? file : identity(file)));
  for (const text of remarks) remark(text);
  return once;
}

async function matching(pattern: string): Promise<string[]> {
  const absolute = pattern.startsWith('/');
  const parts = pattern.split('/').filter(Boolean);
  let paths = [absolute ? '/' : ''];
  for (const [i, part] of parts.entries()) {
    const last = i + 1 === parts.length;
    const next: string[] = [];
    for (const path of paths) {
      if (part === '**') next.push(...(await foldersBelow(path)));
      else if (isPattern(part)) next.push(...(await entries(path, part, last)));
      else if (existsSync(join(path, part))) next.push(join(path, part));
    }
    paths = next;
  }
  const order = new Intl.Collator('en', { numeric: true });
  return [...new Set(paths)].sort((a, b) => order.compare(a, b) || (a < b ? -1 : 1));
}

async function entries(folder: string, part: string, filesOnly: boolean): Promise<string[]> {
  const source = part
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replace(/\*+/g, '[^/]*')
    .replace(/\?/g, '[^/]')
    .replace(/\[!/g, '[^');
  let pattern: RegExp;
  try {
    pattern = new RegExp(`^${source}$`, 'u');
  } catch {
    throw new EwaldError('Argument', `"${part}" is not a valid pattern: a bracket is not closed`);
  }
  const found = await readdir(folder || '.', { withFileTypes: true }).catch(() => []);
  return found
    .filter((entry) => pattern.test(entry.name) && (part.startsWith('.') || !entry.name.startsWith('.')))
    .filter((entry) => (filesOnly ? !entry.isDirectory() : !entry.isFile()))
    .map((entry) => join(folder, entry.name));
}

async function foldersBelow(folder: string): Promise<string[]> {
  const below = await entries(folder, '*', false);
  return [folder, ...(await Promise.all(below.map(foldersBelow))).flat()];
}
