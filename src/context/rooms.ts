/** The context that has all rooms. */

import type { ContextCore } from '../compute/context/context.js';
import type { Planner } from '../compute/planner/planner.js';
import type { LoadPlace } from '../pipeline/inputs/place.js';
import type { MaybeAsyncDisposable } from '../util/resource.js';
import { type RoomMethods, roomList } from './room-list.js';

/** The rooms of a context; `place` is what runs and merges need of the platform. */
export const roomsIn = (place: LoadPlace) => roomList.map((room) => (planner: Planner) => room(planner, place));

/**
 * Holds open backends and everything planned on them. Created by `createContext`; end it with `dispose` or `await
 * using`.
 */
export interface ContextMethods extends ContextCore, RoomMethods {}
/** See {@link ContextMethods}; disposable by `await using` if the language version supports it. */
export type Context = ContextMethods & MaybeAsyncDisposable;
