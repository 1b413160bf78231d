/** Folders and patterns as the files of a series, for Node. */
import { existsSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EwaldError } from '../errors.js';
import { fileReason } from '../file-errors.js';
import { formats } from './formats/table.js';
import { inOrder } from './series.js';

/** The files that a name stands for. */
export interface SeriesNames {
  readonly files: readonly string[];
  /** How they were chosen, where that is a guess. */
  readonly guess?: string;
}

const endingOf = (name: string): string =>
  (name.includes('.') ? name.slice(name.lastIndexOf('.') + 1) : '').toLowerCase();

/**
 * The files of a folder or of a pattern with `*` and `?` in its last part; undefined where the name is that of a file.
 *
 * Throws `File` where nothing matches, or the folder holds nothing that is known here.
 */
export async function seriesNames(path: string): Promise<SeriesNames | undefined> {
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory()) return filesOfFolder(path);
  if (there || existsSync(path) || !/[*?]/.test(basename(path))) return undefined;
  const folder = dirname(path);
  const pattern = patternOf(path);
  const files = (await names(folder)).filter((name) => pattern.test(name));
  if (files.length === 0)
    throw new EwaldError(
      'File',
      `no file matches ${path}; * and ? stand for parts of a file's name, not of a folder's`,
      {
        detail: { path },
      },
    );
  return { files: inOrder(files, (name) => name).map((name) => join(folder, name)) };
}

/**
 * Whether a file that is written as `output` is, or would be, one of the files that `path` stands for: once it is there,
 * the same words mean other frames.
 */
export async function wouldHold(path: string, { files }: SeriesNames, output: string): Promise<boolean> {
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  const real = (folder: string): Promise<string> => realpath(folder).catch(() => folder);
  const [from, to] = await Promise.all([isFolder ? path : dirname(path), dirname(output)].map(real));
  if (from === to) {
    const name = basename(output);
    if (isFolder ? endingOf(name) === endingOf(files[0] ?? '') : patternOf(path).test(name)) return true;
  }
  // By another name: a link.
  const there = await stat(output).catch(() => undefined);
  if (!there?.isFile()) return false;
  const same = await Promise.all(files.map((file) => stat(file).catch(() => undefined)));
  return same.some((one) => one?.ino === there.ino && one.dev === there.dev);
}

/** What the last part of a pattern matches. */
const patternOf = (path: string): RegExp =>
  new RegExp(
    `^${basename(path)
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );

async function names(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
  } catch (cause) {
    throw new EwaldError('File', `the folder ${folder} cannot be read: ${fileReason(cause)}`, {
      cause,
      detail: { path: folder },
    });
  }
}

/** Those of the commonest ending that a format here has. */
async function filesOfFolder(folder: string): Promise<SeriesNames> {
  const known = new Set(formats.flatMap(({ endings }) => endings));
  const byEnding = new Map<string, string[]>();
  for (const name of await names(folder)) {
    const ending = endingOf(name);
    if (known.has(ending)) byEnding.set(ending, [...(byEnding.get(ending) ?? []), name]);
  }
  const [most] = [...byEnding].sort((a, b) => b[1].length - a[1].length || a[0].localeCompare(b[0]));
  if (!most)
    throw new EwaldError(
      'File',
      `${folder} is a folder without files of a format known here; give a file or a pattern`,
      {
        detail: { path: folder },
      },
    );
  const [ending, files] = most;
  return {
    files: inOrder(files, (name) => name).map((name) => join(folder, name)),
    guess: `the ${files.length} files that end in .${ending}, in the order of the numbers in their names`,
  };
}
