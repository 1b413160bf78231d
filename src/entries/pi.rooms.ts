/** The rooms of `ewald/pi` on every platform. */
import { type PiMethods, piRoom } from '../pi/room.js';

/** Methods of its contexts. */
export type EntryMethods = PiMethods;
export const entryRooms = [piRoom];
