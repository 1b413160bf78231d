/** Opens the files of a run as stacks of images, counts their frames, and says what is wrong with them. */

import { bytesOfFile } from '../../frames/cut-files.js';
import { changedFiles, type Dataset } from '../../frames/dataset.js';
import { refuseOtherDataset } from '../../frames/detector/geometry-dataset.js';
import { openStacked, stacked } from '../../frames/detector/stacked.js';
import { untilOf } from '../../options/frame-slice.js';
import { EwaldError, isEwaldError, messageOf } from '../../util/errors.js';
import type { PlatformFile } from '../../util/globals.js';
import type { RunPlace } from '../inputs/place.js';
import type { FileList } from './file-list.js';
import { openFollowed } from './open-followed.js';
import { OtherFiles } from './other-files.js';
import { refuseRaw } from './raw-options.js';
import { SeenFrames } from './same-frames.js';
import type { Selection } from './selection.js';
import type { FrameSpec, SourceOptions } from './source.js';

export interface FileOptions extends SourceOptions {
  readonly selection: Selection;
  /** Seconds without new frames after which a followed run ends; undefined if nothing is followed. */
  readonly follow: number | undefined;
  /** Files passed by the caller, among which companion files are looked up. */
  readonly siblings?: readonly PlatformFile[];
}

/** Maximum number of remarks on problems of files. */
const maxRemarks = 4;

/** Frames of a file that takes a look of its own, beside which that at the file's date is nothing. */
const manyFrames = 256;

export class FileOpener {
  /** Numbers of frames by file. */
  readonly counts = new Map<string, number>();
  /** Events of frames in groups, by file. */
  readonly events = new Map<string, readonly string[]>();
  /** What the files that are followed began with. */
  readonly seenFrames = new SeenFrames();
  /** What is missing at the end of files that are followed, as they were opened last. */
  readonly cut = new Map<string, readonly string[]>();
  /** Why the last file whose frames could not be counted cannot be opened. */
  reason: unknown;
  /** Whether none of the files became whole in time: they are read as far as they go, and not waited for again. */
  isGivenUp = false;
  readonly #place: RunPlace;
  readonly #options: FileOptions;
  readonly #list: FileList;
  /** What tells how files have changed that are not followed. */
  readonly #changes = new Map<string, NonNullable<Dataset[typeof changedFiles]>>();
  /** Problems of files that have been told. */
  readonly #told = new Set<string>();
  /** What the files state whose detector is not that of the first one, beside a geometry for all of them. */
  readonly #others: OtherFiles | undefined;
  /** The file whose frames were counted last, still open: mostly it is the one that is searched next. */
  #counted: { readonly wanted: FrameSpec; readonly dataset: Dataset } | undefined;

  constructor(place: RunPlace, options: FileOptions, list: FileList) {
    this.#place = place;
    this.#options = options;
    this.#list = list;
    const { geometry } = options;
    if (geometry) this.#others = new OtherFiles(geometry, options.warn);
  }

  /** Closes what is open without being used. */
  async close(): Promise<void> {
    const counted = this.#counted;
    this.#counted = undefined;
    await counted?.dataset.dispose();
  }

