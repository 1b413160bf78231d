/** Resolves folders and patterns to the files of a series, on Node. */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EwaldError } from '../util/errors.js';
import { fileReason } from '../util/file-errors.js';
import { fileIdentity } from '../util/file-identity.js';
import { formats } from './formats/table.js';
import { zarrFiles } from './formats/zarr.js';
import { inOrder } from './series.js';

/** The files that a name refers to. */
interface SeriesNames {
  readonly files: readonly string[];
  /** How they were chosen, if that is a guess. */
  readonly guess?: string;
}

const endingOf = (name: string): string =>
  (name.includes('.') ? name.slice(name.lastIndexOf('.') + 1) : '').toLowerCase();

/** The file that describes the Zarr array or group in a folder; undefined for other folders. */
export async function zarrMetadataOf(folder: string): Promise<string | undefined> {
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) return undefined;
  return zarrFiles.map((name) => join(folder, name)).find((file) => existsSync(file));
}

/**
 * The files of a folder or of a pattern with `*` and `?` in its last part; undefined for the name of a file.
 *
 * Throws `File` if nothing matches, or if the folder holds no files of a known format.
 */
export async function seriesNames(path: string): Promise<SeriesNames | undefined> {
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory()) {
    // A Zarr array is one stack, whatever the number of its files.
    const metadata = await zarrMetadataOf(path);
    return metadata === undefined ? filesOfFolder(path) : { files: [metadata] };
  }
  if (there || existsSync(path) || !/[*?]/.test(basename(path))) return undefined;
  const folder = dirname(path);
  const pattern = patternOf(path);
  const files = (await names(folder)).filter((name) => pattern.test(name));
  if (files.length === 0)
    throw new EwaldError('File', `no file matches ${path}; * and ? match parts of file names, not of folder names`, {
      detail: { path },
    });
  return { files: inOrder(wholes(files), (name) => name).map((name) => join(folder, name)) };
}

/** The files without those that another one of them opens. */
function wholes(files: readonly string[]): readonly string[] {
  const whole = files.filter((name) => !formats.some(({ isPart }) => isPart?.(name, files)));
  return whole.length > 0 ? whole : files;
}

/**
 * Whether a file written to `output` would become one of the files that `path` refers to, so that the same arguments
 * would later mean other frames. A file that already belongs to them counts as well; with `everyFormat`, so do all
 * files of frames in a folder.
 */
export async function wouldHold(
  path: string,
  { files }: SeriesNames,
  output: string,
  everyFormat = false,
): Promise<boolean> {
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  const [from, to] = await Promise.all(
    [isFolder ? path : dirname(path), dirname(output)].map((name) => fileIdentity(name)),
  );
  if (from !== undefined && from === to) {
    const name = basename(output);
    if (!isFolder) return patternOf(path).test(name);
    if (everyFormat && commonest([name])) return true;
    const known = await names(path);
    if (commonest(known.includes(name) ? known : [...known, name])?.files.includes(name)) return true;
  }
  // It may be the same file under another name: a link.
  const there = await fileIdentity(output);
  if (there === undefined) return false;
  for (const file of files) if ((await fileIdentity(file)) === there) return true;
  return false;
}

/** The regular expression for the last part of a pattern. */
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

/** The files with the most common ending of a known format, and how many have other endings of other formats. */
interface Commonest {
  readonly ending: string;
  readonly files: readonly string[];
  readonly others: readonly { readonly ending: string; readonly count: number }[];
}

function commonest(all: readonly string[]): Commonest | undefined {
  const known = new Set(formats.flatMap(({ endings }) => endings));
  const byEnding = new Map<string, string[]>();
  for (const name of all) {
    const ending = endingOf(name);
    if (known.has(ending)) byEnding.set(ending, [...(byEnding.get(ending) ?? []), name]);
  }
  const [most, ...rest] = [...byEnding].sort((a, b) => b[1].length - a[1].length || a[0].localeCompare(b[0]));
  if (!most) return undefined;
  const [ending, files] = most;
  // Headers beside the files of a format are not other data.
  const own = new Set(formats.filter(({ endings }) => endings.includes(ending)).flatMap(({ endings }) => endings));
  const others = rest
    .filter(([other]) => !own.has(other))
    .map(([other, { length: count }]) => ({ ending: other, count }));
  return { ending, files, others };
}

async function filesOfFolder(folder: string): Promise<SeriesNames> {
  const most = commonest(await names(folder));
  if (!most)
    throw new EwaldError('File', `${folder} is a folder without files of a known format; pass a file or a pattern`, {
      detail: { path: folder },
    });
  const { ending, others } = most;
  const files = wholes(most.files);
  const chosen =
    files.length === 1
      ? `${files[0]}, the only file that ends in .${ending}`
      : `the ${files.length} files that end in .${ending}, in the order of the numbers in their names`;
  const left = others.map((other) => `${other.count} in .${other.ending}`).join(', ');
  return {
    files: inOrder(files, (name) => name).map((name) => join(folder, name)),
    guess: chosen + (left === '' ? '' : `; the folder also has files of other formats (${left}), which are not opened`),
  };
}
