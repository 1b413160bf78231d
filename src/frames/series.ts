/**
 * Several files as one stack: one frame per file, as many detectors write them, or several frames in each. All files
 * must be like the first; the others are opened when their frames are read.
 */

import { type ByteSource, baseName } from '../bytes/byte-source.js';
import { elementBytes, viewAs } from '../bytes/dtype.js';
import { counted } from '../util/amounts.js';
import { EwaldError } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import { changedFiles, type Dataset, imageNumbers, type Note } from './dataset.js';
import type { FormatOptions } from './format.js';
import { openFrames } from './frames.js';
import { gapsOf } from './gaps.js';
import { navigationShape } from './shapes.js';

/** Number of files kept open and read concurrently. */
const maxOpen = 8;
const atOnce = 4;

/** A file of a series. */
interface SeriesFile {
  readonly name: string;
  open(): Promise<Dataset>;
}

/** Sorts names as people expect: run_2 before run_10. */
export const inOrder = <T>(files: readonly T[], name: (file: T) => string): T[] => {
  const { compare } = new Intl.Collator('en', { numeric: true });
  return [...files].sort((a, b) => compare(name(a), name(b)));
};

/**
 * A note on the numbers that the names of a series leave out: frames behind them are earlier in the stack than their
 * numbers say. Undefined without any, and for names that have no running number.
 */
function absentNote(names: readonly string[]): Note | undefined {
  const gaps = gapsOf(names);
  const absent = gaps.reduce((sum, { count }) => sum + count, 0);
  if (absent === 0 || absent > names.length) return undefined;
  const shown = gaps.slice(0, 5).map(({ text }) => text);
  const text =
    `no file has the number${absent === 1 ? '' : 's'} ${shown.join(', ')}${gaps.length > 5 ? ', …' : ''}: frames behind ` +
    `${absent === 1 ? 'it' : 'them'} are earlier in the stack than their numbers say`;
  return { kind: 'warning', text, isCut: true };
}

/** A note on the order of the files, or on frames between them, by the numbers that the detector has given the frames. */
function numbersNote({ like, end, last }: Examined, files: number): Note | undefined {
  const [begin, until] = [like[imageNumbers], end[imageNumbers]];
  // Acquisitions that are each counted from the same number may be stacked.
  if (files < 2 || !begin || !until || begin.first === until.first) return undefined;
  const words =
    `by the numbers in their headers, ${baseName(like.name)} has the frames ${begin.first} to ${begin.last} and ` +
    `${baseName(end.name)}, the last file, ${until.first} to ${until.last}`;
  if (until.first < begin.first)
    return { kind: 'warning', text: `${words}: the files are not in the order of their frames`, isCut: true };
  const missing = until.last - begin.first + 1 - (like.frames * (files - 1) + last);
  if (missing <= 0) return undefined;
  return { kind: 'warning', text: `${words}: ${counted(missing, 'frame')} between them are missing`, isCut: true };
}

/** What the last file alone reports: that it was cut, above all, as a measurement that broke off leaves it. */
function notesOfLast({ like, end }: Examined): Note[] {
  const known = new Set(like.notes.map(({ text }) => text));
  return end === like
    ? []
    : end.notes
        .filter(({ kind, text }) => kind === 'warning' && !known.has(text))
        .map((note) => ({ ...note, text: `${baseName(end.name)}: ${note.text}` }));
}

/** Sizes that are not as stated in the first file, or else in the last one; those of the first if all are. */
const sizesOf = ({ like, end }: Examined): Dataset['sizes'] =>
  [like, end].find(({ sizes }) => sizes.some(({ expected, found }) => expected !== found))?.sizes ?? like.sizes;

/** A source that represents all files together: it has a name, but nothing can be read from it. */
const named = (name: string): ByteSource => ({
  name,
  size: 0,
  read: () => Promise.reject(new EwaldError('Internal', `${name} is several files`)),
  sibling: () => Promise.reject(new EwaldError('Internal', `${name} is several files`)),
  close: async () => undefined,
});

