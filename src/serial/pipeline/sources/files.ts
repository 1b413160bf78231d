/**
 * The frames of a run in files or open datasets: for each frame its file, its number in the file, and its serial
 * number. Each file is opened to count its frames; an executor's workers open it again, and this process keeps the
 * first one open.
 */

import { counted } from '../../../base/amounts.js';
import { EwaldError, isEwaldError, messageOf } from '../../../base/errors.js';
import { isAway, isOfFile } from '../../../base/file-errors.js';
import { emptySlice, untilOf } from '../../../base/frame-slice.js';
import type { PlatformBlob, PlatformFile } from '../../../base/globals.js';
import { checkSignal } from '../../../base/options.js';
import { pause } from '../../../base/pace.js';
import { givenOnce } from '../../../base/without-repeats.js';
import { hexOf } from '../../../io/data/checksums/check.js';
import { md5 } from '../../../io/data/checksums/md5.js';
import { bytesOfFile } from '../../../io/data/cut-files.js';
import type { Dataset } from '../../../io/data/dataset.js';
import { refuseOtherDataset } from '../../../io/detector/geometry-dataset.js';
import { openBeside } from '../../../io/detector/open-other.js';
import { openStacked, stacked } from '../../../io/detector/stacked.js';
import { countOf } from '../grid/image-number.js';
import type { RunPlace } from '../inputs/place.js';
import type { FrameJob } from '../search-all.js';
import { tagged } from '../streams/chunk.js';
import type { SearchTask, SentFile } from '../task.js';
import { awaited, openWhenBack, pollMs } from './away.js';
import { rangesOfFiles } from './image-ranges.js';
import { openFollowed } from './open-followed.js';
import { replacedError, SeenFrames } from './same-frames.js';
import { isSelected, type Selection, selectedAmong } from './selection.js';
import type { FrameSpec, IsDone, RunSource, SourceImages, SourceOptions } from './source.js';

/** What is wrong with the first files of an iterable, of which none can be opened. */
export class NoneReadable extends EwaldError {
  readonly failed: readonly { readonly wanted: FrameSpec; readonly error: EwaldError }[];
  /** Whether these are all files that there are. */
  readonly areAll: boolean;

  constructor({ tag, message, cause, detail }: EwaldError, failed: NoneReadable['failed'], areAll: boolean) {
    super(tag, message, { cause, detail });
    this.failed = failed;
    this.areAll = areAll;
  }
}

interface FileSourceOptions extends SourceOptions {
  readonly wanted: readonly FrameSpec[] | AsyncGenerator<FrameSpec, void, undefined>;
  readonly selection: Selection;
  /** Seconds without new frames after which a followed run ends; undefined if nothing is followed. */
  readonly follow: number | undefined;
  /** Files passed by the caller, among which companion files are looked up. */
  readonly siblings?: readonly PlatformFile[];
}

/**
 * Number of files whose frames are counted, and which are identified, before the run starts; if there are more, the
 * total is unknown.
 */
const countedFirst = 256;
/** Number of leading bytes that identify a file, together with its size. */
const identifiedBy = 2 ** 16;
/** Number of files tried until one can be opened. */
const maxTried = 16;
/** Maximum number of remarks on frames that are given twice, and on problems of files. */
const maxRemarks = 4;

/** A frame of a file with its serial number; `known` is the number of frames when the file was counted. */
interface Numbered {
  readonly wanted: FrameSpec;
  readonly frame: number;
  readonly serial: number;
  readonly known: number;
  /** The last one of those that are there of its file. */
  readonly isLast?: boolean;
}

/** Frames `from` … `count` of a file that is followed. */
interface Arrival {
  readonly wanted: FrameSpec;
  readonly from: number;
  readonly count: number;
}

/** The file that describes the detector. */
interface FirstFile {
  readonly dataset: Dataset;
  readonly wanted: FrameSpec;
}

export class FileSource implements RunSource {
  readonly live = undefined;
  readonly kept = undefined;
  readonly received = undefined;
  readonly files: number | undefined;
  readonly warnings: string[] = [];
  readonly identities: string[] = [];
  readonly #place: RunPlace;
  readonly #options: FileSourceOptions;
  readonly #counts = new Map<string, number>();
  #files: FrameSpec[] = [];
  /** Further files of an iterable, read on demand. */
  #more: AsyncGenerator<FrameSpec, void, undefined> | undefined;
  /** The file that was asked of the iterable and has not been taken. */
  #arriving: Promise<IteratorResult<FrameSpec, void>> | undefined;
  #first: Dataset | undefined;
  readonly #opened: Dataset[] = [];
  /** When the first frames of followed files were requested for the first time. */
  #firstSince: number | undefined;
  total: number | undefined;
  /** Most frames that were counted in followed files, and those of them that are searched. */
  readonly #counted = new Map<string, number>();
  readonly #taken = new Map<string, number>();
  /** What is followed and was there: whether it is now. */
  readonly #present = new Map<string, boolean>();
  /** Frames of followed files that were found so far, and files that no frame has been counted in yet. */
  #found = 0;
  #unopened = 0;
  /** Why the last file whose frames could not be counted cannot be opened. */
  #reason: unknown;
  /** Paths of the caller that are folders, or have been. */
  readonly #folders = new Set<string>();
  /** Problems of files that have been told. */
  readonly #told = new Set<string>();
  /** What is missing at the end of files that are followed, as they were opened last. */
  readonly #cut = new Map<string, readonly string[]>();
  /** What the files that are followed began with. */
  readonly #seenFrames = new SeenFrames();
  /** Events of frames in groups, by files. */
  readonly #events = new Map<string, readonly string[]>();
  /** Whether none of the files became whole in time: they are read as far as they go, and not waited for again. */
  #isGivenUp = false;
  /** The last file that was waited for because its file system did not answer. */
  #awayFile: string | undefined;

