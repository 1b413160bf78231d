/** The interface of a file format: how it is recognised and opened. Each format has a separate file. */

import type { ByteSource } from '../bytes/byte-source.js';
import type { Digests } from '../bytes/checksums/check.js';
import type { Codecs } from '../bytes/codecs/codecs.js';
import type { PlatformSignal } from '../util/globals.js';
import type { Dataset } from './dataset.js';
import type { OpenParameters } from './parameter-types.js';

/** The names of the formats. */
export type FormatName =
  | 'blo'
  | 'cbf'
  | 'dm'
  | 'edf'
  | 'emi'
  | 'empad'
  | 'frms6'
  | 'hdf5'
  | 'k2is'
  | 'mib'
  | 'mrc'
  | 'npy'
  | 'npz'
  | 'oxd'
  | 'raw'
  | 'raw_csr'
  | 'seq'
  | 'ser'
  | 'smv'
  | 'tiff'
  | 'tvips'
  | 'zarr';

/** Options of `open`. A format accepts those that apply to it and rejects the others by name. */
export interface FormatOptions extends Omit<OpenParameters, 'format'> {
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

/** The services that the platform provides to the formats. */
export interface Services {
  /** Opens the codecs that unpack chunks; the caller disposes them. */
  codecs(): Promise<Codecs>;
  /** Digests by the platform. Default: in JavaScript. */
  readonly digests?: Digests | undefined;
}

/** The data that detection examines: the source and its first bytes, which are read once. */
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
  readonly name: FormatName;
  /** Human-readable name. */
  readonly title: string;
  /** Whether it is read by its description alone: no file that another program or a detector wrote was found. */
  readonly isUnverified?: true;
  /** Usual endings, lower case, without the dot. */
  readonly endings: readonly string[];
  /** The options it accepts in addition to `navShape`, `maxFrameBytes`, `allowOutside` and `signal`. */
  readonly options: readonly (keyof FormatOptions)[];
  /** Whether a file has this format; undefined if not. Never throws, whatever the bytes are. */
  detect(probe: Probe): Detection | undefined | Promise<Detection | undefined>;
  /** The same for what only further reads show; asked if no format is almost sure by the first bytes. */
  readonly search?: (probe: Probe) => Promise<Detection | undefined>;
  /** Whether a file is read together with another one of the files of its folder, which opens it. */
  readonly isPart?: (name: string, files: readonly string[]) => boolean;
  /**
   * Opens a file; the dataset closes the source, or the caller does after an error. Throws `Format` for other bytes.
   */
  open(source: ByteSource, options: FormatOptions, services: Services): Promise<Dataset>;
}
