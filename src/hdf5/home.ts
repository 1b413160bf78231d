/**
 * The interface of a file that its datasets use, and the interface of a dataset that virtual datasets use; file.ts
 * implements that of the file.
 */

import type { ByteSource } from '../bytes/byte-source.js';
import type { Codecs } from '../bytes/codecs/codecs.js';
import type { Pace } from '../util/pace.js';
import type { Hdf5Type } from './datatype.js';
import type { ReadBox } from './storage.js';
import type { Superblock } from './superblock.js';

/** An open file. */
export interface Home {
  readonly source: ByteSource;
  readonly superblock: Superblock;
  readonly files: {
    codecs(): Promise<Codecs>;
    /** Larger chunks are rejected. */
    readonly maxFrameBytes: number;
    readonly pace: Pace;
    readonly allowMissing?: boolean;
    readonly missing?: Set<string>;
  };
  /** The file named by a link, relative to this one. */
  linked(name: string, path: string): Promise<Home>;
  /** The bytes of a file that the dataset at `path` names, which has no structure. */
  raw(name: string, path: string): Promise<ByteSource>;
  /**
   * The object at a path from the root; undefined if there is none. `through` lists the virtual datasets that are being
   * opened through it.
   */
  get(path: string, through?: readonly string[]): Promise<object | undefined>;
}

/** A dataset that contributes parts to a virtual one. */
export interface SourceDataset {
  readonly file: Home;
  readonly path: string;
  readonly shape: readonly number[];
  readonly type: Hdf5Type;
  readonly readRaw: ReadBox;
  /** Shape of its chunks; undefined if it is not stored in chunks. */
  readonly chunk: readonly number[] | undefined;
  /** Whether the file stores anything of the chunk at a position counted in chunks; true if that is not known. */
  isStored(place: readonly number[]): Promise<boolean>;
  checkFilters(): void;
}
