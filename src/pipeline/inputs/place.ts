/**
 * The platform services of a run: how files are opened, listed and written. Node and browsers have one implementation
 * each, which the entry points of the package bind to the context; a bundle loads it when a run starts.
 */

import type { ByteSource } from '../../bytes/byte-source.js';
import type { Codecs } from '../../bytes/codecs/codecs.js';
import type { DataInput } from '../../bytes/source-of.js';
import type { KnownCell } from '../../crystal/cell-file.js';
import type { Dataset } from '../../frames/dataset.js';
import type { Output, WriteOptions } from '../../frames/files/write.js';
import type { OpenOptions } from '../../frames/open.js';
import type { OwnBytes, PlatformBlob, PlatformFile, PlatformSignal, PlatformUrl } from '../../util/globals.js';
import type { ShardFolder, ShardFolderOptions } from '../shards/folder.js';
import type { StreamCheck, StreamFile, StreamFileOptions } from '../sinks/stream-file.js';

/** A file given by name or as an object: a path (Node), an address, a File, a Blob or bytes. */
export type FileInput = string | PlatformUrl | PlatformBlob | Uint8Array | ArrayBuffer;

/**
 * Where an output goes: a path (Node; `-` is standard output), or a function that receives it piece by piece, text as
 * UTF-8; the run waits for each call to finish.
 */
export type OutputTarget = string | ((piece: OwnBytes) => void | Promise<void>);

/** Files of a file system, by path. */
export interface PlaceFiles {
  isFolder(path: string): Promise<boolean>;
  /** Files of frames in a folder, sorted by name, without parts of others; files in `known` are not examined again. */
  framesOf(folder: string, known?: ReadonlySet<string>): Promise<string[]>;
  /** Current size of a file in bytes, for a master file with its data files; 0 if it does not exist. */
  sizeOf(path: string): Promise<number>;
  /** Changes when a file, or a data file of a master, is written or replaced; undefined if it does not exist. */
  stampOf(path: string): Promise<string | undefined>;
  /** An identity that all names of one file share; undefined if the file does not exist. */
  identityOf(path: string): Promise<string | undefined>;
  /** Whether both files are there, and `path` got its name or its contents after `other`. */
  isAfter(path: string, other: string): Promise<boolean>;
  /** Removes a stream that ewald wrote, with the results of its frames, and nothing else. */
  removeStream(path: string): Promise<void>;
  /** The absolute path. */
  absolute(path: string): string;
  /** Resolves the name of a file relative to the list that contains it. */
  beside(list: string, file: string): string;
  /** The path of an input; undefined if it is not a file of this machine. */
  pathOf(input: FileInput): string | undefined;
  /** The folder of a path, or of a prefix of paths. */
  folderOf(path: string): string;
  /**
   * Finds named files in these folders: gives the path of the first one that exists, or that could; undefined for a name
   * that leads out of all of them.
   */
  within(folders: readonly string[]): (file: string) => string | undefined;
}

/** Milliseconds of processor time of all threads of a process, and during which its event loop waited, as for files. */
export interface SpentMs {
  readonly processor: number;
  readonly waiting: number;
}

export interface RunPlace {
  /** The name under which an input is opened: an address in a page is absolute, since workers are elsewhere. */
  named(input: string): string;
  /** Opens a file; `siblings` are the files passed along with it. */
  open(input: DataInput, options: OpenOptions, siblings?: readonly PlatformFile[]): Promise<Dataset>;
  /** The files without those that are read through another of them, such as the data files of a master file. */
  mainFiles(files: readonly PlatformFile[]): Promise<readonly PlatformFile[]>;
  /** Whether a file contains frames of a known format. */
  holdsFrames(input: DataInput, signal?: PlatformSignal): Promise<boolean>;
  /** The bytes of a file, which the caller closes. Throws `File`. */
  source(input: DataInput): Promise<ByteSource>;
  /** The size of a file in bytes, and its first bytes, at most `most`. Throws `File`. */
  headOf(
    input: FileInput,
    most: number,
    signal?: PlatformSignal,
  ): Promise<{ readonly size: number; readonly head: Uint8Array }>;
  /** Throws `File`. */
  textOf(input: FileInput, signal?: PlatformSignal): Promise<string>;
  /** The lines of a text, without their ends. Throws `File`. */
  linesOf(input: FileInput): AsyncIterable<string>;
  /** A known cell, given by its numbers or by its file. Throws `Argument`, `Format`. */
  cellOf(given: FileInput, signal?: PlatformSignal): Promise<KnownCell>;
  openCodecs(): Promise<Codecs>;
  /** Rejects outputs that have one name. Throws `Argument`. */
  refuseSame(targets: readonly OutputTarget[]): Promise<void>;
  /** Rejects early what `openOutput` would reject. */
  checkOutput(target: OutputTarget, options: WriteOptions): Promise<void>;
  openOutput(target: OutputTarget, options: WriteOptions): Promise<Output>;
  /** Rejects early what `openStream` would reject about the file itself, and returns its option `before`. */
  checkStream(target: OutputTarget, options: StreamCheck): Promise<string | undefined>;
  openStream(target: OutputTarget, options: StreamFileOptions): Promise<StreamFile>;
  /** Opens the folder of shards beside a stream; undefined if none can be made; absent in browsers. */
  readonly openShards?: (stream: string, options: ShardFolderOptions) => Promise<ShardFolder | undefined>;
  /** The script of the numbers of a report; absent in browsers, whose reports have pictures alone. */
  readonly numbersScript?: () => Promise<string>;
  /** Cores of this process; undefined in browsers, where frames are not unpacked on other threads. */
  readonly cores: number | undefined;
  /** The memory of the machine or container and what this process uses of it, in bytes; undefined in browsers. */
  readonly memory: { readonly all: number; readonly used: () => number } | undefined;
  /** What this process has used so far, in ms; in browsers, which do not tell, all time counts as the processor's. */
  readonly spentMs: () => SpentMs;
  /** The file system; undefined in browsers. */
  readonly files: PlaceFiles | undefined;
}

/** Loads the place when it is first needed. */
export type LoadPlace = () => Promise<RunPlace>;
