/** The room of pi. */
import { type Struct, u32 } from './struct.js';

/** Parameters of one pi count. */
export const piParams: Struct = {
  name: 'PiParams',
  doc: 'One Monte Carlo count: which points of which Philox stream are thrown.',
  fields: [
    u32('seedLo', 'low half of the 64-bit seed, the first key word'),
    u32('seedHi', 'high half of the seed, the second key word'),
    u32('stream', 'independent stream, the third counter word'),
    u32('threads', 'host threads; 0 takes one a core'),
    u32('firstLo', 'index of the first point, low half'),
    u32('firstHi', 'index of the first point, high half'),
    u32('pointsLo', 'number of points, low half'),
    u32('pointsHi', 'number of points, high half'),
  ],
};
