/**
 * The frames of a run in files or open datasets: for each frame its file, its number in the file, and its serial
 * number. Each file is opened to count its frames; an executor's workers open it again, and this process keeps the
 * first one open.
 */

import { hexOf } from '../../bytes/checksums/check.js';
import { md5 } from '../../bytes/checksums/md5.js';
import type { Dataset } from '../../frames/dataset.js';
import { openBeside } from '../../frames/detector/open-other.js';
import { stacked } from '../../frames/detector/stacked.js';
import { emptySlice } from '../../options/frame-slice.js';
import { EwaldError, isEwaldError, messageOf } from '../../util/errors.js';
import { isAway, isOfFile } from '../../util/file-errors.js';
import type { PlatformBlob, PlatformFile } from '../../util/globals.js';
import { checkSignal } from '../../util/options.js';
import { pause } from '../../util/pace.js';
import { countOf } from '../grid/image-number.js';
import type { RunPlace } from '../inputs/place.js';
import type { FrameJob } from '../one-frame.js';
import { tagged } from '../streams/chunk.js';
import type { SearchTask, SentFile } from '../task.js';
import { awaited, openWhenBack, pollMs } from './away.js';
import { FileList, type WantedFiles } from './file-list.js';
import { FileOpener, type FileOptions } from './file-opener.js';
import { FollowedFiles } from './followed-files.js';
import { rangesOfFiles } from './image-ranges.js';
import { withoutRepeatedFiles } from './repeated-files.js';
import { replacedError } from './same-frames.js';
import { isSelected, type Selection, selectedAmong } from './selection.js';
import type { FrameSpec, IsDone, RunSource, SourceImages } from './source.js';

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

interface FileSourceOptions extends FileOptions {
  readonly wanted: WantedFiles;
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

/** A frame of a file with its serial number; `known` is the number of frames when the file was counted. */
interface Numbered {
  readonly wanted: FrameSpec;
  readonly frame: number;
  readonly serial: number;
  readonly known: number;
  /** The last one of those that are there of its file. */
  readonly isLast?: boolean;
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
  warnings: readonly string[] = [];
  readonly identities: string[] = [];
  total: number | undefined;
  readonly #place: RunPlace;
  readonly #options: FileSourceOptions;
  readonly #list: FileList;
  readonly #opener: FileOpener;
  /** Undefined if all frames are there before the run. */
  readonly #followed: FollowedFiles | undefined;
  #first: Dataset | undefined;
  readonly #opened: Dataset[] = [];
  /** When the first frames were requested for the first time. */
  #firstSince: number | undefined;
  /** The last file that was waited for because its file system did not answer. */
  #awayFile: string | undefined;

  private constructor(place: RunPlace, options: FileSourceOptions) {
    const list = new FileList(place, options.wanted);
    const opener = new FileOpener(place, options, list);
    this.#place = place;
    this.#options = options;
    this.#list = list;
    this.#opener = opener;
    const { follow } = options;
    this.#followed = follow === undefined ? undefined : new FollowedFiles(follow, { place, list, opener, options });
    this.files = list.named && !list.named.some(blobOf) ? undefined : Math.random();
  }

