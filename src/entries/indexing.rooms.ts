/** The rooms of `ewald/indexing` on every platform. */
import { type IndexingMethods, indexingRoom } from '../indexing/room.js';

/** Methods of its contexts. */
export type EntryMethods = IndexingMethods;
export const entryRooms = [indexingRoom];
