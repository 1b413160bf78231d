/**
 * ewald: from detector frames to crystal cells anywhere JavaScript runs. The browser build; Node's has the same names.
 *
 *     import { createContext } from 'ewald';
 *     const ctx = await createContext();
 *     try {
 *       const plan = await ctx.pi();
 *       console.log(await plan.run({ points: 1e8 }));
 *     } finally {
 *       await ctx.dispose();
 *     }
 *
 * @module
 */

import { type ContextOptions, openContext } from '../compute/context/context.js';
import { startBrowserWorker } from '../compute/workers/start.browser.js';
import { browser } from '../context/platform.browser.js';
import type { RoomMethods } from '../context/room-list.js';
import { type Context, roomsIn } from '../context/rooms.js';

/** Fetched when a run begins. */
const rooms = /* @__PURE__ */ roomsIn(async () => (await import('../pipeline/inputs/place.browser.js')).runPlace);

/**
 * Opens a context on the best backends present; the caller disposes it.
 *
 * Throws `Argument` for unknown options or names, `Unsupported` for a named backend that is absent, `Load` when nothing
 * can be opened.
 */
export function createContext(options?: ContextOptions): Promise<Context> {
  return openContext<RoomMethods>(browser({ startWorker: startBrowserWorker }), rooms, options);
}

export { devices } from '../context/platform.browser.js';
export * from '../context/public.js';