  private constructor(place: RunPlace, options: FileSourceOptions) {
    this.#place = place;
    this.#options = options;
    this.files = isList(options.wanted) && !options.wanted.some(blobOf) ? undefined : Math.random();
  }

  /** Opens the first file, which describes the detector, and counts frames. Throws if it cannot be opened. */
  static async open(place: RunPlace, options: FileSourceOptions): Promise<FileSource> {
    const source = new FileSource(place, options);
    if (isList(options.wanted)) source.#files = await source.#listed(options.wanted);
    else source.#more = options.wanted;
    try {
      await source.#begin();
      if (options.follow === undefined && !source.#more) {
        await source.#findEvents();
        await source.#leaveOutRepeats();
        if (source.#files.length <= countedFirst) {
          let all = 0;
          for (const wanted of source.#files) all += wanted.frames?.length ?? (await source.#count(wanted)) ?? 1;
          source.total = selectedAmong(options.selection, all);
          if (source.total === 0 && all > 0) throw noneSelected(options.selection, all);
        }
        for (const { file } of source.#files.slice(0, countedFirst)) await source.#identify(file);
      }
      return source;
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  get isListed(): boolean {
    return this.#options.follow === undefined && isList(this.#options.wanted);
  }

  get images(): SourceImages {
    const count = countOf(this.first, this.#files.length);
    const { follow, selection } = this.#options;
    const framesOf = (file: string): number | undefined => this.#counts.get(file);
    const isOpen = follow !== undefined || this.#more !== undefined;
    return { count, ranges: rangesOfFiles(this.#files, { count, selection, framesOf, first: this.first, isOpen }) };
  }

  /** A file that has not been opened counts as a frame. */
  get arrived(): number | undefined {
    return this.#options.follow === undefined ? undefined : this.#found + this.#unopened;
  }

  /** The event of a frame as streams write it; of frames in groups, it is known when their file has been counted. */
  eventOf(file: string, frame: number): string {
    return this.#events.get(file)?.[frame] ?? `//${frame}`;
  }

  /** Finds the numbers of frames that a list names by the groups that they are in. Throws `Format` for an unknown one. */
  async #findEvents(): Promise<void> {
    for (const wanted of this.#files) {
      const { file, events } = wanted;
      if (!events) continue;
      // Frames of a file that cannot be opened are reported when the run reaches them.
      if ((await this.#count(wanted)) === undefined) {
        wanted.frames = counting(0, events.length);
        continue;
      }
      const there = new Map((this.#events.get(file) ?? []).map((event, frame) => [event, frame]));
      wanted.frames = events.map((event) => {
        const frame = there.get(event);
        if (frame !== undefined) return frame;
        const [first] = there.keys();
        const has = first === undefined ? 'frames that are numbered, //N' : `${there.size} events, such as ${first}`;
        throw new EwaldError('Format', `${file} has no event ${event}; it has ${has}`, { detail: { path: file } });
      });
    }
  }

  /** Compares a followed file with what an earlier session of the run saw; another one is not searched. */
  expectFrame(file: string, event: string, sum: number): void {
    const tagged = this.#events.get(file)?.indexOf(event) ?? -1;
    const frame = tagged >= 0 ? tagged : Number(/^\/\/(\d+)$/.exec(event)?.[1] ?? 'x');
    // Of a file that has not been opened yet, events in groups have no number.
    if (Number.isNaN(frame)) return;
    if (!this.#seenFrames.expect(file, frame, sum)) this.#options.warn(replacedError(file).message);
  }

  get gone(): readonly string[] {
    return [...this.#present].flatMap(([path, isThere]) => (isThere ? [] : [path]));
  }

  get replaced(): readonly string[] {
    return this.#seenFrames.replaced;
  }

  get first(): Dataset {
    if (!this.#first) throw new EwaldError('Internal', 'the run has no first file');
    return this.#first;
  }

  readonly patient = <T>(work: () => Promise<T>): Promise<T> =>
    work().catch(async (error) => {
      const { follow, signal } = this.#options;
      const first = this.#files.find((file) => file.file === this.#firstFile);
      if (follow === undefined || !first || first.dataset || !isOfFile(error)) throw error;
      const wait = (reason: unknown): never => {
        this.#saysAway(first.file, reason);
        throw reason;
      };
      const again = async (): Promise<T> => {
        await (await this.#openFile(first).catch(wait)).dispose();
        return work();
      };
      return openWhenBack(again, { error, seconds: follow, signal });
    });

  readonly openOther = async (file: string, path: string): Promise<Dataset> => {
    const { allowMissing, checksums, maxFrameBytes, allowOutside, siblings } = this.#options;
    const wanted = this.#files.find((one) => one.file === file);
    // An open dataset opens its companion files itself; files passed by the caller are found by name.
    if (wanted?.dataset) return openBeside(wanted.dataset)(wanted.dataset.name, path);
    const input = wanted?.input ?? siblings?.find(({ name }) => name === file.replace(/^.*\//, ''));
    const isGiven = this.#files.some((file) => file.dataset || blobOf(file)) || siblings?.length || !this.#place.files;
    if (!wanted && input === undefined && isGiven) return openBeside(this.first)(file, path);
    return this.#place.open(
      input ?? file,
      { dataset: path, allowMissing, checksums, maxFrameBytes, allowOutside },
      siblings,
    );
  };

  reopen(file: string): Promise<Dataset> {
    // Reports of an interrupted run are written after its signal has fired.
    return this.#openKnown(this.#files.find((one) => one.file === file) ?? { file, frames: undefined }, 0, undefined);
  }

  async close(): Promise<void> {
    for (const dataset of this.#opened.splice(0)) await dataset.dispose();
    if (this.#first && !this.#isGiven(this.#first)) await this.#first.dispose();
    this.#first = undefined;
  }

  async *firstFrames(most: number): AsyncGenerator<{ dataset: Dataset; frames: number[] }> {
    const { follow, firstFramesTimeoutS = 0 } = this.#options;
    if (follow !== undefined) {
      yield* this.#firstArriving(most, follow, firstFramesTimeoutS);
      return;
    }
    this.#firstSince ??= performance.now();
    const until =
      this.#firstSince + 1000 * (this.#options.isFirstTimed ? firstFramesTimeoutS : Number.POSITIVE_INFINITY);
    let left = most;
    let position = 0;
    for (let i = 0; left > 0; i++) {
      if (i >= this.#files.length && !(await this.#arrivesBefore(until))) return;
      const wanted = await this.#at(i);
      if (!wanted) return;
      const { frames, file } = wanted;
      const own = !wanted.dataset && file === this.#firstFile ? this.#first : undefined;
      const dataset = own ?? (await this.#openFile(wanted).catch(() => undefined));
      const all = frames ?? counting(0, dataset?.frames ?? 1);
      const before = position;
      position += all.length;
      if (!dataset) continue;
      const taken = this.#chosen(all, before).slice(0, left);
      left -= taken.length;
      // Frames of one file are still searched while the next file is requested, so all files stay open until the source
      // is closed.
      if (!own && !wanted.dataset) this.#opened.push(dataset);
      yield { dataset, frames: taken };
    }
  }

  /** Those of the frames at `position` and following that the run's range contains, of whatever shard. */
  #chosen(frames: readonly number[], position: number): number[] {
    const { range } = this.#options.selection;
    return frames.filter((_, i) => isSelected({ range, shard: undefined }, position + i));
  }

  async *tasks(size: number, isDone: IsDone): AsyncGenerator<SearchTask> {
    let batch: Numbered[] = [];
    const task = (): SearchTask => {
      const [{ wanted = none, known = 0 } = {}] = batch;
      const [frames, serials] = [batch.map(({ frame }) => frame), batch.map(({ serial }) => serial)];
      batch = [];
      const { file, input = file } = wanted;
      const opened = typeof input === 'string' ? input : 'href' in input ? input.href : file;
      const seen = this.#seenFrames.sumsOf(file);
      return {
        ...{ file: opened, filename: file, frames, serials, known, sent: this.#sentWith(wanted) },
        ...(seen.length > 0 && { seen }),
      };
    };
    for await (const one of this.#numbered(isDone)) {
      batch.push(one);
      // The next file may have to be waited for.
      if (batch.length >= size || one.isLast) yield task();
    }
  }

  /** The Files that a worker needs for frames of one of them; undefined for paths and addresses. */
  #sentWith(wanted: FrameSpec): readonly SentFile[] | undefined {
    if (!blobOf(wanted)) return undefined;
    const first = this.#files.find((file) => file.file === this.#firstFile) ?? wanted;
    const searched = new Set(this.#files.map(blobOf));
    const companions = (this.#options.siblings ?? []).filter((file) => !searched.has(file));
    const files = [...new Set([blobOf(wanted), blobOf(first), ...companions])] as (PlatformFile | undefined)[];
    return files.flatMap((blob) => (blob ? [{ blob, name: blob.name, path: blob.webkitRelativePath ?? '' }] : []));
  }

  async *jobs(ahead: number, isDone: IsDone): AsyncGenerator<FrameJob> {
    const open = new Map<string, Dataset>();
    const datasetOf = async (wanted: FrameSpec, known: number): Promise<Dataset> => {
      const { file } = wanted;
      if (wanted.dataset) return stacked(wanted.dataset, this.#options.geometry);
      const key = `${known} ${file}`;
      if (file === this.#firstFile && this.first.frames >= known && !open.has(key)) return this.first;
      const held = open.get(key);
      open.delete(key);
      const dataset = held ?? (await this.#openSame(wanted, known));
      open.set(key, dataset);
      // Frames in progress belong to the files that were requested last.
      const [oldest] = open;
      if (open.size > ahead + 1 && oldest) {
        open.delete(oldest[0]);
        await oldest[1].dispose();
      }
      return dataset;
    };
    try {
      for await (const { wanted, frame, serial, known } of this.#numbered(isDone)) {
        const filename = wanted.file;
        try {
          const back = this.#waiting(wanted, `${known} ${filename}`, open);
          const dataset = await datasetOf(wanted, known).catch((error) => {
            if (back) return back(error);
            throw error;
          });
          const event = dataset.shape.nav.length > 0 ? frame : undefined;
          const sum = this.#seenFrames.sumOf(filename, frame);
          const origin = { filename, event, serial, ...tagged(dataset, frame), ...(sum !== undefined && { sum }) };
          yield { dataset, frame, origin, ...(back ? { back } : {}) };
        } catch (error) {
          if (!isEwaldError(error) || error.tag === 'Aborted' || error.tag === 'Disposed') throw error;
          yield { error, frame, origin: { filename, event: frame, serial } };
        }
      }
    } finally {
      this.#opened.push(...open.values());
    }
  }

  /**
   * For a file that is followed: opens it again when its file system is back, in place of a dataset that cannot be read
   * any more. Throws what it was given if that is not the reason, or after the time for which a run waits for frames.
   */
  #waiting(wanted: FrameSpec, key: string, open: Map<string, Dataset>): FrameJob['back'] {
    const { follow, signal } = this.#options;
    if (follow === undefined || wanted.dataset) return undefined;
    return async (error, failed) => {
      const held = open.get(key);
      if (failed && held && held !== failed) return held;
      if (!isAway(error)) throw error;
      this.#saysAway(wanted.file, error);
      const dataset = await openWhenBack(() => this.#openSame(wanted), { error, seconds: follow, signal });
      if (held) this.#opened.push(held);
      open.set(key, dataset);
      return dataset;
    };
  }

  #saysAway(file: string, error: unknown): void {
    const { follow, warn } = this.#options;
    if (this.#awayFile !== file) warn(`${messageOf(error)}; the run waits up to ${follow} s for it`);
    this.#awayFile = file;
  }

  /** The frames in order, without those that are finished. */
  async *#numbered(isDone: IsDone): AsyncGenerator<Numbered> {
    const { serialStart, selection, follow } = this.#options;
    // Those that were opened for the first frames are no longer searched.
    for (const dataset of this.#opened.splice(0)) await dataset.dispose();
    const { end } = selection.range;
    let position = 0;
    const taken = function* (wanted: FrameSpec, frames: readonly number[], known: number): Generator<Numbered> {
      let held: Numbered | undefined;
      for (const frame of frames) {
        if (position >= end) break;
        const serial = serialStart + position;
        if (!isSelected(selection, position++)) continue;
        if (isDone(serial, wanted.file, frame)) continue;
        if (held) yield held;
        held = { wanted, frame, serial, known };
      }
      if (held) yield { ...held, isLast: true };
    };
    if (follow === undefined) {
      for await (const wanted of this.#all()) {
        // A file that cannot be opened is yielded as well; searching it reports the reason.
        const count = (await this.#count(wanted)) ?? 1;
        yield* taken(wanted, wanted.frames ?? counting(0, count), wanted.frames ? 0 : count);
        if (position >= end) return;
      }
      return;
    }
    for await (const { wanted, from, count } of this.#arrivals(follow)) {
      const arrived = [...taken(wanted, counting(from, count), count)];
      this.#found += arrived.length;
      this.#taken.set(wanted.file, count);
      yield* arrived;
      if (position >= end) return;
    }
    this.#tellUnsearched();
  }

  /** Says of files that have gone how many frames had been counted in them, for tuning, and not been searched. */
  #tellUnsearched(): void {
    const { gone, replaced } = this;
    for (const [file, count] of this.#counted) {
      const left = count - (this.#taken.get(file) ?? 0);
      if (left <= 0 || !(replaced.includes(file) || gone.includes(file))) continue;
      this.#options.warn(`${file}: ${counted(left, 'frame')} of it had not been searched when it went`, true);
    }
  }

  /** The first frames of followed files: the present ones, and all that arrive in time. */
  async *#firstArriving(
    most: number,
    idleSeconds: number,
    seconds: number,
  ): AsyncGenerator<{ dataset: Dataset; frames: number[] }> {
    this.#firstSince ??= performance.now();
    const until = this.#firstSince + 1000 * seconds;
    let left = most;
    let position = 0;
    for await (const { wanted, from, count } of this.#arrivals(idleSeconds, until)) {
      const before = position;
      position += count - from;
      const isFirst = wanted.file === this.#firstFile && this.first.frames >= count;
      const dataset = isFirst
        ? this.first
        : await this.#openKnown(wanted, count, this.#options.signal).catch(() => undefined);
      if (!dataset) continue;
      if (!isFirst && !wanted.dataset) this.#opened.push(dataset);
      const frames = this.#chosen(counting(from, count), before).slice(0, left);
      left -= frames.length;
      yield { dataset, frames };
      if (left === 0 || position >= this.#options.selection.range.end) return;
    }
  }

  /**
   * Frames `from` … `count` of files that grow or appear, in the order in which they arrive, until none has arrived for
   * some seconds, or after the time `until`. A file that cannot be opened may still be being written; if it has not
   * grown for those seconds, it is passed on as one frame, whose search reports the reason.
   */
  async *#arrivals(seconds: number, until = Number.POSITIVE_INFINITY): AsyncGenerator<Arrival> {
    const { signal, wanted } = this.#options;
    const { files } = this.#place;
    const seen = new Map<string, number>();
    /** Sizes, and what changes when a file of the same size is another one. */
    const sizes = new Map<string, { readonly bytes: number; readonly stamp: string | undefined }>();
    /** Files that cannot be read to their end, and since when they have been as they are. */
    const unreadable = new Map<string, { wanted: FrameSpec; state: string; since: number }>();
    const damaged = new Set<string>();
    const opened = new Map<string, FrameSpec>();
    const looked = awaited(seconds);
    let idleSince = 0;
    /** A file that has not changed for the time is not whole: what can be read of it is, and the rest is reported. */
    const givenUp = async (wanted: FrameSpec): Promise<Arrival> => {
      const { file } = wanted;
      damaged.add(file);
      this.#counts.delete(file);
      const from = seen.get(file) ?? 0;
      const count = (await this.#count(wanted, true)) ?? from;
      seen.set(file, count);
      return { wanted, from, count: Math.max(count, from + 1) };
    };
    while (!signal?.aborted && looked.look() - idleSince < 1000 * seconds) {
      for (const { wanted, since } of [...unreadable.values()])
        if (!damaged.has(wanted.file) && looked.ms - since >= 1000 * seconds) yield await givenUp(wanted);
      const known = new Set(seen.keys());
      const listed = isList(wanted) ? await this.#look(wanted, known, seconds) : this.#files;
      this.#unopened = listed.filter(({ file }) => !seen.has(file) && !unreadable.has(file)).length;
      for (const wanted of listed) {
        const { file } = wanted;
        if (!seen.has(file) && !unreadable.has(file)) this.#unopened--;
        // A file that is being written grows: it is examined when its size has changed, and all frames that it contains
        // so far are read.
        const bytes = (await files?.sizeOf(file)) ?? 0;
        if (bytes === 0 || this.#seenFrames.isReplaced(file)) continue;
        const stamp = await files?.stampOf(file);
        const size = sizes.get(file);
        if (seen.has(file) && size?.bytes === bytes && size.stamp === stamp) continue;
        const before = unreadable.get(file);
        const state = stamp ?? String(bytes);
        if (damaged.has(file) && before?.state === state) continue;
        this.#counts.delete(file);
        const found = await this.#count(wanted);
        if (this.#seenFrames.isReplaced(file)) {
          this.#options.warn(replacedError(file).message);
          continue;
        }
        const isGone = found === undefined && isAway(this.#reason);
        this.#tellPresence(file, !isGone, seconds);
        // It is whole, or will be, on a file system that does not answer.
        if (isGone || this.#folders.has(file)) continue;
        // It went while it was being opened, as with its folder, or by another name.
        if (found === undefined && ((await files?.sizeOf(file)) ?? 1) === 0) continue;
        if (found === undefined && before) this.#saysIncomplete(file, this.#reason, seconds);
        if (found !== undefined) unreadable.delete(file);
        else if (before?.state !== state) {
          // It is being written.
          idleSince = looked.look();
          unreadable.set(file, { wanted, state, since: idleSince });
        }
        const count = found ?? 0;
        const from = seen.get(file) ?? 0;
        opened.set(file, wanted);
        this.#counted.set(file, Math.max(count, this.#counted.get(file) ?? 0));
        if (count > 0) {
          sizes.set(file, { bytes, stamp });
          seen.set(file, count);
        }
        if (count <= from) continue;
        yield { wanted, from, count };
        idleSince = looked.look();
      }
      if (this.#isGivenUp) break;
      const left = until - performance.now();
      if (left <= 0) return;
      await pause(Math.min(pollMs, left), signal);
    }
    if (signal?.aborted) return;
    for (const { wanted } of unreadable.values()) if (!damaged.has(wanted.file)) yield await givenUp(wanted);
    // Those of a series whose last part was cut are seen only now.
    for (const [file, wanted] of opened) {
      if (!this.#cut.has(file)) continue;
      const from = seen.get(file) ?? 0;
      this.#counts.delete(file);
      const count = (await this.#count(wanted, true)) ?? from;
      if (count > from) yield { wanted, from, count };
    }
    for (const [name, texts] of this.#cut)
      for (const text of texts.filter((text) => !this.#told.has(text))) {
        this.#told.add(text);
        this.#options.warn(namedIn(name, text), true);
      }
  }

  /** Says once of a file that the run waits for its end: when two looks have found it unfinished, as they seldom do. */
  #saysIncomplete(file: string, reason: unknown, seconds: number): void {
    const told = `waits for ${file}`;
    if (this.#told.has(told) || this.#told.size >= maxRemarks) return;
    this.#told.add(told);
    const end = Number.isFinite(seconds) ? `, or has not changed for ${seconds} s (--no-data-timeout)` : '';
    this.#options.warn(`${namedIn(file, messageOf(reason))}; the run waits until it is whole${end}`);
  }

  /**
   * The files of what is followed, as `#listed` gives them. Says when a folder or file disappears, such as with its
   * file system, and when it is back.
   */
  async #look(wanted: readonly FrameSpec[], known: ReadonlySet<string>, seconds: number): Promise<FrameSpec[]> {
    const { files } = this.#place;
    const all: FrameSpec[] = [];
    for (const one of wanted) {
      const listed = await this.#listed([one], known).catch(() => undefined);
      all.push(...(listed ?? []));
      if (one.dataset !== undefined || one.input !== undefined || !files) continue;
      const isThere = (await files.isFolder(one.file)) || (await files.sizeOf(one.file)) > 0;
      if (isThere && !this.#present.has(one.file)) this.#present.set(one.file, true);
      if (this.#present.has(one.file)) this.#tellPresence(one.file, isThere && listed !== undefined, seconds);
    }
    return all;
  }

  #tellPresence(file: string, isThere: boolean, seconds: number): void {
    const wasThere = this.#present.get(file) ?? true;
    if (isThere === wasThere) return;
    this.#present.set(file, isThere);
    this.#options.warn(
      isThere
        ? `${file} is back`
        : `${file} has disappeared; the run looks for it until nothing has arrived for ${seconds} s ` +
            '(--no-data-timeout)',
    );
  }

  get #firstFile(): string | undefined {
    return this.#files.find((file) => file.dataset === this.#first || file.file === this.#first?.name)?.file;
  }

  #isGiven(dataset: Dataset): boolean {
    return this.#files.some(
      (file) => file.dataset !== undefined && stacked(file.dataset, this.#options.geometry) === dataset,
    );
  }

  async #at(i: number): Promise<FrameSpec | undefined> {
    while (this.#files.length <= i && this.#more) {
      const value = await this.#next();
      if (!value) return undefined;
      this.#files.push(value);
    }
    return this.#files[i];
  }

  /** The next file of the iterable; undefined at its end. */
  async #next(): Promise<FrameSpec | undefined> {
    this.#arriving ??= this.#more?.next();
    const next = await this.#arriving;
    this.#arriving = undefined;
    return next?.value ?? undefined;
  }

  /** Waits for the next file of the iterable, if there is one, which stays the next one; false if it is late. */
  async #arrivesBefore(time: number): Promise<boolean> {
    if (!this.#more || time === Number.POSITIVE_INFINITY) return true;
    this.#arriving ??= this.#more.next();
    const timer = new AbortController();
    // An error is thrown to the one who takes the file.
    const arrived = this.#arriving.then(
      () => true,
      () => true,
    );
    const late = pause(time - performance.now(), timer.signal).then(() => false);
    return Promise.race([arrived, late]).finally(() => timer.abort());
  }

  /** All files, once each; files of an iterable are not kept after they have been yielded. */
  async *#all(): AsyncGenerator<FrameSpec> {
    yield* this.#files;
    if (!this.#more) return;
    for (let wanted = await this.#next(); wanted; wanted = await this.#next()) {
      this.#files = [...this.#files.slice(0, 1), wanted];
      yield wanted;
    }
  }

  /** The requested files, with folders replaced by their files; files in `known` are not examined again. */
  async #listed(wanted: readonly FrameSpec[], known?: ReadonlySet<string>): Promise<FrameSpec[]> {
    const listed: FrameSpec[] = [];
    const { files } = this.#place;
    for (const one of wanted) {
      const isPath = one.dataset === undefined && one.input === undefined;
      const isFolder = isPath && (await files?.isFolder(one.file));
      if (isFolder) this.#folders.add(one.file);
      // A folder that is missing for a moment is no file: all of its frames would be those of a stack of this name.
      if (!isFolder && !this.#folders.has(one.file)) listed.push(one);
      if (isFolder)
        for (const file of (await files?.framesOf(one.file, known)) ?? []) listed.push({ file, frames: undefined });
    }
    return listed;
  }

  async #begin(): Promise<void> {
    const { follow, signal, wanted } = this.#options;
    const looked = awaited(follow ?? 0);
    let [state, since] = ['', 0];
    for (;;) {
      const first = await this.#at(0);
      try {
        if (!first && this.#more) throw new NoneReadable(noFrames([]), [], true);
        if (!first) throw noFrames(isList(wanted) ? wanted : [], follow !== undefined);
        return await this.#beginWith(await this.#openFirst(first));
      } catch (error) {
        // A followed file may not exist yet.
        if (follow === undefined || !isEwaldError(error)) throw error;
        const now = await this.#states();
        if (now !== state) [state, since] = [now, looked.look()];
        else if (first && isEwaldError(error, 'Format')) this.#saysIncomplete(first.file, error, follow);
        if (looked.look() - since > 1000 * follow) {
          if (!first) throw nothingArrived(error, follow);
          if (!isEwaldError(error, 'Format')) throw error;
          // It stays cut: what can be read of it is searched, and the rest is reported.
          this.#isGivenUp = true;
          const opened = await this.#openFirst(first).catch(() => undefined);
          if (!opened) throw error;
          return this.#beginWith(opened);
        }
        this.#options.waiting?.(error);
        await pause(pollMs, signal);
        checkSignal(signal);
        if (isList(wanted)) this.#files = await this.#listed(wanted);
      }
    }
  }

  async #beginWith({ dataset, wanted }: FirstFile): Promise<void> {
    this.#first = dataset;
    this.#counts.set(wanted.file, dataset.frames);
    if (this.#options.follow !== undefined && !wanted.dataset) await this.#seenFrames.isSame(wanted.file, dataset);
    if (dataset.events) this.#events.set(wanted.file, dataset.events);
  }

  /** What changes when one of the files does. */
  async #states(): Promise<string> {
    const { files } = this.#place;
    return (await Promise.all(this.#files.map(({ file }) => files?.stampOf(file)))).join('\n');
  }

  /** The first file that can be opened; a damaged one is reported when the run reaches it, and does not end the run. */
  async #openFirst(wanted: FrameSpec): Promise<FirstFile> {
    try {
      return { dataset: await this.#openFile(wanted), wanted };
    } catch (error) {
      if (!isEwaldError(error) || !['Format', 'File'].includes(error.tag)) throw error;
      const failed = [{ wanted, error }];
      let isOver = false;
      for (let i = 1; i < maxTried; i++) {
        const next = await this.#at(i);
        isOver = !next;
        if (!next) break;
        if (next.file === wanted.file) continue;
        const dataset = await this.#openFile(next).catch((cause: EwaldError) => {
          failed.push({ wanted: next, error: cause });
        });
        if (dataset) return { dataset, wanted: next };
      }
      throw this.#more ? new NoneReadable(error, failed, isOver) : error;
    }
  }

  /**
   * Frames of a file; undefined if it cannot be opened. Of a file that is followed, the last frame must be readable,
   * unless it `isFinal`: before, the file is not whole, and then it is read as far as it goes.
   */
  async #count(wanted: FrameSpec, isFinal = this.#isGivenUp): Promise<number | undefined> {
    if (wanted.dataset) return wanted.dataset.frames;
    const known = this.#counts.get(wanted.file);
    if (known !== undefined) return known;
    let dataset: Dataset | undefined;
    try {
      const all = Number.POSITIVE_INFINITY;
      dataset = await (isFinal ? this.#openKnown(wanted, all, this.#options.signal) : this.#openFile(wanted));
      if (this.#options.follow !== undefined) await this.#seenFrames.isSame(wanted.file, dataset, isFinal);
    } catch (error) {
      await dataset?.dispose();
      if (!isEwaldError(error) || error.tag === 'Aborted') throw error;
      this.#reason = error;
      return undefined;
    }
    const { frames } = dataset;
    if (dataset.events) this.#events.set(wanted.file, dataset.events);
    await dataset.dispose();
    if (!this.#more) this.#counts.set(wanted.file, frames);
    return frames;
  }

  /** Opens a file as images; an open dataset is used as it is. */
  async #openFile(
    { file, input = file, dataset: given, frames }: FrameSpec,
    { signal, isCut = this.#isGivenUp }: { signal: SourceOptions['signal']; isCut?: boolean } = this.#options,
  ): Promise<Dataset> {
    const {
      geometry,
      dataset: named,
      allowMissing,
      checksums,
      maxFrameBytes,
      allowOutside,
      siblings,
      follow,
    } = this.#options;
    if (given) {
      if (geometry && named === undefined) await refuseOtherDataset(geometry, given);
      return stacked(given, geometry);
    }
    const options = {
      signal,
      allowMissing,
      checksums,
      maxFrameBytes,
      allowOutside,
      growing: follow !== undefined && !isCut,
      ...untilOf(
        frames ? 1 + frames.reduce((most, frame) => Math.max(most, frame), 0) : this.#options.selection.range.end,
      ),
    };
    const dataset = await openStacked(
      (how) => this.#place.open(input, { ...options, ...how }, siblings),
      geometry,
      named,
    );
    this.#tellProblems(dataset, options.growing);
    if (!options.growing || input !== file || !(await this.#place.files?.isFolder(file))) return dataset;
    // It was missing when the files were listed.
    this.#folders.add(file);
    await dataset.dispose();
    throw new EwaldError('File', `${file} is a folder, and was missing before`);
  }

  /** Tells what is wrong with a file, each problem once. A file that was cut makes the results doubtful. */
  #tellProblems({ name, notes, sizes }: Dataset, isOpen: boolean): void {
    const { warn, geometry } = this.#options;
    const cut = [
      ...sizes.flatMap(({ what, expected, found }) =>
        what === bytesOfFile && found < expected ? [`it was cut: it has ${found} bytes of ${expected}`] : [],
      ),
      ...notes.flatMap((note) => (note.isCut ? [note.text] : [])),
    ];
    // What is missing from a file that is open may still come.
    if (isOpen && cut.length > 0) this.#cut.set(name, cut);
    else this.#cut.delete(name);
    const warnings = notes.filter(({ kind, isOfPlace }) => kind === 'warning' && !(geometry && isOfPlace));
    const texts = warnings.map(({ text }) => text).filter((text) => !cut.includes(text));
    for (const text of [...texts, ...(isOpen ? [] : cut)]) {
      if (this.#told.has(text) || this.#told.size >= maxRemarks) continue;
      this.#told.add(text);
      warn(namedIn(name, text), cut.includes(text));
    }
  }

  /** Opens a file of which frames are known; one that is followed may have been cut. */
  #openKnown(wanted: FrameSpec, known: number, signal: SourceOptions['signal']): Promise<Dataset> {
    if (this.#options.follow === undefined || wanted.dataset) return this.#openFile(wanted, { signal });
    return openFollowed((growing) => this.#openFile(wanted, { signal, isCut: !growing }), known);
  }

  /** Opens a file; one that is followed must be the one that was there before. Throws `File` for another one. */
  async #openSame(wanted: FrameSpec, known = 0): Promise<Dataset> {
    const dataset = await this.#openKnown(wanted, known, this.#options.signal);
    if (this.#options.follow === undefined || wanted.dataset) return dataset;
    try {
      await this.#seenFrames.check(wanted.file, dataset);
    } catch (error) {
      await dataset.dispose();
      throw error;
    }
    return dataset;
  }

  /** Records the size and the first bytes of a file, so that `resume` detects another file of the same name. */
  async #identify(file: string): Promise<void> {
    const wanted = this.#files.find((one) => one.file === file);
    // A file that cannot be opened yet may have changed by the next attempt.
    if (!wanted || wanted.dataset || !this.#counts.has(file)) return;
    if (this.identities.some((line) => line.endsWith(` ${file}`))) return;
    const found = await this.#place.headOf(wanted.input ?? file, identifiedBy).catch(() => undefined);
    if (found) this.identities.push(`${found.size} bytes ${hexOf(md5(found.head))} ${file}`);
  }

  /** Leaves out whole files that are given again, by whatever names, and finds frames that a list names twice. */
  async #leaveOutRepeats(): Promise<void> {
    const identities = new Map<string, string>();
    for (const { file, dataset, input } of this.#files)
      if (!dataset && input === undefined && !identities.has(file))
        identities.set(file, (await this.#place.files?.identityOf(file)) ?? file);
    const names = new Map<unknown, string>();
    const { once, remarks } = await givenOnce(
      this.#files,
      ({ file }) => file,
      (wanted) => {
        const { file, frames, dataset, input } = wanted;
        const given = dataset ?? input;
        if (frames || typeof given === 'string') return wanted;
        if (given === undefined) return identities.get(file);
        // Under another name its frames are meant to be others.
        if (!names.has(given)) names.set(given, file);
        return names.get(given) === file ? given : wanted;
      },
    );
    this.#files = [...once];
    this.warnings.push(...remarks.slice(0, maxRemarks));
    const further = remarks.length - maxRemarks;
    if (further > 0) this.warnings.push(`${further} further files are given twice; each is read once`);
    this.#remarkOnFrames(identities);
  }

  /** Finds frames that are given twice, which are searched as often as they are given. */
  #remarkOnFrames(identities: ReadonlyMap<string, string>): void {
    const names = new Map<string, string>();
    const whole = new Set<string>();
    const named = new Set<string>();
    const single = new Map<string, Set<number>>();
    for (const { file, frames, dataset, input } of this.#files) {
      if (this.warnings.length >= maxRemarks) return;
      if (dataset || input !== undefined) continue;
      const identity = identities.get(file) ?? file;
      const other = names.get(identity);
      names.set(identity, other ?? file);
      const known = single.get(identity) ?? new Set();
      single.set(identity, known);
      const again = whole.has(identity) ? (frames ?? [undefined])[0] : frames?.find((frame) => known.has(frame));
      // One remark per file is enough.
      if (named.has(identity)) continue;
      const isRepeated = whole.has(identity) || again !== undefined || (!frames && known.size > 0);
      if (isRepeated) {
        named.add(identity);
        const what = again === undefined ? file : `${file} //${again}`;
        const which = other === undefined || other === file ? '' : `, which is ${other},`;
        this.warnings.push(`${what}${which} is given twice: its frames will be in the stream twice`);
      }
      if (!frames) whole.add(identity);
      const seen = new Set<number>();
      for (const frame of frames ?? []) {
        if (seen.has(frame) && !isRepeated)
          this.warnings.push(`${file} //${frame} is given twice: the frame will be in the stream twice`);
        seen.add(frame);
        known.add(frame);
      }
    }
  }
}

/** The Blob or File that holds the frames; undefined for a path, an address or an open dataset. */
const blobOf = ({ input }: FrameSpec): PlatformBlob | undefined =>
  typeof input === 'object' && 'arrayBuffer' in input ? input : undefined;
const none: FrameSpec = { file: '', frames: undefined };

const isList = (wanted: FileSourceOptions['wanted']): wanted is readonly FrameSpec[] => Array.isArray(wanted);

const namedIn = (name: string, text: string): string => (text.startsWith(name) ? text : `${name}: ${text}`);

const counting = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

const noFrames = (wanted: readonly FrameSpec[], isFollowed = false): EwaldError =>
  new EwaldError(
    'Argument',
    wanted.length > 0
      ? `${wanted.map(({ file }) => file).join(', ')} contains no files of frames` +
          (isFollowed
            ? ' yet; files of unknown formats are passed over'
            : '; pass spot lists individually, or as a pattern')
      : 'the run has no frames; inputs expects a file of frames or more, or { list }',
  );

const noneSelected = ({ range, shard }: Selection, all: number): EwaldError =>
  emptySlice(range, 'the run', all, shard ? `, shard ${shard.index}/${shard.count},` : '');

/** Nothing is wrong with the words of a run that has waited in vain. */
const nothingArrived = (error: EwaldError, seconds: number): EwaldError =>
  new EwaldError('File', `${error.message}; nothing has arrived for ${seconds} s`, { cause: error });
