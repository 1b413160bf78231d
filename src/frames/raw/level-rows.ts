/** Parameters of correcting integrating detectors; apart from those of `open`, which pages load. */
import { grouped, type Parameters } from '../../options/parameters.js';

/** Corrections of integrating detectors, for commands that have no others. */
export const levelRows = /* @__PURE__ */ grouped('input', {
  dark: {
    kind: 'text',
    sentence: 'dark frame to subtract, or several whose mean is taken, in any format of frames',
    value: 'file',
  },
  gainMap: {
    kind: 'text',
    sentence: 'gain factor of each pixel, applied after that; pixels of which it is 0 or no number are bad',
    value: 'file',
  },
} as const satisfies Parameters);
