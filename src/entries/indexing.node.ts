/** `ewald/indexing` on Node: indexing of stills, without the other rooms of `ewald`. */

import { type ContextOf, type ContextOptions, openContext } from '../core/context/context.js';
import { node } from '../whole/assembly/platform.node.js';
import { type EntryMethods, entryRooms } from './indexing.rooms.js';

/**
 * Opens a context for indexing stills; the caller disposes it. See `createContext` of `ewald` for options and errors.
 */
export function createContext(options?: ContextOptions): Promise<IndexingContext> {
  return openContext<EntryMethods>(node, entryRooms, options);
}
/** See `Context` of `ewald`, which has every room. */
export type IndexingContext = ContextOf<EntryMethods>;

export * from '../core/context/public.core.js';
export * from '../serial/indexing/public.js';
export { devices } from '../whole/assembly/platform.node.js';
