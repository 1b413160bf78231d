/**
 * ewald on Node: the same names as the browser build, with Node's backends and files.
 *
 * @module
 */

import { type ContextOptions, openContext } from '../core/context/context.js';
import { node } from '../whole/assembly/platform.node.js';
import type { RoomMethods } from '../whole/assembly/room-list.js';
import { type Context, roomsIn } from '../whole/assembly/rooms.js';

/** The platform of runs, loaded when a run starts. */
const rooms = /* @__PURE__ */ roomsIn(async () => (await import('../serial/pipeline/inputs/place.node.js')).runPlace);

/** Opens a context on the best available backends; the caller disposes it. See the browser build for errors. */
export function createContext(options?: ContextOptions): Promise<Context> {
  return openContext<RoomMethods>(node, rooms, options);
}

export { devices } from '../whole/assembly/platform.node.js';
export * from '../whole/assembly/public.js';
