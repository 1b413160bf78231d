/**
 * The frames of a run, as tasks: which file, which frames, which serial numbers. Files are opened only to count their
 * frames; whoever searches opens them again, wherever that is.
 */
import { stat } from 'node:fs/promises';
import { EwaldError, isEwaldError } from '../../base/errors.js';
import type { Geometry } from '../../crystal/geometry/geometry.js';
import type { Dataset } from '../../data/dataset.js';
import { open } from '../../data/opening.node.js';
import type { LiveFrame } from '../../live/frame.js';
import type { KeptFrames } from '../../live/kept.js';
import type { SearchTask } from '../task.js';
import { type DataPath, filesOfFolder, isFolder, openFile, type Wanted } from './frame-files.node.js';

/** Shard i of n, from 1: every n-th frame, the i-th first. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** Where a run has its frames from: files, or what comes by itself. */
export interface RunSource {
  /** By which the detector is known; the source's until `close`. */
  readonly first: Dataset;
  /** The dataset of HDF5 files that is opened; undefined: the files' own choice. */
  readonly data: string | undefined;
  /** Frames of this run; undefined where that is not known. */
  readonly total: number | undefined;
  /** The first frame of those that come by themselves. */
  readonly live: LiveFrame | undefined;
  /** Frames that come but once, for whoever shows them at the end; undefined: files can be read again. */
  readonly kept: KeptFrames | undefined;
  /** Opens what the geometry names beside the frames. */
  openOther(file: string, path: string): Promise<Dataset>;
  firstFrames(most: number): AsyncGenerator<{ dataset: Dataset; frames: number[] }>;
  tasks(size: number, done: (serial: number, file: string, event: number) => boolean): AsyncGenerator<SearchTask>;
  close(): Promise<void>;
}

export interface FrameSourceOptions {
  readonly wanted: readonly Wanted[];
  readonly data: DataPath;
  /** By which frames of several modules are told from frames of a scan. */
  readonly geometry: Geometry | undefined;
  readonly serialStart: number;
  readonly shard: Shard | undefined;
  /** Seconds without new frames after which a followed run ends; undefined: nothing is followed. */
  readonly follow: number | undefined;
  /** As `open` has it. */
  readonly checksums?: boolean | undefined;
  readonly maxFrameBytes?: number | undefined;
  readonly signal: AbortSignal;
}

/** Files that are counted before the run begins; of more, the total is not told. */
const countedFirst = 256;
const pollMs = 500;
/** Files that are tried until one opens. */
const mostTried = 16;

export class FrameSource implements RunSource {
  readonly live = undefined;
  readonly kept = undefined;
  readonly #options: FrameSourceOptions;
  readonly #counts = new Map<string, number>();
  #files: readonly Wanted[] = [];
  #first: Dataset | undefined;
  readonly #opened: Dataset[] = [];
  #data: DataPath;
  /** Frames of this run; undefined where that is not known. */
  total: number | undefined;

  private constructor(options: FrameSourceOptions) {
    this.#options = options;
    this.#data = options.data;
  }

