/**
 * The files of a folder as a list of runs and scans. Names and sizes are those of the file system; what a file is, its
 * state and a small picture are determined when a page asks for them, one file after another, and are kept in memory
 * alone. Nothing outside of the folder is opened: links that lead out of it are shown, not followed.
 */
import type { Dirent } from 'node:fs';
import { lstat, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { countRange } from '../frames/count-limits.js';
import { isCutFile } from '../frames/cut-files.js';
import type { Dataset } from '../frames/dataset.js';
import { formats } from '../frames/formats/table.js';
import { open } from '../frames/opening.node.js';
import { zarrMetadataOf } from '../frames/series-files.js';
import { wordsOnPage } from '../options/page-words.js';
import { countsOfBlocks } from '../report/blocks.js';
import { toRgba } from '../udf/live/colormap.js';
import { EwaldError, messageOf } from '../util/errors.js';
import { fileReason } from '../util/file-errors.js';
import { base64, deflate, encodePng } from '../util/png.js';
import { isStream } from './stream-frames.js';

/** An entry of a folder, as the page lists it. */
export interface GalleryEntry {
  readonly name: string;
  readonly type: 'file' | 'folder' | 'link' | 'other';
  /** Size of a file in bytes; of a series, of its files together. */
  readonly size?: number;
  /** Time of the last change, ms since 1970. */
  readonly modified?: number;
  /** Number of the files of a series, which `name` is the first one of. */
  readonly files?: number;
  /** Where a link leads that is not followed. */
  readonly to?: string;
}

/** What an entry is. */
export interface GalleryItem {
  readonly kind: string;
  readonly state: string;
  /** Shape and type, in words. */
  readonly shape?: string;
  /** Why it cannot be read. */
  readonly why?: string;
  /** A PNG in base64. */
  readonly picture?: string;
  /** Whether the viewer shows it. */
  readonly opens: boolean;
  /** Whether it is a stream, which names its frames. */
  readonly isStream?: true;
}

/** The longer side of a picture, pixels. */
const side = 128;
/** Items that are kept, oldest first to go. */
const maxKept = 4096;
/** A file that was written within this time may still grow, ms. */
const recentMs = 10_000;
/** As many numbered files of one kind are a series. */
const fewestOfSeries = 3;

const byName = new Intl.Collator('en', { numeric: true });

export class Gallery {
  readonly root: string;
  readonly #kept = new Map<string, GalleryItem>();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(root: string) {
    this.root = root;
  }

  /** Throws `File` for a folder that cannot be read. */
  static async open(folder: string): Promise<Gallery> {
    try {
      const root = await realpath(folder);
      await readdir(root);
      return new Gallery(root);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      throw new EwaldError('File', `${folder}: ${fileReason({ code } as NodeJS.ErrnoException)}`, { cause });
    }
  }

  /** What a folder within it lists; undefined for a path that is not that of such a folder. */
  async list(within: string): Promise<readonly GalleryEntry[] | undefined> {
    const folder = await this.#inside(within);
    if (folder === undefined || !(await stat(folder)).isDirectory()) return undefined;
    const entries = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !name.startsWith('.'));
    const found: GalleryEntry[] = [];
    for (const series of seriesIn(entries)) found.push(await this.#entry(folder, series));
    return found.sort(
      (a, b) => Number(b.type === 'folder') - Number(a.type === 'folder') || byName.compare(a.name, b.name),
    );
  }

  /** The paths of the files of an entry; undefined for one that is not there, or leads out. */
  async filesOf(within: string, name: string): Promise<readonly string[] | undefined> {
    const folder = await this.#inside(within);
    if (folder === undefined || name !== basename(name) || (await this.#inside(join(within, name))) === undefined)
      return undefined;
    const entries = await readdir(folder, { withFileTypes: true });
    const series = seriesIn(entries).find(([first]) => first?.name === name) ?? [];
    const paths = series.map((dirent) => join(folder, dirent.name));
    const [only] = paths;
    if (only === undefined) return undefined;
    const metadata = paths.length === 1 ? await zarrMetadataOf(only) : undefined;
    return metadata === undefined ? paths : [metadata];
  }

  /** What an entry is; undefined for one that is not there. One is determined at a time. */
  item(within: string, name: string): Promise<GalleryItem | undefined> {
    const next = this.#last.then(() => this.#item(within, name));
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #item(within: string, name: string): Promise<GalleryItem | undefined> {
    const files = await this.filesOf(within, name);
    if (!files) return undefined;
    const stamps = await Promise.all(files.map((file) => stat(file).catch(() => undefined)));
    const key = [...files, ...stamps.map((stamp) => `${stamp?.size} ${stamp?.mtimeMs}`)].join('\n');
    const known = this.#kept.get(key);
    if (known) return known;
    const newest = Math.max(...stamps.map((stats) => stats?.mtimeMs ?? 0));
    const isRecent = Date.now() - newest < recentMs;
    const item = await itemOf(files, isRecent);
    // Its state changes with time, though its files do not.
    if (isRecent) return item;
    if (this.#kept.size >= maxKept) this.#kept.delete(this.#kept.keys().next().value as string);
    this.#kept.set(key, item);
    return item;
  }

  /** The path below the folder, if it is there and leads nowhere else. */
  async #inside(within: string): Promise<string | undefined> {
    if (/[\\\0]/.test(within) && sep === '/') return undefined;
    const path = resolve(this.root, within);
    const target = await realpath(path).catch(() => undefined);
    const isInside = target !== undefined && (target === this.root || target.startsWith(this.root + sep));
    return isInside && (path === this.root || path.startsWith(this.root + sep)) ? path : undefined;
  }

  async #entry(folder: string, [first, ...others]: readonly Dirent[]): Promise<GalleryEntry> {
    const name = first?.name ?? '';
    const path = join(folder, name);
    const isLink = first?.isSymbolicLink() ?? false;
    if (isLink && (await this.#inside(relative(this.root, path))) === undefined)
      return { name, type: 'link', to: await readlink(path).catch(() => '') };
    const there = await (isLink ? stat(path) : lstat(path)).catch(() => undefined);
    if (!there) return { name, type: 'other' };
    const { mtimeMs: modified } = there;
    if (there.isDirectory()) {
      const isZarr = (await zarrMetadataOf(path)) !== undefined;
      return { name, type: isZarr ? 'file' : 'folder', modified };
    }
    if (!there.isFile()) return { name, type: 'other' };
    let { size } = there;
    for (const dirent of others) size += (await stat(join(folder, dirent.name)).catch(() => undefined))?.size ?? 0;
    return { name, type: 'file', size, modified, ...(others.length > 0 && { files: others.length + 1 }) };
  }
}

/** Entries, of which numbered files of one kind are together, and those that another one opens are left out. */
function seriesIn(entries: readonly Dirent[]): readonly (readonly Dirent[])[] {
  const names = entries.map(({ name }) => name);
  const whole = entries.filter(({ name }) => !formats.some(({ isPart }) => isPart?.(name, names)));
  const groups = new Map<string, Dirent[]>();
  for (const entry of whole.toSorted((a, b) => byName.compare(a.name, b.name))) {
    // An array of several dimensions, or a stream, is a run by itself, whatever its number.
    const isOne = /\.(?:h5|hdf5|nxs|cxi|mib|raw|npy|stream|zarr|emd|dm4|blo)$/i.test(entry.name);
    const isNumbered = entry.isFile() && !isOne && /\d+\.\w+$/.test(entry.name);
    const key = isNumbered ? entry.name.replace(/\d+(\.\w+)$/, '*$1') : `/${entry.name}`;
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()].flatMap((group) =>
    group.length < fewestOfSeries ? group.map((dirent) => [dirent]) : [group],
  );
}

/** What some files are, with the picture of one frame. */
async function itemOf(files: readonly string[], isRecent: boolean): Promise<GalleryItem> {
  const [file = ''] = files;
  const state = isRecent ? 'being written, or just finished' : 'complete';
  const [, text] = Object.entries(texts).find(([ending]) => file.toLowerCase().endsWith(ending)) ?? [];
  if (text !== undefined) return { kind: text, state, opens: false };
  try {
    if (!(await stat(file)).isFile())
      return { kind: 'unknown', state: 'unreadable', why: 'it is no file', opens: false };
    if (await isStream(file)) {
      const isPart = file.endsWith('.part');
      return { kind: 'run (stream)', state: isPart ? 'unfinished' : state, opens: true, isStream: true };
    }
    await using dataset = await open(files.length > 1 ? files : file);
    const { shape, dtype, frames, notes } = dataset;
    const isScan = shape.nav.length > 1;
    const kind = isScan
      ? 'scan'
      : frames === 1
        ? 'frame'
        : files.length > 1
          ? `series of ${files.length} files`
          : 'frames';
    const cut = isCutFile(dataset)
      ? (notes.find(({ isCut }) => isCut)?.text ?? 'cut: frames or parts of them are missing')
      : undefined;
    const words = `${[...shape.nav, ...shape.sig].join(' × ')} ${dtype}`;
    const isPicture = shape.sig.length >= 2 && !/^c/.test(dtype);
    const picture = isPicture ? await pictureOf(dataset).catch((error: unknown) => ({ why: messageOf(error) })) : {};
    return {
      kind,
      state: cut === undefined ? state : 'cut',
      shape: words,
      opens: true,
      ...(cut && { why: cut }),
      ...picture,
    };
  } catch (error) {
    // The path is that of the page.
    const why = wordsOnPage(messageOf(error).replaceAll(file, basename(file)));
    return { kind: 'unknown', state: 'unreadable', why, opens: false };
  }
}

/** What lies beside runs. */
const texts: Readonly<Record<string, string>> = {
  '.geom': 'geometry',
  '.cell': 'cell',
  '.pdb': 'cell',
  '.html': 'page',
  '.log': 'log',
  '.cal.json': 'calibration',
};

/** A frame in small: of a scan the one in its middle; each pixel is the largest count of a block, in logarithms. */
async function pictureOf(dataset: Dataset): Promise<{ readonly picture: string }> {
  const { shape, frames, meta } = dataset;
  const width = shape.sig.at(-1) ?? 1;
  const height = shape.sig.slice(0, -1).reduce((product, length) => product * length, 1);
  const [first = 1, last = 1] = shape.nav.slice(-2);
  const middle = shape.nav.length > 1 ? (first >> 1) * last + (last >> 1) : 0;
  const numbers = await dataset.read(Math.min(middle, frames - 1), 1);
  const bad = dataset.maskVaries ? undefined : await dataset.mask?.().catch(() => undefined);
  const [least, greatest] = countRange(meta);
  const by = Math.max(1, Math.ceil(Math.max(width, height) / side));
  const [columns, rows] = [Math.ceil(width / by), Math.ceil(height / by)];
  // An infinite value would be the only one that shows.
  const range = [Math.max(least, -Number.MAX_VALUE), Math.min(greatest, Number.MAX_VALUE)] as const;
  const values = countsOfBlocks(numbers as ArrayLike<number | bigint>, [height, width], by, { bad, range });
  return { picture: base64(await encodePng(toRgba(values, { log: true }), columns, rows, deflate)) };
}
