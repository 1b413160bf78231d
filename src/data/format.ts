/** What a file format is to the rest of the room: how it is recognised and how it is opened. One format a file. */
import type { PlatformSignal } from '../base/globals.js';
import type { ByteSource } from './byte-source.js';
import type { Digests } from './checksums/check.js';
import type { Codecs } from './codecs/codecs.js';
import type { Dataset } from './dataset.js';
import type { DataType } from './dtype.js';
import type { ForeignLibrary } from './foreign/foreign.js';

/** Options of `open`; a format takes those it can use and refuses the others by name. */
export interface FormatOptions {
  /** Shape of the scan, such as [128, 128]: its product must be the number of frames. Default: what the file says. */
  readonly navShape?: readonly number[] | undefined;
  /** Shape of a frame, slowest first. Default: what the file says. */
  readonly sigShape?: readonly number[] | undefined;
  /** Element type; raw files need it. */
  readonly dtype?: DataType | undefined;
  /** Byte order of the numbers. Default: what the file says, else 'little'. */
  readonly endian?: 'little' | 'big' | undefined;
  /** Bytes before the first frame (raw). Default 0. */
  readonly offset?: number | undefined;
  /** Bytes before each frame (raw). Default 0. */
  readonly frameHeader?: number | undefined;
  /** Bytes after each frame (raw). Default 0. */
  readonly frameFooter?: number | undefined;
  /**
   * Which axes vary fastest in a raw or DM file: the signal's (default) or the navigation's. HDF5: 'navigation' turns all
   * axes round, as rosettasciio does with EMD files of NCEM.
   */
  readonly order?: 'signal' | 'navigation' | undefined;
  /** Which array of a file that holds several: a name of `arrays`, an HDF5 path or a part of one, or a number from 0. */
  readonly dataset?: string | number | undefined;
  /**
   * Whether checksums that the file carries (CBF's MD5; Fletcher-32, Adler-32 and metadata of HDF5; CRC-32 of zip) are
   * compared; one that differs is a `Format` error of its frame. Default true: damage is silent otherwise.
   */
  readonly checksums?: boolean | undefined;
  /**
   * Largest frame, and largest chunk of a file, in bytes: larger ones are refused with `Limit` before anything is
   * allocated. Default 2³⁰ (1 GiB): the largest cameras have 0.4 GB, and a damaged header may claim any size.
   */
  readonly maxFrameBytes?: number | undefined;
  /** Lets files refer to files outside their folder. Default: refused. */
  readonly allowOutside?: boolean | undefined;
  /** Ends the opening with `Aborted`. */
  readonly signal?: PlatformSignal | undefined;
}

/** That a file is probably of a format. */
export interface Detection {
  /** 0 … 1: 1 a signature nobody else has, 0.5 the structure fits, 0.1 only the ending. */
  readonly confidence: number;
  /** What was seen, in words. */
  readonly why: string;
}

/** What the platform gives to formats that need it. */
export interface Services {
  /** Opens the codecs that chunks are unpacked with; whoever calls disposes them. */
  codecs(): Promise<Codecs>;
  /** Digests as the platform computes them. Default: in JavaScript. */
  readonly digests?: Digests;
  /** Loads the library for what our HDF5 reader does not know. Throws `Load` where there is none. */
  foreign?(): Promise<ForeignLibrary>;
}

/** What detection looks at: the source and its first bytes, read once. */
export interface Probe {
  readonly source: ByteSource;
  /** Ending of the name in lower case, without the dot. */
  readonly ending: string;
  /** The first 4096 bytes, or all of them. */
  readonly head: Uint8Array;
  /** The same as text, a character a byte. */
  readonly text: string;
  readonly signal?: PlatformSignal | undefined;
}

/** A file format. */
export interface Format {
  /** What the option `format` takes. */
  readonly name: string;
  /** What a person calls it. */
  readonly title: string;
  /** Usual endings, lower case, without the dot. */
  readonly endings: readonly string[];
  /** The options it takes beside `navShape`, `maxFrameBytes`, `allowOutside` and `signal`. */
  readonly options: readonly (keyof FormatOptions)[];
  /** Whether a file is of this format; undefined when it is not. Throws nothing for any bytes. */
  detect(probe: Probe): Detection | undefined | Promise<Detection | undefined>;
  /** Opens a file; the dataset closes the source. On an error the caller does. Throws `Format` for other bytes. */
  open(source: ByteSource, options: FormatOptions, services: Services): Promise<Dataset>;
}
