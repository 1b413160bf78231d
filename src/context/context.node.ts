/** Contexts on Node, apart from the entry: a command or a worker that opens one loads nothing that it passes on. */
import { type ContextOptions, openContext } from '../compute/context/context.js';
import { node } from './platform.node.js';
import type { RoomMethods } from './room-list.js';
import { type Context, roomsIn } from './rooms.js';

/** The platform of runs, loaded when a run starts. */
const rooms = /* @__PURE__ */ roomsIn(async () => (await import('../pipeline/inputs/place.node.js')).runPlace);

/** Opens a context on the best available backends; the caller disposes it. See the browser build for errors. */
export function createContext(options?: ContextOptions): Promise<Context> {
  return openContext<RoomMethods>(node, rooms, options);
}
