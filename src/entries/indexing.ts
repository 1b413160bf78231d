/**
 * `ewald/indexing`: indexing of stills, without the other rooms of `ewald`. The browser build; Node's has the same
 * names.
 *
 *     import { createContext } from 'ewald/indexing';
 *     const ctx = await createContext();
 *     const indexer = await ctx.indexer();
 *     const result = await indexer.run({ spots, cells });
 *
 * @module
 */

import { type ContextOf, type ContextOptions, openContext } from '../compute/context/context.js';
import { startBrowserWorker } from '../compute/workers/start.browser.js';
import { browser } from '../context/platform.browser.js';
import { type EntryMethods, entryRooms } from './indexing.rooms.js';

const wasm = (): URL => new URL('./ewald-indexing.wasm', import.meta.url);

/**
 * Opens a context for indexing stills; the caller disposes it. See `createContext` of `ewald` for options and errors.
 */
export function createContext(options?: ContextOptions): Promise<IndexingContext> {
  return openContext<EntryMethods>(browser({ startWorker: startBrowserWorker, wasm }), entryRooms, options);
}
/** See `Context` of `ewald`, which has every room. */
export type IndexingContext = ContextOf<EntryMethods>;

export * from '../compute/context/public.core.js';
export { devices } from '../context/platform.browser.js';
export * from '../indexing/public.js';
