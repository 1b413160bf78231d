/** The files of a run in their order: a list, in which folders are replaced by their files, or an iterable. */

import { EwaldError } from '../../util/errors.js';
import { pause } from '../../util/pace.js';
import type { RunPlace } from '../inputs/place.js';
import type { FrameSpec } from './source.js';

/** The files that are wanted: all of them, or one after the other as they become known. */
export type WantedFiles = readonly FrameSpec[] | AsyncGenerator<FrameSpec, void, undefined>;

/** Files of an iterable that are no paths and can be found again: more than are under way at once. */
const mostFoundAgain = 256;

const isPath = ({ dataset, input }: FrameSpec): boolean => dataset === undefined && input === undefined;

export class FileList {
  /** The files that are known so far; of an iterable, the first one and those that were asked for last. */
  known: FrameSpec[] = [];
  /** What the caller named, folders included; undefined for an iterable. */
  readonly named: readonly FrameSpec[] | undefined;
  readonly #place: RunPlace;
  /** Files of an iterable, read on demand. */
  readonly #more: AsyncGenerator<FrameSpec, void, undefined> | undefined;
  /** The latest files of an iterable that are no paths, by their names. */
  readonly #latest = new Map<string, FrameSpec>();
  /** The file that was asked of the iterable and has not been taken. */
  #arriving: Promise<IteratorResult<FrameSpec, void>> | undefined;
  /** Paths of the caller that are folders, or have been. */
  readonly #folders = new Set<string>();

  constructor(place: RunPlace, wanted: WantedFiles) {
    this.#place = place;
    this.named = isList(wanted) ? wanted : undefined;
    this.#more = isList(wanted) ? undefined : wanted;
  }

  /** Whether its files come from an iterable, which may have further ones. */
  get isOpen(): boolean {
    return this.#more !== undefined;
  }

  /** The files that are held. */
  get held(): readonly FrameSpec[] {
    return [...this.known, ...this.#latest.values()];
  }

  find(file: string): FrameSpec | undefined {
    return this.known.find((frameSpec) => frameSpec.file === file) ?? this.#latest.get(file);
  }

  /** The same, for a file whose frames were read. Throws `File` for one of an iterable that is no path and was let go. */
  findAgain(file: string): FrameSpec {
    const found = this.find(file);
    if (found) return found;
    // Its name may be that of another file.
    if (this.#latest.size > 0)
      throw new EwaldError(
        'File',
        `${file} was given as an object, and is no longer held: of an iterable the latest ${mostFoundAgain} are. Give paths, or ` +
          'an array of the files',
        { detail: { path: file } },
      );
    return { file, frames: undefined };
  }

  /** Whether a path is a folder, or has been; one that was missing when the files were listed is remembered. */
  async isFolder(file: string, looksAgain = false): Promise<boolean> {
    if (looksAgain && (await this.#place.files?.isFolder(file))) this.#folders.add(file);
    return this.#folders.has(file);
  }

  /** Looks again for the files of a list. */
  async refresh(): Promise<void> {
    if (this.named) this.known = await this.filesOf(this.named);
  }

  /** What was named, with folders replaced by their files; files in `known` are not examined again. */
  async filesOf(named: readonly FrameSpec[], known?: ReadonlySet<string>): Promise<FrameSpec[]> {
    const listed: FrameSpec[] = [];
    const { files } = this.#place;
    for (const frameSpec of named) {
      const isFolder = isPath(frameSpec) && (await files?.isFolder(frameSpec.file));
      if (isFolder) this.#folders.add(frameSpec.file);
      // A folder that is missing for a moment is no file: all of its frames would be those of a stack of this name.
      if (!isFolder && !this.#folders.has(frameSpec.file)) listed.push(frameSpec);
      if (isFolder)
        for (const file of (await files?.framesOf(frameSpec.file, known)) ?? [])
          listed.push({ file, frames: undefined });
    }
    return listed;
  }

  /** The file at a position, for which that of an iterable is waited for; undefined at the end. */
  async at(i: number): Promise<FrameSpec | undefined> {
    while (this.known.length <= i && this.#more) {
      const value = await this.#next();
      if (!value) return undefined;
      this.known.push(value);
    }
    return this.known[i];
  }

  /** Waits for the file after the known ones, if there is one, which stays the next one; false if it is late. */
  async arrivesBefore(time: number): Promise<boolean> {
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
  async *all(): AsyncGenerator<FrameSpec> {
    yield* this.known;
    if (!this.#more) return;
    for (let wanted = await this.#next(); wanted; wanted = await this.#next()) {
      this.known = [...this.known.slice(0, 1), wanted];
      yield wanted;
    }
  }

  /** The next file of the iterable; undefined at its end. */
  async #next(): Promise<FrameSpec | undefined> {
    this.#arriving ??= this.#more?.next();
    const next = await this.#arriving;
    this.#arriving = undefined;
    const frameSpec = next?.value ?? undefined;
    if (frameSpec && !isPath(frameSpec)) {
      this.#latest.delete(frameSpec.file);
      this.#latest.set(frameSpec.file, frameSpec);
      for (const name of this.#latest.keys()) if (this.#latest.size > mostFoundAgain) this.#latest.delete(name);
    }
    return frameSpec;
  }
}

const isList = (wanted: WantedFiles): wanted is readonly FrameSpec[] => Array.isArray(wanted);
