/** How a worker answers the calls of each room. */

import { serveIndexing } from '../indexing/served.js';
import { servePi } from '../pi/served.js';

export const servedRooms = [servePi, serveIndexing] as const;
