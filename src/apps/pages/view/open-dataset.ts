/** The type of an open file, which several parts of the worker share. */
import type { open } from '../../../entries/data.js';

/** A dataset as `open` of `ewald/data` returns it. */
export type OpenDataset = Awaited<ReturnType<typeof open>>;
