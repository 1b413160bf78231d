/** The transforms that `ewald bench` times: many short lines, an image, a volume; there and back. */
import { row } from './row.js';

/** The rows. */
export const timedRows = [
  row({ shape: [1024], batch: 64 }, 'many short lines, timed', { bench: true }),
  row({ shape: [512, 512], kind: 'r2c' }, 'an image, timed', { bench: true }),
  row({ shape: [64, 64, 64] }, 'a volume, timed', { bench: true }),
];
