/** What `ewald/pi` is on every platform. */
import { type PiMethods, piRoom } from '../pi/room.js';

/** What its contexts can do. */
export type EntryMethods = PiMethods;
export const entryRooms = [piRoom];
