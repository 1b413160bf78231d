/**
 * A library that reads what our HDF5 reader does not know: filters such as SZIP, scale-offset, Blosc, Zstandard.
 *
 * Our reader still finds its way through the file; the library is asked for elements alone.
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
  /** Fills `into` with the numbers of a box, little-endian. Throws `Format` where the library fails. */
  read(path: string, box: Box, into: Uint8Array): void;
  close(): void;
}

/** The library, loaded. */
export interface ForeignLibrary {
  /** Whether it can undo a filter; without this check it would give memory of nobody's in silence. */
  knows(filter: ForeignFilter): boolean;
  /** Opens a file by its path where it has one, else a copy of all its bytes. Throws `Limit` where it has too many. */
  open(source: ByteSource): Promise<ForeignFile>;
}
