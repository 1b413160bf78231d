/** `ewald/indexing` on Node: indexing of stills, without the other rooms of `ewald`. */

import { type ContextOf, type ContextOptions, openContext } from '../compute/context/context.js';
import { node } from '../context/platform.node.js';
import { type EntryMethods, entryRooms } from './indexing.rooms.js';

/**
 * Opens a context for indexing stills; the caller disposes it. See `createContext` of `ewald` for options and errors.
 */
export function createContext(options?: ContextOptions): Promise<IndexingContext> {
  return openContext<EntryMethods>(node, entryRooms, options);
}
/** See `Context` of `ewald`, which has every room. */
export type IndexingContext = ContextOf<EntryMethods>;

export * from '../compute/context/public.core.js';
export { devices } from '../context/platform.node.js';
export * from '../indexing/public.js';
