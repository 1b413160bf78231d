/**
 * What a run needs of the place where it runs: how files are opened, listed and written. Node and browsers have one
 * each, which the entries of the package bind to the context; a bundle fetches it when a run begins.
 */
import type { PlatformBlob, PlatformFile, PlatformUrl } from '../base/globals.js';
import type { KnownCell } from '../crystal/cell-file.js';
import type { Codecs } from '../data/codecs/codecs.js';
import type { Dataset } from '../data/dataset.js';
import type { OpenOptions } from '../data/open.js';
import type { DataInput } from '../data/source-of.js';
import type { Output, WriteOptions } from '../files/write.js';
import type { StreamFile, StreamFileOptions } from './sinks/stream-file.js';

/** A file that is named or at hand: a path (Node), an address, a File or a Blob. */
export type FileInput = string | PlatformUrl | PlatformBlob;

/**
 * Where an output goes: a path (Node; `-` is standard output), or a function that receives it piece by piece, text as
 * UTF-8, and is waited for.
 */
export type OutputTarget = string | ((piece: Uint8Array) => void | Promise<void>);

/** Files of a file system, by their paths. */
export interface PlaceFiles {
  isFolder(path: string): Promise<boolean>;
  /** Files of frames in a folder, in the order of their names; parts of others are left out. */
  framesOf(folder: string): Promise<string[]>;
  /** Bytes of a file now; 0 if there is none. */
  sizeOf(path: string): Promise<number>;
  /** The same for all names of one file; undefined if there is none. */
  identityOf(path: string): Promise<string | undefined>;
  /** The path from the root. */
  absolute(path: string): string;
  /** What a name means that stands in a list. */
  beside(list: string, file: string): string;
}

export interface RunPlace {
  /** Opens a file; `siblings` are the files that were given along with it. */
  open(input: DataInput, options: OpenOptions, siblings?: readonly PlatformFile[]): Promise<Dataset>;
  /** The files without those that others among them read, such as the data files of a master. */
  mainFiles(files: readonly PlatformFile[]): Promise<readonly PlatformFile[]>;
  /** Whether it is a file of frames of a known format. */
  holdsFrames(input: DataInput): Promise<boolean>;
  /** The bytes of a file and its first ones, up to `most`. Throws `File`. */
  headOf(input: FileInput, most: number): Promise<{ readonly size: number; readonly head: Uint8Array }>;
  /** Throws `File`. */
  textOf(input: FileInput): Promise<string>;
  /** The lines of a text, without their ends. Throws `File`. */
  linesOf(input: FileInput): AsyncIterable<string>;
  /** A known cell by its numbers or its file. Throws `Argument`, `Format`. */
  cellOf(given: FileInput): Promise<KnownCell>;
  openCodecs(): Promise<Codecs>;
  /** Refuses early what `openOutput` would refuse. */
  checkOutput(target: OutputTarget, options: WriteOptions): Promise<void>;
  openOutput(target: OutputTarget, options: WriteOptions): Promise<Output>;
  /** Refuses early what `openStream` would refuse of the file itself. */
  checkStream(target: OutputTarget, options: Pick<StreamFileOptions, 'force' | 'reads'>): Promise<void>;
  openStream(target: OutputTarget, options: StreamFileOptions): Promise<StreamFile>;
  /** Undefined in browsers. */
  readonly files: PlaceFiles | undefined;
}

/** Fetches the place when it is first needed. */
export type LoadPlace = () => Promise<RunPlace>;
