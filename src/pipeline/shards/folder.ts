/** The folder of a run in which workers store its results. */
import type { StoredBytes } from '../record.js';

export interface ShardFolder {
  /** Its absolute path, which workers receive. */
  readonly path: string;
  /** The content of its token file. */
  readonly token: string;
  /** What workers of an earlier session stored: the values of all indexes. */
  readonly earlier: readonly unknown[];
  /** Whether bytes that an earlier session has stored are there and undamaged. */
  holds(place: StoredBytes): Promise<boolean>;
  /** Bytes that a worker has stored. Throws `File` if they are missing or damaged. */
  read(places: readonly StoredBytes[]): Promise<Uint8Array>;
  /** Closes the folder, which is removed unless it has results to `keep`. */
  close(keep: boolean): Promise<void>;
}

export interface ShardFolderOptions {
  readonly resume: boolean;
  readonly force: boolean;
  /** The head of the stream, which identifies the run. */
  readonly head: string;
  /** Whether a missing folder is made. */
  readonly make: boolean;
}
