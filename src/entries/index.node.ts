/**
 * ewald on Node: the same names as the browser build, with Node's backends and files.
 *
 * @module
 */

import { type ContextOptions, openContext } from '../context/context.js';
import { node } from '../context/platform.node.js';
import type { Context } from '../context/rooms.js';
import { type RoomMethods, roomsIn } from '../context/rooms.js';

/** The platform of runs, loaded when a run starts. */
const rooms = roomsIn(async () => (await import('../pipeline/place.node.js')).runPlace);

/** Opens a context on the best available backends; the caller disposes it. See the browser build for errors. */
export function createContext(options?: ContextOptions): Promise<Context> {
  return openContext<RoomMethods>(node, rooms, options);
}

export { devices } from '../context/platform.node.js';
export * from '../context/public.js';