  /** Opens the first file, which describes the detector, and counts frames. Throws if it cannot be opened. */
  static async open(place: RunPlace, options: FileSourceOptions): Promise<FileSource> {
    const source = new FileSource(place, options);
    try {
      await source.#list.refresh();
      await source.#begin();
      if (source.isListed) await source.#survey();
      return source;
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  /** Finds which frames there are, before any is searched. */
  async #survey(): Promise<void> {
    const { selection } = this.#options;
    await this.#findEvents();
    const { files, remarks } = await withoutRepeatedFiles(this.#list.known, this.#place);
    this.#list.known = files;
    this.warnings = remarks;
    if (files.length <= countedFirst) {
      let all = 0;
      for (const wanted of files) all += wanted.frames?.length ?? (await this.#opener.count(wanted)) ?? 1;
      this.total = selectedAmong(selection, all);
      if (this.total === 0 && all > 0) throw noneSelected(selection, all);
    }
    for (const { file } of files.slice(0, countedFirst)) await this.#identify(file);
  }

  get isListed(): boolean {
    return !this.#followed && !this.#list.isOpen;
  }

  get isOneFile(): boolean {
    return this.isListed && this.#list.known.length === 1;
  }

  get images(): SourceImages {
    const { known } = this.#list;
    const count = countOf(this.first, known.length);
    const { selection } = this.#options;
    const framesOf = (file: string): number | undefined => this.#opener.counts.get(file);
    return {
      count,
      ranges: rangesOfFiles(known, { count, selection, framesOf, first: this.first, isOpen: !this.isListed }),
    };
  }

  get arrived(): number | undefined {
    return this.#followed?.arrived;
  }

  /** The event of a frame as streams write it; of frames in groups, it is known when their file has been counted. */
  eventOf(file: string, frame: number): string {
    return this.#opener.events.get(file)?.[frame] ?? `//${frame}`;
  }

  /** Finds the numbers of frames that a list names by the groups that they are in. Throws `Format` for an unknown one. */
  async #findEvents(): Promise<void> {
    for (const wanted of this.#list.known) {
      const { file, events } = wanted;
      if (!events) continue;
      // Frames of a file that cannot be opened are reported when the run reaches them.
      if ((await this.#opener.count(wanted)) === undefined) {
        wanted.frames = counting(0, events.length);
        continue;
      }
      const there = new Map((this.#opener.events.get(file) ?? []).map((event, frame) => [event, frame]));
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
    const tagged = this.#opener.events.get(file)?.indexOf(event) ?? -1;
    const frame = tagged >= 0 ? tagged : Number(/^\/\/(\d+)$/.exec(event)?.[1] ?? 'x');
    // Of a file that has not been opened yet, events in groups have no number.
    if (Number.isNaN(frame)) return;
    if (!this.#opener.seenFrames.expect(file, frame, sum)) this.#options.warn(replacedError(file).message);
  }

  get gone(): readonly string[] {
    return this.#followed?.gone ?? [];
  }

  get replaced(): readonly string[] {
    return this.#opener.seenFrames.replaced;
  }

  readonly changes = (): Promise<readonly string[]> => this.#opener.changes();

  changesOf(file: string): Promise<readonly string[]> {
    return this.#opener.changesOf(file);
  }

  get first(): Dataset {
    if (!this.#first) throw new EwaldError('Internal', 'the run has no first file');
    return this.#first;
  }

  readonly patient = <T>(work: () => Promise<T>): Promise<T> =>
    work().catch(async (error) => {
      const { follow, signal } = this.#options;
      const first = this.#firstSpec;
      if (follow === undefined || !first || first.dataset || !isOfFile(error)) throw error;
      const wait = (reason: unknown): never => {
        this.#sayAway(first.file, reason);
        throw reason;
      };
      const again = async (): Promise<T> => {
        await (await this.#opener.open(first).catch(wait)).dispose();
        return work();
      };
      return openWhenBack(again, { error, seconds: follow, signal });
    });

  readonly openOther = async (file: string, path: string): Promise<Dataset> => {
    const { allowMissing, checksums, maxFrameBytes, allowOutside, siblings } = this.#options;
    const wanted = this.#list.find(file);
    // An open dataset opens its companion files itself; files passed by the caller are found by name.
    if (wanted?.dataset) return openBeside(wanted.dataset)(wanted.dataset.name, path);
    const input = wanted?.input ?? siblings?.find(({ name }) => name === file.replace(/^.*\//, ''));
    const isGiven =
      this.#list.known.some((file) => file.dataset || blobOf(file)) || siblings?.length || !this.#place.files;
    if (!wanted && input === undefined && isGiven) return openBeside(this.first)(file, path);
    return this.#place.open(
      input ?? file,
      { dataset: path, allowMissing, checksums, maxFrameBytes, allowOutside },
      siblings,
    );
  };

  async reopen(file: string): Promise<Dataset> {
    // Reports of an interrupted run are written after its signal has fired.
    return this.#opener.openKnown(this.#list.findAgain(file), 0, undefined);
  }

  async letGo(dataset: Dataset): Promise<void> {
    if (!this.#isGiven(dataset)) await dataset.dispose();
  }

  async close(): Promise<void> {
    await this.#opener.close();
    for (const dataset of this.#opened.splice(0)) await dataset.dispose();
    if (this.#first && !this.#isGiven(this.#first)) await this.#first.dispose();
    this.#first = undefined;
  }

  async *firstFrames(most: number): AsyncGenerator<{ dataset: Dataset; frames: number[] }> {
    const { isFirstTimed, firstFramesTimeoutS = 0 } = this.#options;
    this.#firstSince ??= performance.now();
    if (this.#followed) {
      yield* this.#firstArriving(this.#followed, most, this.#firstSince + 1000 * firstFramesTimeoutS);
      return;
    }
    const until = this.#firstSince + (isFirstTimed ? 1000 * firstFramesTimeoutS : Number.POSITIVE_INFINITY);
    let left = most;
    let position = 0;
    for (let i = 0; left > 0; i++) {
      if (i >= this.#list.known.length && !(await this.#list.arrivesBefore(until))) return;
      const wanted = await this.#list.at(i);
      if (!wanted) return;
      const { frames, file } = wanted;
      const own = !wanted.dataset && file === this.#firstFile ? this.#first : undefined;
      const dataset = own ?? (await this.#opener.open(wanted).catch(() => undefined));
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
      const seen = this.#opener.seenFrames.sumsOf(file);
      return {
        ...{ file: opened, filename: file, frames, serials, known, sent: this.#sentWith(wanted) },
        ...(seen.length > 0 && { seen }),
      };
    };
    for await (const numbered of this.#numbered(isDone)) {
      batch.push(numbered);
      // The next file may have to be waited for.
      if (batch.length >= size || numbered.isLast) yield task();
    }
  }

  /** The Files that a worker needs for frames of one of them; undefined for paths and addresses. */
  #sentWith(wanted: FrameSpec): readonly SentFile[] | undefined {
    if (!blobOf(wanted)) return undefined;
    const first = this.#firstSpec ?? wanted;
    const searched = new Set(this.#list.known.map(blobOf));
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
      const dataset = held ?? (await this.#opener.openSame(wanted, known));
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
          const sum = this.#opener.seenFrames.sumOf(filename, frame);
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
      this.#sayAway(wanted.file, error);
      const dataset = await openWhenBack(() => this.#opener.openSame(wanted), { error, seconds: follow, signal });
      if (held) this.#opened.push(held);
      open.set(key, dataset);
      return dataset;
    };
  }

  #sayAway(file: string, error: unknown): void {
    const { follow, warn } = this.#options;
    if (this.#awayFile !== file) warn(`${messageOf(error)}; the run waits up to ${follow} s for it`);
    this.#awayFile = file;
  }

  /** The frames in order, without those that are finished. */
  async *#numbered(isDone: IsDone): AsyncGenerator<Numbered> {
    const { serialStart, selection } = this.#options;
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
    if (!this.#followed) {
      for await (const wanted of this.#list.all()) {
        // A file that cannot be opened is yielded as well; searching it reports the reason.
        const count = (await this.#opener.count(wanted)) ?? 1;
        yield* taken(wanted, wanted.frames ?? counting(0, count), wanted.frames ? 0 : count);
        if (position >= end) return;
      }
      return;
    }
    for await (const { wanted, from, count } of this.#followed.arrivals()) {
      const arrived = [...taken(wanted, counting(from, count), count)];
      this.#followed.take(wanted, count, arrived.length);
      yield* arrived;
      if (position >= end) return;
    }
    this.#followed.sayUnsearched();
  }

  /** The first frames of followed files: the present ones, and all that arrive in time. */
  async *#firstArriving(
    followed: FollowedFiles,
    most: number,
    until: number,
  ): AsyncGenerator<{ dataset: Dataset; frames: number[] }> {
    let left = most;
    let position = 0;
    for await (const { wanted, from, count } of followed.arrivals(until)) {
      const before = position;
      position += count - from;
      const isFirst = wanted.file === this.#firstFile && this.first.frames >= count;
      const dataset = isFirst
        ? this.first
        : await this.#opener.openKnown(wanted, count, this.#options.signal).catch(() => undefined);
      if (!dataset) continue;
      if (!isFirst && !wanted.dataset) this.#opened.push(dataset);
      const frames = this.#chosen(counting(from, count), before).slice(0, left);
      left -= frames.length;
      yield { dataset, frames };
      if (left === 0 || position >= this.#options.selection.range.end) return;
    }
  }

  get #firstSpec(): FrameSpec | undefined {
    return this.#list.known.find(({ dataset, file }) => dataset === this.#first || file === this.#first?.name);
  }

  get #firstFile(): string | undefined {
    return this.#firstSpec?.file;
  }

  #isGiven(dataset: Dataset): boolean {
    return this.#list.held.some(
      (file) => file.dataset !== undefined && stacked(file.dataset, this.#options.geometry) === dataset,
    );
  }

  async #begin(): Promise<void> {
    const { follow, signal } = this.#options;
    const looked = awaited(follow ?? 0);
    let [state, since] = ['', 0];
    for (;;) {
      const first = await this.#list.at(0);
      try {
        if (!first && this.#list.isOpen) throw new NoneReadable(noFrames([]), [], true);
        if (!first) throw noFrames(this.#list.named ?? [], follow !== undefined);
        return await this.#beginWith(await this.#openFirst(first));
      } catch (error) {
        // A followed file may not exist yet.
        if (follow === undefined || !isEwaldError(error)) throw error;
        const now = await this.#states();
        if (now !== state) [state, since] = [now, looked.look()];
        else if (first && isEwaldError(error, 'Format')) this.#opener.sayIncomplete(first.file, error, follow);
        if (looked.look() - since > 1000 * follow) {
          if (!first) throw nothingArrived(error, follow);
          if (!isEwaldError(error, 'Format')) throw error;
          // It stays cut: what can be read of it is searched, and the rest is reported.
          this.#opener.isGivenUp = true;
          const opened = await this.#openFirst(first).catch(() => undefined);
          if (!opened) throw error;
          return this.#beginWith(opened);
        }
        this.#options.waiting?.(error);
        await pause(pollMs, signal);
        checkSignal(signal);
        await this.#list.refresh();
      }
    }
  }

  async #beginWith({ dataset, wanted }: FirstFile): Promise<void> {
    this.#first = dataset;
    await this.#opener.remember(wanted, dataset);
  }

  /** What changes when one of the files does. */
  async #states(): Promise<string> {
    const { files } = this.#place;
    return (await Promise.all(this.#list.known.map(({ file }) => files?.stampOf(file)))).join('\n');
  }

  /** The first file that can be opened; a damaged one is reported when the run reaches it, and does not end the run. */
  async #openFirst(wanted: FrameSpec): Promise<FirstFile> {
    try {
      return { dataset: await this.#opener.open(wanted), wanted };
    } catch (error) {
      if (!isEwaldError(error) || !['Format', 'File'].includes(error.tag)) throw error;
      const failed = [{ wanted, error }];
      let isOver = false;
      for (let i = 1; i < maxTried; i++) {
        const next = await this.#list.at(i);
        isOver = !next;
        if (!next) break;
        if (next.file === wanted.file) continue;
        const dataset = await this.#opener.open(next).catch((cause: EwaldError) => {
          failed.push({ wanted: next, error: cause });
        });
        if (dataset) return { dataset, wanted: next };
      }
      throw this.#list.isOpen ? new NoneReadable(error, failed, isOver) : error;
    }
  }

  /** Records the size and the first bytes of a file, so that `resume` detects another file of the same name. */
  async #identify(file: string): Promise<void> {
    const wanted = this.#list.find(file);
    // A file that cannot be opened yet may have changed by the next attempt.
    if (!wanted || wanted.dataset || !this.#opener.counts.has(file)) return;
    if (this.identities.some((line) => line.endsWith(` ${file}`))) return;
    const found = await this.#place.headOf(wanted.input ?? file, identifiedBy).catch(() => undefined);
    if (found) this.identities.push(`${found.size} bytes ${hexOf(md5(found.head))} ${file}`);
  }
}

/** The Blob or File that holds the frames; undefined for a path, an address or an open dataset. */
const blobOf = ({ input }: FrameSpec): PlatformBlob | undefined =>
  typeof input === 'object' && 'arrayBuffer' in input ? input : undefined;
const none: FrameSpec = { file: '', frames: undefined };

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
