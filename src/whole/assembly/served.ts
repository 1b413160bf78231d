/** How a worker answers the calls of each room. */
import { servePi } from '../../core/pi/served.js';
import { serveIndexing } from '../../serial/indexing/served.js';

export const servedRooms = [servePi, serveIndexing] as const;
