/** `ewald/fft` on Node: transforms and device arrays, without the other rooms of `ewald`. */

import { type ContextOf, type ContextOptions, openContext } from '../compute/context/context.js';
import { node } from '../context/platform.node.js';
import { type EntryMethods, entryRooms } from './fft.rooms.js';

/**
 * Opens a context for transforms and device arrays; the caller disposes it. See `createContext` of `ewald` for options
 * and errors.
 */
export function createContext(options?: ContextOptions): Promise<FftContext> {
  return openContext<EntryMethods>(node, entryRooms, options);
}
/** See `Context` of `ewald`, which has every room. */
export type FftContext = ContextOf<EntryMethods>;

export * from '../compute/arrays/public.js';
export * from '../compute/context/public.core.js';
export { devices } from '../context/platform.node.js';
export * from '../fft/public.js';
