/** The names that both builds of `ewald/ffbidx` export. */
export type { Ffbidx, PackedVectors } from './ffbidx.js';
