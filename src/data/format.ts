/** The interface of a file format: how it is recognised and opened. Each format has a separate file. */
import type { PlatformSignal } from '../base/globals.js';
import type { ByteSource } from './byte-source.js';
import type { Digests } from './checksums/check.js';
import type { Codecs } from './codecs/codecs.js';
import type { Dataset } from './dataset.js';
import type { DataType } from './dtype.js';
import type { ForeignLibrary } from './foreign/foreign.js';

/** Options of `open`. A format accepts those that apply to it and rejects the others by name. */
export interface FormatOptions {
  /** Shape of the scan, such as [128, 128]: its product must be the number of frames. Default: stated by the file. */
  readonly navShape?: readonly number[] | undefined;
  /** Shape of a frame, slowest axis first. Default: stated by the file. */
  readonly sigShape?: readonly number[] | undefined;
  /** Element type; required for raw files. */
  readonly dtype?: DataType | undefined;
  /** Byte order of the numbers. Default: stated by the file, otherwise 'little'. */
  readonly endian?: 'little' | 'big' | undefined;
  /** Bytes before the first frame (raw). Default 0. */
  readonly offset?: number | undefined;
  /** Bytes before each frame (raw). Default 0. */
  readonly frameHeader?: number | undefined;
  /** Bytes after each frame (raw). Default 0. */
  readonly frameFooter?: number | undefined;
  /**
   * Which axes vary fastest in a raw or DM file: those of the signal (default) or of the navigation. HDF5: 'navigation'
   * reverses all axes, as rosettasciio does with EMD files of NCEM.
   */
  readonly order?: 'signal' | 'navigation' | undefined;
  /**
   * Which array to open if the file contains several: a name from `arrays`, an HDF5 path or part of one, or a number
   * from 0.
   */
  readonly dataset?: string | number | undefined;
  /**
   * Whether checksums in the file (CBF's MD5; Fletcher-32, Adler-32 and metadata of HDF5; CRC-32 of zip) are verified;
   * a mismatch is a `Format` error of its frame. Default true, because damage would otherwise go unnoticed.
   */
  readonly checksums?: boolean | undefined;
  /**
   * Largest frame, and largest chunk of a file, in bytes: larger ones are rejected with `Limit` before anything is
   * allocated. Default 2³⁰ (1 GiB): the largest cameras have 0.4 GB, and a damaged header may claim any size. A file
   * that is compressed as a whole (.gz, .bz2) may have as many bytes after decompression.
   */
  readonly maxFrameBytes?: number | undefined;
  /** Allows files to refer to files outside their folder. Default false. */
  readonly allowOutside?: boolean | undefined;
  /** Aborts opening with `Aborted`. */
  readonly signal?: PlatformSignal | undefined;
}

/** Evidence that a file has a certain format. */
export interface Detection {
  /** 0 … 1: 1 for a unique signature, 0.5 if the structure fits, 0.1 if only the ending does. */
  readonly confidence: number;
  /** The evidence, for people to read. */
  readonly why: string;
}

/** What the platform provides to the formats. */
export interface Services {
  /** Opens the codecs that unpack chunks; the caller disposes them. */
  codecs(): Promise<Codecs>;
  /** Digests by the platform. Default: in JavaScript. */
  readonly digests?: Digests;
  /** Loads the library for HDF5 features that ewald's own reader lacks. Throws `Load` if there is none. */
  foreign?(): Promise<ForeignLibrary>;
}

/** What detection examines: the source and its first bytes, read once. */
export interface Probe {
  readonly source: ByteSource;
  /** Ending of the name in lower case, without the dot. */
  readonly ending: string;
  /** The first 4096 bytes, or all of them. */
  readonly head: Uint8Array;
  /** The same as text, one character per byte. */
  readonly text: string;
  readonly signal?: PlatformSignal | undefined;
}

/** A file format. */
export interface Format {
  /** Value for the option `format`. */
  readonly name: string;
  /** Human-readable name. */
  readonly title: string;
  /** Usual endings, lower case, without the dot. */
  readonly endings: readonly string[];
  /** The options it accepts in addition to `navShape`, `maxFrameBytes`, `allowOutside` and `signal`. */
  readonly options: readonly (keyof FormatOptions)[];
  /** Whether a file has this format; undefined if not. Never throws, whatever the bytes are. */
  detect(probe: Probe): Detection | undefined | Promise<Detection | undefined>;
  /**
   * Opens a file; the dataset closes the source, or the caller does after an error. Throws `Format` for other bytes.
   */
  open(source: ByteSource, options: FormatOptions, services: Services): Promise<Dataset>;
}