  /** Opens a file as images; an open dataset is used as it is. */
  async open(
    wanted: FrameSpec,
    { signal, isCut = this.isGivenUp }: { signal: SourceOptions['signal']; isCut?: boolean } = this.#options,
  ): Promise<Dataset> {
    const { file, input = file, dataset: given, frames } = wanted;
    const { geometry, dataset: named, siblings, follow, selection } = this.#options;
    const counted = this.#counted;
    if (counted?.wanted === wanted) {
      this.#counted = undefined;
      return counted.dataset;
    }
    if (given) {
      refuseRaw(this.#options.raw, 'a dataset that is open already');
      this.#watch(file, given);
      if (geometry && named === undefined) await refuseOtherDataset(geometry, given);
      await this.#others?.look(given);
      return stacked(given, geometry);
    }
    const { thresholdChannel, allowMissing, checksums, maxFrameBytes, allowOutside } = this.#options;
    const growing = follow !== undefined && !isCut;
    const last = frames?.reduce((most, frame) => Math.max(most, frame), 0);
    const until = untilOf(last === undefined ? selection.range.end : 1 + last);
    const options = {
      signal,
      thresholdChannel,
      allowMissing,
      checksums,
      maxFrameBytes,
      allowOutside,
      growing,
      ...this.#options.raw,
      ...until,
    };
    const dataset = await openStacked(
      (how) => this.#place.open(input, { ...options, ...how }, siblings),
      geometry,
      named,
    );
    this.#sayProblems(dataset, growing);
    await this.#others?.look(dataset);
    this.#watch(file, dataset);
    // A folder may have been missing when the files were listed.
    if (!growing || input !== file || !(await this.#list.isFolder(file, true))) return dataset;
    await dataset.dispose();
    throw new EwaldError('File', `${file} is a folder, and was missing before`);
  }

  /** Files that are followed change, and are recognised by their frames. */
  #watch(file: string, dataset: Dataset): void {
    const changes = dataset[changedFiles];
    if (!changes || this.#options.follow !== undefined || this.#changes.has(file)) return;
    this.#changes.set(file, changes);
    // What a format looks for in a large file is found while it is open, and kept.
    if (dataset.frames > manyFrames) changes().catch(() => undefined);
  }

  /** A sentence for each file that is not what it was when it was opened first. */
  async changes(): Promise<readonly string[]> {
    const texts = new Set<string>();
    for (const changes of this.#changes.values()) for (const text of await changes()) texts.add(text);
    return [...texts, ...(this.#others?.texts() ?? [])];
  }

  /** The same of one file, which is then compared with what it is when it is opened again. */
  async changesOf(file: string): Promise<readonly string[]> {
    const texts = (await this.#changes.get(file)?.()) ?? [];
    if (texts.length > 0) this.#changes.delete(file);
    return texts;
  }

  /** Opens a file of which frames are known; one that is followed may have been cut. */
  openKnown(wanted: FrameSpec, known: number, signal: SourceOptions['signal']): Promise<Dataset> {
    if (this.#options.follow === undefined || wanted.dataset) return this.open(wanted, { signal });
    return openFollowed((growing) => this.open(wanted, { signal, isCut: !growing }), known);
  }

  /** Opens a file; one that is followed must be the one that was there before. Throws `File` for another one. */
  async openSame(wanted: FrameSpec, known = 0): Promise<Dataset> {
    const dataset = await this.openKnown(wanted, known, this.#options.signal);
    if (this.#options.follow === undefined || wanted.dataset) return dataset;
    try {
      await this.seenFrames.check(wanted.file, dataset);
    } catch (error) {
      await dataset.dispose();
      throw error;
    }
    return dataset;
  }

  /** Remembers what is known of the first file, which is open. */
  async remember(wanted: FrameSpec, dataset: Dataset): Promise<void> {
    this.counts.set(wanted.file, dataset.frames);
    if (this.#options.follow !== undefined && !wanted.dataset) await this.seenFrames.isSame(wanted.file, dataset);
    if (dataset.events) this.events.set(wanted.file, dataset.events);
  }

  /**
   * Frames of a file; undefined if it cannot be opened. Of a file that is followed, the last frame must be readable,
   * unless it `isFinal`: before, the file is not whole, and then it is read as far as it goes.
   */
  async count(wanted: FrameSpec, isFinal = this.isGivenUp): Promise<number | undefined> {
    if (wanted.dataset) return wanted.dataset.frames;
    const known = this.counts.get(wanted.file);
    if (known !== undefined) return known;
    let dataset: Dataset | undefined;
    try {
      const all = Number.POSITIVE_INFINITY;
      dataset = await (isFinal ? this.openKnown(wanted, all, this.#options.signal) : this.open(wanted));
      if (this.#options.follow !== undefined) await this.seenFrames.isSame(wanted.file, dataset, isFinal);
    } catch (error) {
      await dataset?.dispose();
      if (!isEwaldError(error) || error.tag === 'Aborted') throw error;
      this.reason = error;
      return undefined;
    }
    const { frames } = dataset;
    if (dataset.events) this.events.set(wanted.file, dataset.events);
    if (this.#options.follow === undefined) {
      await this.close();
      this.#counted = { wanted, dataset };
    } else await dataset.dispose();
    if (!this.#list.isOpen) this.counts.set(wanted.file, frames);
    return frames;
  }

  /** Says once of a file that the run waits for its end: when two looks have found it unfinished, as they seldom do. */
  sayIncomplete(file: string, reason: unknown, seconds: number): void {
    const key = `waits for ${file}`;
    if (this.#told.has(key) || this.#told.size >= maxRemarks) return;
    this.#told.add(key);
    const end = Number.isFinite(seconds) ? `, or has not changed for ${seconds} s (--no-data-timeout)` : '';
    this.#options.warn(`${namedIn(file, messageOf(reason))}; the run waits until it is whole${end}`);
  }

  /** Says what is missing at the end of followed files of which no more is expected; results are then doubtful. */
  sayCut(): void {
    for (const [name, texts] of this.cut) for (const text of texts) this.#sayOnce(name, text, true);
  }

  /** Says what is wrong with a file, each problem once. A file that was cut makes the results doubtful. */
  #sayProblems({ name, notes, sizes }: Dataset, isOpen: boolean): void {
    const { geometry } = this.#options;
    const cut = [
      ...sizes.flatMap(({ what, expected, found }) =>
        what === bytesOfFile && found < expected ? [`it was cut: it has ${found} bytes of ${expected}`] : [],
      ),
      ...notes.flatMap((note) => (note.isCut ? [note.text] : [])),
    ];
    // What is missing from a file that is open may still come.
    if (isOpen && cut.length > 0) this.cut.set(name, cut);
    else this.cut.delete(name);
    const warnings = notes.filter(({ kind, isOfPlace }) => kind === 'warning' && !(geometry && isOfPlace));
    const texts = warnings.map(({ text }) => text).filter((text) => !cut.includes(text));
    for (const text of [...texts, ...(isOpen ? [] : cut)])
      if (this.#told.size < maxRemarks) this.#sayOnce(name, text, cut.includes(text));
  }

  #sayOnce(name: string, text: string, isDoubtful: boolean): void {
    if (this.#told.has(text)) return;
    this.#told.add(text);
    this.#options.warn(namedIn(name, text), isDoubtful);
  }
}

const namedIn = (name: string, text: string): string => (text.startsWith(name) ? text : `${name}: ${text}`);
