/**
 * `ewald/pi`: Monte Carlo counts of pi, without the other rooms of `ewald`. The browser build; Node's has the same
 * names.
 *
 *     import { createContext } from 'ewald/pi';
 *     const ctx = await createContext();
 *     const { pi } = await (await ctx.pi()).run({ points: 1e8 });
 *
 * @module
 */

import { type ContextOf, type ContextOptions, openContext } from '../compute/context/context.js';
import { browser } from '../context/platform.browser.js';
import { type EntryMethods, entryRooms } from './pi.rooms.js';

const wasm = (): URL => new URL('./ewald-pi.wasm', import.meta.url);

/**
 * Opens a context for Monte Carlo counts of pi; the caller disposes it. See `createContext` of `ewald` for options and
 * errors.
 */
export function createContext(options?: ContextOptions): Promise<PiContext> {
  return openContext<EntryMethods>(browser({ wasm }), entryRooms, options);
}
/** See `Context` of `ewald`, which has every room. */
export type PiContext = ContextOf<EntryMethods>;

export * from '../compute/context/public.core.js';
export { devices } from '../context/platform.browser.js';
export * from '../pi/public.js';
