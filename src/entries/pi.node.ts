/** `ewald/pi` on Node: Monte Carlo counts of pi, without the other rooms of `ewald`. */

import { type ContextOf, type ContextOptions, openContext } from '../compute/context/context.js';
import { node } from '../context/platform.node.js';
import { type EntryMethods, entryRooms } from './pi.rooms.js';

/**
 * Opens a context for Monte Carlo counts of pi; the caller disposes it. See `createContext` of `ewald` for options and
 * errors.
 */
export function createContext(options?: ContextOptions): Promise<PiContext> {
  return openContext<EntryMethods>(node, entryRooms, options);
}
/** See `Context` of `ewald`, which has every room. */
export type PiContext = ContextOf<EntryMethods>;

export * from '../compute/context/public.core.js';
export { devices } from '../context/platform.node.js';
export * from '../pi/public.js';
