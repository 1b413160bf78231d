/** Frames of files that are still being written: of a file that grows, or of files that are added to a folder. */
import { stat } from 'node:fs/promises';
import { allocateFrames, bytesOfArray, elementBytes, viewAs } from '../../bytes/dtype.js';
import type { Dataset } from '../../frames/dataset.js';
import { type FrameSums, hasFrames } from '../../frames/frame-sums.js';
import type { OpenOptions } from '../../frames/open.js';
import { open } from '../../frames/opening.node.js';
import { seriesNames } from '../../frames/series-files.js';
import { crc32 } from '../../util/crc32.js';
import { EwaldError, isEwaldError, messageOf } from '../../util/errors.js';
import { isAway } from '../../util/file-errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import type { Acquisition, Announcement, FrameFormat } from './acquisition.js';
import type { DetectorDriver } from './connection.js';
import { UnrecognisedFile } from './unrecognised.node.js';

/** Time between two looks at the files. */
const pollMs = 100;
/** Bytes that are read at a time. */
const blockBytes = 2 ** 22;

/** What is known of a file. */
interface Followed {
  readonly file: string;
  /** Index of its first frame among those of all files. */
  readonly base: number;
  /** Size and time of its last change when it was examined. */
  state: string;
  /** Frames that it had then, and those that have been passed on. */
  frames: number;
  taken: number;
  /** Its first frame and the last one that was passed on, by which it is recognised. */
  first?: FrameSums[number];
  last?: FrameSums[number];
}

export class FollowedFiles implements DetectorDriver {
  readonly kind = 'files';
  readonly name: string;
  readonly #options: OpenOptions;
  readonly #files: Followed[] = [];
  /** The file that gave the format: the path itself, or the first one of its folder. */
  #first = '';
  /** Frames of a file, for those that cannot be opened. */
  #usual = 1;
  #format: FrameFormat | undefined;
  #closed = false;
  #wake: (() => void) | undefined;
  #work: Promise<void> | undefined;
  /** Why the last file cannot be opened yet: an error of `open`. */
  reason: unknown;

  constructor(path: string, options: OpenOptions) {
    this.name = path;
    this.#options = { ...options, growing: true };
  }

