/**
 * A library for HDF5 features that ewald's own reader lacks: filters such as SZIP, scale-offset, bzip2.
 *
 * ewald's reader still navigates the file; the library only reads elements.
 */
import type { ByteSource } from '../byte-source.js';
import type { Box } from '../hdf5/box.js';

/** A filter of a dataset. */
export interface ForeignFilter {
  readonly id: number;
  readonly values: readonly number[];
}

/** A file opened by the library. */
export interface ForeignFile {
  /** Fills `into` with the numbers of a box, little-endian. Throws `Format` if the library fails. */
  read(path: string, box: Box, into: Uint8Array): void;
  close(): void;
}

/** The library, loaded. */
export interface ForeignLibrary {
  /** Whether it can decode a filter. Without this check it would silently return uninitialised memory. */
  knows(filter: ForeignFilter): boolean;
  /** Opens a file by its path if it has one, otherwise a copy of all its bytes. Throws `Limit` if it is too large. */
  open(source: ByteSource): Promise<ForeignFile>;
}
