/** What `ewald/indexing` is on every platform. */
import { type IndexingMethods, indexingRoom } from '../indexing/room.js';

/** What its contexts can do. */
export type EntryMethods = IndexingMethods;
export const entryRooms = [indexingRoom];
