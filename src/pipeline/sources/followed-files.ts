/** Frames of files that grow or appear while a run searches them, and of folders in which files appear. */

import { counted } from '../../util/amounts.js';
import { isAway } from '../../util/file-errors.js';
import { pause } from '../../util/pace.js';
import type { RunPlace } from '../inputs/place.js';
import { awaited, pollMs } from './away.js';
import type { FileList } from './file-list.js';
import type { FileOpener } from './file-opener.js';
import { replacedError } from './same-frames.js';
import type { FrameSpec, SourceOptions } from './source.js';

/** Frames `from` … `count` of a file that is followed. */
interface Arrival {
  readonly wanted: FrameSpec;
  readonly from: number;
  readonly count: number;
}

export class FollowedFiles {
  readonly #place: RunPlace;
  readonly #list: FileList;
  readonly #opener: FileOpener;
  readonly #options: Pick<SourceOptions, 'signal' | 'warn'>;
  /** Seconds without new frames after which the run ends. */
  readonly #seconds: number;
  /** What was there: whether it is now. */
  readonly #present = new Map<string, boolean>();
  /** Most frames that were counted in files, and those of them that are searched. */
  readonly #counted = new Map<string, number>();
  readonly #taken = new Map<string, number>();
  /** Frames that were found so far, and files that no frame has been counted in yet. */
  #found = 0;
  #unopened = 0;

  constructor(
    seconds: number,
    {
      place,
      list,
      opener,
      options,
    }: {
      readonly place: RunPlace;
      readonly list: FileList;
      readonly opener: FileOpener;
      readonly options: Pick<SourceOptions, 'signal' | 'warn'>;
    },
  ) {
    this.#seconds = seconds;
    this.#place = place;
    this.#list = list;
    this.#opener = opener;
    this.#options = options;
  }

  /** Frames that have arrived so far; a file that has not been opened counts as one. */
  get arrived(): number {
    return this.#found + this.#unopened;
  }

  /** Files and folders that have disappeared. */
  get gone(): readonly string[] {
    return [...this.#present].flatMap(([path, isThere]) => (isThere ? [] : [path]));
  }

  /** Records that the first frames of a file are searched, of which `searched` belong to the run. */
  take({ file }: FrameSpec, count: number, searched: number): void {
    this.#found += searched;
    this.#taken.set(file, count);
  }

  /** Says of files that have gone how many frames had been counted in them, for tuning, and not been searched. */
  sayUnsearched(): void {
    const gone = [...this.gone, ...this.#opener.seenFrames.replaced];
    for (const [file, count] of this.#counted) {
      const left = count - (this.#taken.get(file) ?? 0);
      if (left <= 0 || !gone.includes(file)) continue;
      this.#options.warn(`${file}: ${counted(left, 'frame')} of it had not been searched when it went`, true);
    }
  }

  /**
   * Frames `from` … `count` of files, in the order in which they arrive, until none has arrived for the seconds of the
   * run, or after the time `until`. A file that cannot be opened may still be being written; if it has not grown for
   * those seconds, it is passed on as one frame, whose search reports the reason.
   */
  async *arrivals(until = Number.POSITIVE_INFINITY): AsyncGenerator<Arrival> {
    const { signal, warn } = this.#options;
    const { files } = this.#place;
    const [list, opener, seconds] = [this.#list, this.#opener, this.#seconds];
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
      opener.counts.delete(file);
      const from = seen.get(file) ?? 0;
      const count = (await opener.count(wanted, true)) ?? from;
      seen.set(file, count);
      return { wanted, from, count: Math.max(count, from + 1) };
    };
    while (!signal?.aborted && looked.look() - idleSince < 1000 * seconds) {
      for (const { wanted, since } of [...unreadable.values()])
        if (!damaged.has(wanted.file) && looked.ms - since >= 1000 * seconds) yield await givenUp(wanted);
      const listed = list.named ? await this.#look(list.named, new Set(seen.keys())) : list.known;
      this.#unopened = listed.filter(({ file }) => !seen.has(file) && !unreadable.has(file)).length;
      for (const wanted of listed) {
        const { file } = wanted;
        if (!seen.has(file) && !unreadable.has(file)) this.#unopened--;
        // A file that is being written grows: it is examined when its size has changed, and all frames that it contains
        // so far are read.
        const bytes = (await files?.sizeOf(file)) ?? 0;
        if (bytes === 0 || opener.seenFrames.isReplaced(file)) continue;
        const stamp = await files?.stampOf(file);
        const size = sizes.get(file);
        if (seen.has(file) && size?.bytes === bytes && size.stamp === stamp) continue;
        const before = unreadable.get(file);
        const state = stamp ?? String(bytes);
        if (damaged.has(file) && before?.state === state) continue;
        opener.counts.delete(file);
        const found = await opener.count(wanted);
        if (opener.seenFrames.isReplaced(file)) {
          warn(replacedError(file).message);
          continue;
        }
        const isGone = found === undefined && isAway(opener.reason);
        this.#sayPresence(file, !isGone);
        // It is whole, or will be, on a file system that does not answer.
        if (isGone || (await list.isFolder(file))) continue;
        // It went while it was being opened, as with its folder, or by another name.
        if (found === undefined && ((await files?.sizeOf(file)) ?? 1) === 0) continue;
        if (found === undefined && before) opener.sayIncomplete(file, opener.reason, seconds);
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
      if (opener.isGivenUp) break;
      const left = until - performance.now();
      if (left <= 0) return;
      await pause(Math.min(pollMs, left), signal);
    }
    if (signal?.aborted) return;
    for (const { wanted } of unreadable.values()) if (!damaged.has(wanted.file)) yield await givenUp(wanted);
    // Those of a series whose last part was cut are seen only now.
    for (const [file, wanted] of opened) {
      if (!opener.cut.has(file)) continue;
      const from = seen.get(file) ?? 0;
      opener.counts.delete(file);
      const count = (await opener.count(wanted, true)) ?? from;
      if (count > from) yield { wanted, from, count };
    }
    opener.sayCut();
  }

  /** The files of what is followed. Says when a folder or file disappears, such as with its file system, or is back. */
  async #look(named: readonly FrameSpec[], known: ReadonlySet<string>): Promise<FrameSpec[]> {
    const { files } = this.#place;
    const all: FrameSpec[] = [];
    for (const frameSpec of named) {
      const listed = await this.#list.filesOf([frameSpec], known).catch(() => undefined);
      all.push(...(listed ?? []));
      if (frameSpec.dataset !== undefined || frameSpec.input !== undefined || !files) continue;
      const isThere = (await files.isFolder(frameSpec.file)) || (await files.sizeOf(frameSpec.file)) > 0;
      if (isThere && !this.#present.has(frameSpec.file)) this.#present.set(frameSpec.file, true);
      if (this.#present.has(frameSpec.file)) this.#sayPresence(frameSpec.file, isThere && listed !== undefined);
    }
    return all;
  }

  #sayPresence(file: string, isThere: boolean): void {
    const wasThere = this.#present.get(file) ?? true;
    if (isThere === wasThere) return;
    this.#present.set(file, isThere);
    this.#options.warn(
      isThere
        ? `${file} is back`
        : `${file} has disappeared; the run looks for it until nothing has arrived for ${this.#seconds} s ` +
            '(--no-data-timeout)',
    );
  }
}