/** The first and the last file of a series, and the number of frames of the last one. */
interface Examined {
  readonly like: Dataset;
  readonly end: Dataset;
  readonly last: number;
}

/** The files of a series, of which a few are open at a time. */
class OpenFiles {
  readonly name: string;
  readonly #files: readonly SeriesFile[];
  readonly #held = new Map<number, { readonly opening: Promise<Dataset>; users: number }>();
  /** What tells how files have changed that were opened, by their numbers: as they were when they were opened first. */
  readonly #changes = new Map<number, NonNullable<Dataset[typeof changedFiles]>>();
  /** How files had changed when they were closed: they may be gone at the end. */
  readonly #changed = new Map<number, readonly string[]>();
  #known: Examined | undefined;

  constructor(name: string, files: readonly SeriesFile[]) {
    this.name = name;
    this.#files = files;
  }

  /** Opens the first and the last file: all others must be like the first, and the last may have fewer frames. */
  async examine(): Promise<Examined> {
    const like = await this.with(0, async (dataset) => dataset);
    const end = await this.with(this.#files.length - 1, async (dataset) => dataset);
    const wrong = unlike(end, like, end.frames);
    if (wrong) throw new EwaldError('Format', `${this.#files.at(-1)?.name} does not belong to ${this.name}: ${wrong}`);
    this.#known = { like, end, last: end.frames };
    return this.#known;
  }

  /**
   * Runs work on a file that stays open until the work is done; idle files are closed, the least recently used first.
   */
  async with<T>(i: number, work: (dataset: Dataset) => Promise<T>): Promise<T> {
    const held = this.#held;
    const one = held.get(i) ?? { opening: this.#open(i), users: 0 };
    held.delete(i);
    held.set(i, one);
    one.users++;
    try {
      return await work(await one.opening);
    } catch (error) {
      if (await one.opening.then(() => false).catch(() => true)) held.delete(i);
      throw error;
    } finally {
      one.users--;
      const idle = [...held].filter(([, { users }]) => users === 0);
      for (const [at] of idle.slice(0, Math.max(0, held.size - maxOpen))) {
        // Reads that end together see the same idle files: one has closed it since, or reads it again.
        if (held.get(at)?.users === 0) await this.#close(at);
      }
    }
  }

  /** A sentence for each file that has changed since it was opened first. */
  async changes(): Promise<readonly string[]> {
    for (const i of this.#changes.keys()) await this.#look(i);
    return [...this.#changed.values()].flat();
  }

  async #look(i: number): Promise<void> {
    const texts = (await this.#changes.get(i)?.()) ?? [];
    if (texts.length > 0) this.#changed.set(i, texts);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#held.keys()].map((i) => this.#close(i)));
  }

  async #open(i: number): Promise<Dataset> {
    const known = this.#known;
    const dataset = await (this.#files[i] as SeriesFile).open();
    const changes = dataset[changedFiles];
    if (changes && !this.#changes.has(i)) this.#changes.set(i, changes);
    const isLast = i === this.#files.length - 1;
    const wrong = known && unlike(dataset, known.like, isLast ? known.last : known.like.frames);
    if (!wrong) return dataset;
    await dataset.dispose();
    throw new EwaldError('Format', `${dataset.name} does not belong to ${this.name}: ${wrong}`, {
      detail: { path: dataset.name },
    });
  }

  async #close(i: number): Promise<void> {
    const one = this.#held.get(i);
    this.#held.delete(i);
    await this.#look(i);
    await one?.opening.then((dataset) => dataset.dispose()).catch(() => undefined);
  }
}

/**
 * Opens files as one stack, in the order given.
 *
 * Throws the errors of opening the first or the last file; reading a file with frames of another kind throws `Format`.
 */
export async function openSeries(
  name: string,
  files: readonly SeriesFile[],
  options: Pick<FormatOptions, 'navShape'>,
  notes: readonly Note[] = [],
): Promise<Dataset> {
  const parts = new OpenFiles(name, files);
  try {
    const examined = await parts.examine();
    const { like, last } = examined;
    const each = like.frames;
    const frames = each * (files.length - 1) + last;
    const source = named(name);
    const { format, dtype, meta, filters, arrays, shape } = like;
    const dataset = openFrames(source, {
      format,
      shape: { nav: navigationShape(source, frames, [frames], options), sig: shape.sig },
      dtype,
      meta: { ...meta, ...(meta.axes ? { axes: meta.axes.slice(-shape.sig.length) } : {}) },
      notes: [
        ...notes,
        ...[absentNote(files.map(({ name }) => name)) ?? numbersNote(examined, files.length) ?? []].flat(),
        ...(each > 1 && files.length > 2 ? [assumedNumber(each, last, files.length)] : []),
        ...like.notes,
        ...notesOfLast(examined),
      ],
      filters,
      arrays,
      sizes: sizesOf(examined),
      chunkFrames: each,
      onDispose: () => parts.close(),
      readMany: (first, count, into, signal) => readAcross(parts, like, [first, count], into, signal),
      ...(like.mask
        ? {
            mask: async (readOptions) => {
              const frame = readOptions?.frame ?? 0;
              const of = { ...readOptions, frame: frame % each };
              const read = async (dataset: Dataset) => dataset.mask?.(of);
              return (await parts.with(Math.floor(frame / each), read)) ?? new Uint8Array();
            },
            ...(like.maskVaries ? { maskVaries: true } : {}),
          }
        : {}),
    });
    return Object.assign(dataset, { [changedFiles]: () => parts.changes() });
  } catch (error) {
    await parts.close();
    throw error;
  }
}

/** That files between the first and the last one are not opened to count their frames. */
const assumedNumber = (each: number, last: number, files: number): Note => ({
  kind: 'guess',
  text:
    `the number of frames: ${each} in each of the first ${files - 1} files, as the first one has, and ${last} in the last ` +
    'one; a file with another number is refused when its frames are read',
});

/** Reads `count` frames from `first` on, several files at a time. */
async function readAcross(
  parts: OpenFiles,
  { frames: each, frameLength, dtype }: Dataset,
  [first, count]: readonly [number, number],
  into: Uint8Array,
  signal: PlatformSignal | undefined,
): Promise<void> {
  const frameBytes = frameLength * elementBytes(dtype);
  const failures: unknown[] = [];
  let next = Math.floor(first / each);
  const until = first + count;
  const work = async (): Promise<void> => {
    while (failures.length === 0 && next * each < until) {
      const i = next++;
      const from = Math.max(first, i * each);
      const to = Math.min(until, (i + 1) * each);
      const place = into.subarray((from - first) * frameBytes, (to - first) * frameBytes);
      await parts.with(i, (dataset) => dataset.read(from - i * each, to - from, viewAs(place, dtype), { signal }));
    }
  };
  // All reads must have ended before the caller may use the memory again.
  await Promise.all(Array.from({ length: atOnce }, () => work().catch((error) => failures.push(error))));
  if (failures.length > 0) throw failures[0];
}

/** How a file differs from the others; undefined if it does not. */
function unlike({ shape, dtype, frames }: Dataset, like: Dataset, expected: number): string | undefined {
  const kind = (one: Pick<Dataset, 'shape' | 'dtype'>): string => `${one.shape.sig.join(' × ')} ${one.dtype}`;
  if (kind({ shape, dtype }) !== kind(like))
    return `its frames are ${kind({ shape, dtype })}, those of ${baseName(like.name)} ${kind(like)}`;
  return frames === expected
    ? undefined
    : `it holds ${counted(frames, 'frame')} where ${expected} ${expected === 1 ? 'is' : 'are'} expected`;
}
