/**
 * `ewald/fft`: transforms and device arrays, without the other rooms of `ewald`. The browser build; Node's has the same
 * names.
 *
 *     import { createContext } from 'ewald/fft';
 *     const ctx = await createContext();
 *     const fft = await ctx.fft({ shape: [64, 64] });
 *     const spectrum = await fft.forward(image);
 *
 * @module
 */

import { type ContextOf, type ContextOptions, openContext } from '../compute/context/context.js';
import { browser } from '../context/platform.browser.js';
import { type EntryMethods, entryRooms } from './fft.rooms.js';

const wasm = (): URL => new URL('./ewald-fft.wasm', import.meta.url);
const doubles = (): URL => new URL('./ewald-fft-f64.wasm', import.meta.url);

/**
 * Opens a context for transforms and device arrays; the caller disposes it. See `createContext` of `ewald` for options
 * and errors.
 */
export function createContext(options?: ContextOptions): Promise<FftContext> {
  return openContext<EntryMethods>(browser({ wasm, doubles }), entryRooms, options);
}
/** See `Context` of `ewald`, which has every room. */
export type FftContext = ContextOf<EntryMethods>;

export * from '../compute/arrays/public.js';
export * from '../compute/context/public.core.js';
export { devices } from '../context/platform.browser.js';
export * from '../fft/public.js';
