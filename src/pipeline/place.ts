/**
 * The platform services of a run: how files are opened, listed and written. Node and browsers have one implementation
 * each, which the entries of the package bind to the context; a bundle loads it when a run starts.
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

/** Files of a file system, by path. */
export interface PlaceFiles {
  isFolder(path: string): Promise<boolean>;
  /** Files of frames in a folder, sorted by name, without parts of others. */
  framesOf(folder: string): Promise<string[]>;
  /** Current size of a file in bytes; 0 if it does not exist. */
  sizeOf(path: string): Promise<number>;
  /** The same for all names of one file; undefined if there is none. */
  identityOf(path: string): Promise<string | undefined>;
  /** The path from the root. */
  absolute(path: string): string;
  /** Resolves a name in a list. */
  beside(list: string, file: string): string;
}

export interface RunPlace {
  /** Opens a file; `siblings` are the files passed along with it. */
  open(input: DataInput, options: OpenOptions, siblings?: readonly PlatformFile[]): Promise<Dataset>;
  /** The files, without those that others among them read, such as the data files of a master. */
  mainFiles(files: readonly PlatformFile[]): Promise<readonly PlatformFile[]>;
  /** Whether a file contains frames of a known format. */
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
  /** Rejects early what `openOutput` would reject. */
  checkOutput(target: OutputTarget, options: WriteOptions): Promise<void>;
  openOutput(target: OutputTarget, options: WriteOptions): Promise<Output>;
  /** Rejects early what `openStream` would reject about the file itself. */
  checkStream(target: OutputTarget, options: Pick<StreamFileOptions, 'force' | 'reads'>): Promise<void>;
  openStream(target: OutputTarget, options: StreamFileOptions): Promise<StreamFile>;
  /** Undefined in browsers. */
  readonly files: PlaceFiles | undefined;
}

/** Fetches the place when it is first needed. */
export type LoadPlace = () => Promise<RunPlace>;
