/** The room of merging. */
import { type Struct, u32 } from './struct.js';

/** The functions by which the recorded share of a reflection depends on its excitation error. */
export const partialities = { none: 0, gaussian: 1, xsphere: 2 } as const;

/** Constants that affect the result of a merge. */
export const mergingConstants = {
  /** Number of parameters per crystal: ln G, B, ln r, rotations about x and y. */
  mergingParameters: 5,
  /** Number of sigmas at which Tukey's biweight reaches 0. */
  mergingTukey: 6,
} as const;

/** One pass over the observations of some crystals. */
export const mergingPass: Struct = {
  name: 'MergingPass',
  doc: 'A pass over some crystals: their number, and what is summed or refined.',
  fields: [
    u32('crystals', 'crystals of the pass'),
    u32('observations', 'their observations'),
    u32('unique', 'unique reflections'),
    u32('partiality', 'how the recorded share follows from the excitation error: EWALD_PARTIALITY'),
    u32('width', 'numbers a unique reflection of a sum: 2 or 4'),
    u32('radius', '1: the profile radius is refined'),
    u32('rotations', '1: the orientation is refined'),
    u32('steps', 'Gauss-Newton steps of a refinement'),
    u32('first', 'number of the first crystal of the pass among all'),
    u32('every', 'each n-th crystal of all is looked at for the proportional error; 0: none'),
    u32('reserved0', 'zero'),
    u32('reserved1', 'zero'),
  ],
};
