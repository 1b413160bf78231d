/** The file of a dataset as the dataset knows it, and a dataset as the virtual ones know it: file.ts has the files. */

import type { Pace } from '../../base/pace.js';
import type { ByteSource } from '../byte-source.js';
import type { Codecs } from '../codecs/codecs.js';
import type { ForeignFile, ForeignLibrary } from '../foreign/foreign.js';
import type { Hdf5Type } from './datatype.js';
import type { ReadBox } from './storage.js';
import type { Superblock } from './superblock.js';

/** An open file. */
export interface Home {
  readonly source: ByteSource;
  readonly superblock: Superblock;
  readonly files: {
    codecs(): Promise<Codecs>;
    foreign?(): Promise<ForeignLibrary>;
    /** Larger chunks are refused. */
    readonly maxFrameBytes: number;
    readonly pace: Pace;
  };
  /** This file as the foreign library opens it. */
  foreign(library: ForeignLibrary): Promise<ForeignFile>;
  /** The file that a link names, relative to this one. */
  linked(name: string, path: string): Promise<Home>;
  /**
   * The object at a path from the root; undefined where there is none. `through` are the virtual datasets that are being
   * opened by way of it.
   */
  get(path: string, through?: readonly string[]): Promise<object | undefined>;
}

/** A dataset that parts of a virtual one come from. */
export interface Part {
  readonly path: string;
  readonly shape: readonly number[];
  readonly type: Hdf5Type;
  readonly readRaw: ReadBox;
  checkFilters(): Promise<void>;
}
