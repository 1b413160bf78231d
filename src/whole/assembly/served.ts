/** How a worker answers the calls of each room. */
/* Written by `npm run layout` from the names of the files of the rooms; do not edit. */
import { servePi } from '../../core/pi/served.js';
import { serveIndexing } from '../../serial/indexing/served.js';

export const servedRooms = [servePi, serveIndexing] as const;
