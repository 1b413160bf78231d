/** Options of this part; the build writes each of them into the declarations, with the sentence of its row. */
import type { OptionsOf } from '../../options/parameters.js';
import type { fewRows } from './parameters.js';

/** The beam of few spots, and the crystals in it. */
export interface FewSpotParameters extends OptionsOf<typeof fewRows> {}
