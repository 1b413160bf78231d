/**
 * ewald on Node: the same names as the browser build, with Node's backends and files.
 *
 * @module
 */

import { node } from '../assembly/platform.node.js';
import type { Context } from '../assembly/rooms.js';
import { type RoomMethods, roomsIn } from '../assembly/rooms.js';
import { type ContextOptions, openContext } from '../core/context/context.js';

/** The platform of runs, loaded when a run starts. */
const rooms = /* @__PURE__ */ roomsIn(async () => (await import('../serial/pipeline/place.node.js')).runPlace);

/** Opens a context on the best available backends; the caller disposes it. See the browser build for errors. */
export function createContext(options?: ContextOptions): Promise<Context> {
  return openContext<RoomMethods>(node, rooms, options);
}

export { devices } from '../assembly/platform.node.js';
export * from '../assembly/public.js';
