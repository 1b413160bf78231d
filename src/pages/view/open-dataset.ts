/** The type of an open file, which several parts of the worker share. */
import type { Dataset } from '../../entries/data.js';

/** A dataset as `open` of `ewald/data` returns it. */
export type OpenDataset = Dataset & {
  /** 0 at positions of a scan that have no frame in the file; absent if every position has one. */
  readonly measured?: Uint8Array | undefined;
};