  /** Opens the first file, by which the detector is known, and counts. Throws where it cannot be opened. */
  static async open(options: FrameSourceOptions): Promise<FrameSource> {
    const source = new FrameSource(options);
    source.#files = await source.#listed();
    await source.#begin();
    if (options.follow === undefined && source.#files.length <= countedFirst) {
      let all = 0;
      for (const { file, frames } of source.#files) all += frames?.length ?? (await source.#count(file)) ?? 1;
      source.total = shareOf(all, options.shard);
    }
    return source;
  }

  /** The first dataset, open, and the source's until `close`. */
  get first(): Dataset {
    if (!this.#first) throw new EwaldError('Internal', 'the run has no first file');
    return this.#first;
  }

  /** The dataset of HDF5 files that is opened; undefined: the files' own choice. */
  get data(): string | undefined {
    return this.#data?.path;
  }

  openOther(file: string, path: string): Promise<Dataset> {
    const { checksums, maxFrameBytes } = this.#options;
    return open(file, { dataset: path, checksums, maxFrameBytes });
  }

  async close(): Promise<void> {
    for (const dataset of this.#opened.splice(0)) await dataset.dispose();
    await this.#first?.dispose();
    this.#first = undefined;
  }

  /** The first frames as datasets, open while they are read: of one file after the other, those that do not open left out. */
  async *firstFrames(most: number): AsyncGenerator<{ dataset: Dataset; frames: number[] }> {
    let left = most;
    for (const { file, frames } of this.#files) {
      if (left <= 0) return;
      const own = file === this.#first?.name ? this.#first : undefined;
      const dataset = own ?? (await openFile(file, this.#data, this.#options).catch(() => undefined));
      if (!dataset) continue;
      const taken = (frames ?? counting(0, dataset.frames)).slice(0, left);
      left -= taken.length;
      // Frames of one file are searched while the next one is asked for: all stay open until the source is closed.
      if (!own) this.#opened.push(dataset);
      yield { dataset, frames: taken };
    }
  }

  /**
   * The frames as tasks of up to `size` frames, those left out that `done` knows: by the serial number, or where the run
   * follows files by their name and event.
   */
  async *tasks(
    size: number,
    done: (serial: number, file: string, event: number) => boolean,
  ): AsyncGenerator<SearchTask> {
    const { serialStart, shard, follow } = this.#options;
    let index = 0;
    const taken = function* (file: string, frames: readonly number[], known: number): Generator<SearchTask> {
      let batch: [frame: number, serial: number][] = [];
      const task = (): SearchTask => {
        const [numbers, serials] = [batch.map(([frame]) => frame), batch.map(([, serial]) => serial)];
        batch = [];
        return { file, filename: file, frames: numbers, serials, known };
      };
      for (const frame of frames) {
        const serial = serialStart + index++;
        if (shard && (serial - serialStart) % shard.count !== shard.index - 1) continue;
        if (done(serial, file, frame)) continue;
        batch.push([frame, serial]);
        if (batch.length >= size) yield task();
      }
      if (batch.length > 0) yield task();
    };
    if (follow === undefined) {
      for (const { file, frames } of this.#files) {
        // A file that cannot be opened is a task, too: whoever searches it tells why.
        const count = (await this.#count(file)) ?? 1;
        yield* taken(file, frames ?? counting(0, count), frames ? 0 : count);
      }
      return;
    }
    const seen = new Map<string, number>();
    const sizes = new Map<string, number>();
    let idleSince = performance.now();
    while (!this.#options.signal.aborted && performance.now() - idleSince < 1000 * follow) {
      for (const { file } of await this.#listed().catch(() => this.#files)) {
        // A file that is being written grows: it is looked at when its size has changed, and taken as far as it opens.
        const bytes = (await stat(file).catch(() => undefined))?.size ?? 0;
        if (bytes === 0 || (seen.has(file) && sizes.get(file) === bytes)) continue;
        this.#counts.delete(file);
        const count = (await this.#count(file)) ?? 0;
        const from = seen.get(file) ?? 0;
        if (count > 0) {
          sizes.set(file, bytes);
          seen.set(file, count);
        }
        if (count <= from) continue;
        yield* taken(file, counting(from, count), count);
        idleSince = performance.now();
      }
      await rest(pollMs, this.#options.signal);
    }
  }

  /** What was asked for, folders as their files. */
  async #listed(): Promise<Wanted[]> {
    const files: Wanted[] = [];
    for (const one of this.#options.wanted) {
      if (!(await isFolder(one.file))) files.push(one);
      else for (const file of await filesOfFolder(one.file)) files.push({ file, frames: undefined });
    }
    return files;
  }

  async #begin(): Promise<void> {
    const { follow, signal, data } = this.#options;
    const since = performance.now();
    for (;;) {
      const [first] = this.#files;
      try {
        if (!first) throw noFrames(this.#options.wanted);
        this.#first = await this.#openFirst(first.file);
        // Files of one run are alike: what the first one has, all have to have.
        if (data && !data.must && !this.#first.arrays.some(({ name }) => name === data.path)) this.#data = undefined;
        else if (data) this.#data = { ...data, must: true };
        const { name, frames } = this.#first;
        for (const one of this.#files) if (one.file === name) this.#check(one, frames);
        this.#counts.set(name, frames);
        return;
      } catch (error) {
        // What is followed may not be there yet.
        if (follow === undefined || !isEwaldError(error) || performance.now() - since > 1000 * follow) throw error;
        await rest(pollMs, signal);
        if (signal.aborted) throw error;
        this.#files = await this.#listed();
      }
    }
  }

  /** The first file that opens: one that is damaged is told when its turn comes, and does not end the run. */
  async #openFirst(file: string): Promise<Dataset> {
    const { follow, data } = this.#options;
    try {
      return await openFile(file, data, this.#options);
    } catch (error) {
      if (follow !== undefined || !isEwaldError(error) || !['Format', 'File'].includes(error.tag)) throw error;
      for (const { file: next } of this.#files.slice(1, mostTried)) {
        if (next === file) continue;
        const dataset = await openFile(next, data, this.#options).catch(() => undefined);
        if (dataset) return dataset;
      }
      throw error;
    }
  }

  /** Frames of a file; undefined where it cannot be opened. */
  async #count(file: string): Promise<number | undefined> {
    const known = this.#counts.get(file);
    if (known !== undefined) return known;
    let dataset: Dataset;
    try {
      dataset = await openFile(file, this.#data, this.#options);
    } catch (error) {
      if (isEwaldError(error) && error.tag !== 'Aborted') return undefined;
      throw error;
    }
    const { frames } = dataset;
    await dataset.dispose();
    for (const one of this.#files) if (one.file === file) this.#check(one, frames);
    this.#counts.set(file, frames);
    return frames;
  }

  #check({ file, frames }: Wanted, count: number): void {
    const beyond = frames?.find((frame) => frame >= count);
    if (beyond !== undefined)
      throw new EwaldError('Argument', `${file} has no frame //${beyond}; it has ${count}, from //0`);
  }
}

const counting = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

const noFrames = (wanted: readonly Wanted[]): EwaldError =>
  new EwaldError(
    'Argument',
    wanted.length > 0
      ? `${wanted.map(({ file }) => file).join(', ')} holds no files of frames; spot lists are given one by one, or as a pattern`
      : 'the run has no frames; expected a file of frames or a list with -i',
  );

const shareOf = (all: number, shard: Shard | undefined): number =>
  shard ? Math.ceil((all - shard.index + 1) / shard.count) : all;

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