  async connect(): Promise<void> {
    if (/^(?!file:)[a-z]+:\/\//i.test(this.name))
      throw new EwaldError('Argument', `follow: ${this.name} is not a file or folder of this machine`);
  }

  /** Waits for the first file with a frame. Throws `Format` for a file that begins like none of the known formats. */
  async announced(signal: PlatformSignal): Promise<Announcement> {
    const unrecognised = new UnrecognisedFile();
    const { format = 'auto', dtype, sigShape } = this.#options;
    const isDescribed = format !== 'auto' || (dtype !== undefined && sigShape !== undefined);
    for (;;) {
      const [file] = await this.#present();
      const dataset = file && (await this.#opened(file));
      if (dataset) {
        const { dtype, shape, meta, frames } = dataset;
        this.#format = { dtype, signal: shape.sig, meta };
        this.#first = file;
        this.#usual = frames;
        await dataset.dispose();
        return { frames: undefined, scan: shape.nav.length > 1 ? shape.nav : undefined, header: {} };
      }
      if (file && !isDescribed && (await unrecognised.isFinal(file))) throw this.reason;
      await this.#pause(signal as AbortSignal);
    }
  }

  async format(): Promise<FrameFormat> {
    return this.#format as FrameFormat;
  }

  deliver(acquisition: Acquisition): void {
    const wake = (): void => this.#wake?.();
    acquisition.onRoom = wake;
    acquisition.onEnd = wake;
    this.#work = this.#follow(acquisition).catch((error) =>
      acquisition.fail(
        isEwaldError(error) ? error : new EwaldError('File', `${this.name}: ${messageOf(error)}`, { cause: error }),
      ),
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    await this.#work;
  }

  /** The files in order; a folder need not have any yet. */
  async #present(): Promise<readonly string[]> {
    try {
      return (await seriesNames(this.name))?.files ?? [this.name];
    } catch (error) {
      this.reason = error;
      return [];
    }
  }

  /** Opens a file; undefined while it has no complete frame. */
  async #opened(file: string): Promise<Dataset | undefined> {
    this.reason = undefined;
    try {
      const dataset = await open(file, this.#options);
      if (dataset.frames > 0) return dataset;
      await dataset.dispose();
    } catch (error) {
      // Only what the file contains can change.
      if (!isEwaldError(error, 'Format') && !isEwaldError(error, 'File')) throw error;
      this.reason = error;
    }
    return undefined;
  }

  async #follow(acquisition: Acquisition): Promise<void> {
    while (!this.#closed && acquisition.open) if (!(await this.#advance(acquisition))) await this.#pause();
  }

  /** Passes on what has arrived since the last look; returns whether there was anything. */
  async #advance(acquisition: Acquisition): Promise<boolean> {
    const files = await this.#present();
    const known = this.#files.at(-1);
    // What was followed is gone, as with its file system: it is looked for until the scan stalls.
    const isGone = files.length === 0 || (files[0] === this.name && this.#first !== this.name);
    if (isGone) return false;
    if (known && files[this.#files.length - 1] !== known.file)
      throw new EwaldError(
        'Format',
        `${this.name}: the ${this.#files.length} files that were followed are no longer the first ones, because one ` +
          'was added before them or removed; their names must be in the order in which they are written',
      );
    if (known && (await this.#arrivals(known, acquisition, files.length - this.#files.length))) return true;
    const file = files[this.#files.length];
    if (file === undefined) return false;
    const base = known ? known.base + known.frames : 0;
    const next: Followed = { file, base, state: '', frames: 0, taken: 0 };
    this.#files.push(next);
    await this.#arrivals(next, acquisition, files.length - this.#files.length);
    return true;
  }

  /** Passes on the new frames of a file; if others follow it, it is complete, and what cannot be read is left out. */
  async #arrivals(followed: Followed, acquisition: Acquisition, others: number): Promise<boolean> {
    const isWhole = others > 0;
    const stats = await stat(followed.file).catch(absentOrAway);
    const state = stats && `${stats.size} ${stats.mtimeMs} ${isWhole}`;
    if (state === undefined || state === followed.state) return false;
    const dataset = await this.#opened(followed.file);
    if (!dataset && isAway(this.reason)) return false;
    followed.state = state;
    if (!dataset) {
      // The next file begins where this one would have ended.
      if (isWhole && followed.frames === 0) followed.frames = this.#usual;
      return false;
    }
    try {
      await this.#check(dataset, followed);
      const before = followed.taken;
      followed.frames = dataset.frames;
      acquisition.has(followed.base + followed.frames + Math.max(0, others) * this.#usual);
      await this.#pass(dataset, followed, acquisition, isWhole);
      return followed.taken > before;
    } finally {
      await dataset.dispose();
    }
  }

  async #check(dataset: Dataset, { file, taken, first, last }: Followed): Promise<void> {
    const {
      dtype,
      shape: { sig: signal },
      frames,
    } = dataset;
    const wanted = this.#format as FrameFormat;
    if (dtype !== wanted.dtype || signal.join() !== wanted.signal.join())
      throw new EwaldError(
        'Format',
        `${file} has frames of ${signal.join(' × ')} ${dtype}; the scan began with ${wanted.signal.join(' × ')} ` +
          wanted.dtype,
      );
    if (frames < taken)
      throw new EwaldError('Format', `${file} had ${taken} frames and now has ${frames}; it was written anew`);
    if (
      !(await hasFrames(
        dataset,
        [first, last].flatMap((one) => (one ? [one] : [])),
      ))
    )
      throw new EwaldError(
        'Format',
        `${file} was replaced while it was followed: frames that have been processed are others now; give each ` +
          'acquisition its own name',
      );
  }

  async #pass(dataset: Dataset, followed: Followed, acquisition: Acquisition, isWhole: boolean): Promise<void> {
    const { dtype, frameLength, frames } = dataset;
    const frameBytes = frameLength * elementBytes(dtype);
    const most = Math.max(dataset.chunkFrames, Math.floor(blockBytes / frameBytes), 1);
    const block = allocateFrames(dtype, Math.min(most, frames - followed.taken) * frameLength);
    const bytes = bytesOfArray(block);
    while (followed.taken < frames && acquisition.open && !this.#closed) {
      let count = Math.min(most, frames - followed.taken);
      try {
        await dataset.read(followed.taken, count, block);
      } catch (error) {
        if (!isEwaldError(error, 'Format') && !isEwaldError(error, 'File')) throw error;
        if (isAway(error)) {
          // The next look opens it again.
          followed.state = '';
          return;
        }
        count = await readable(dataset, followed.taken, count, bytes);
        if (count === 0) {
          // The last frame may still be incomplete; an earlier one is damaged.
          if (followed.taken === frames - 1 && !isWhole) {
            followed.frames = followed.taken;
            return;
          }
          followed.taken++;
          continue;
        }
      }
      for (let i = 0; i < count; i++, followed.taken++) {
        const frame = bytes.subarray(i * frameBytes, (i + 1) * frameBytes);
        followed.first ??= [followed.taken, crc32(frame)];
        if (i === count - 1) followed.last = [followed.taken, crc32(frame)];
        await this.#store(frame, followed.base + followed.taken, acquisition);
      }
    }
  }

  /** Copies a frame into the memory of the scan, when there is some. */
  async #store(bytes: Uint8Array, index: number, acquisition: Acquisition): Promise<void> {
    for (;;) {
      const place = acquisition.place(index);
      if (place === 'skip') return;
      if (place) {
        place.set(bytes);
        acquisition.commit(index);
        return;
      }
      await this.#pause(undefined, Number.POSITIVE_INFINITY);
      if (this.#closed) return;
    }
  }

  /** Waits for the next look, or until something changes. Throws the reason of the signal. */
  async #pause(signal?: AbortSignal, ms = pollMs): Promise<void> {
    if (signal?.aborted) throw signal.reason;
    if (this.#closed) throw new EwaldError('Disposed', `${this.name} is no longer followed`);
    await new Promise<void>((resolve) => {
      const timer = Number.isFinite(ms) ? setTimeout(() => this.#wake?.(), ms) : undefined;
      const abort = (): void => this.#wake?.();
      this.#wake = () => {
        this.#wake = undefined;
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      signal?.addEventListener('abort', abort, { once: true });
    });
    if (signal?.aborted) throw signal.reason;
  }
}

/** A file that is absent, or whose file system does not answer, may be back at the next look. */
function absentOrAway(error: unknown): undefined {
  if ((error as { code?: string }).code !== 'ENOENT' && !isAway(error)) throw error;
}

/** Reads frames one by one; returns how many there are before one that cannot be read. */
async function readable(dataset: Dataset, first: number, count: number, into: Uint8Array): Promise<number> {
  const frameBytes = dataset.frameLength * elementBytes(dataset.dtype);
  for (let i = 0; i < count; i++)
    try {
      const place = into.subarray(i * frameBytes, (i + 1) * frameBytes);
      await dataset.read(first + i, 1, viewAs(place, dataset.dtype));
    } catch {
      return i;
    }
  return count;
}
