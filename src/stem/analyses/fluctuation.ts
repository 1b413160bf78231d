/** Fluctuations and crystallinity. Defaults are those of LiberTEM. */

import { ring } from '../../udf/pass/masks.js';
import { crystallinityUdf, femUdf } from '../builtin/fluctuation.js';
import { analysis, navChannel } from './analysis.js';
import { calibratedBy } from './calibrated.js';
import { haveNeighbours, leftOutOf, leftOutOfFrames, leftOutUnder } from './left-out.js';
import { centreOf, radii, radiiText } from './parameters.js';

/** Fluctuations on a ring. */
export const femAnalysis = /* @__PURE__ */ analysis('fem', (scan, options, what) => {
  const { notes, cx, cy, width, height } = centreOf(scan, what, options);
  const half = Math.min(width, height) / 2;
  const both = radii(what, options, 0.8 * half, half);
  const { pixels: without, marks } = leftOutOf(scan, what, options);
  const where = radiiText(both, calibratedBy(what, scan, options).scale);
  const lost = marks
    ? leftOutUnder(ring({ width, height, cx, cy, ...both }), marks, 'the ring', 'the deviation is that of the others')
    : [];
  return {
    notes: [...notes, ...lost],
    udf: femUdf.withParams({ cx, cy, ...both, without }),
    channels: ({ intensity }) => [
      navChannel(scan, 'intensity', 'FEM', `standard deviation on a ring, ${where}`, intensity.data, 'counts'),
    ],
  };
});

/** Spectral weight on a ring of frequencies. */
export const crystallinityAnalysis = /* @__PURE__ */ analysis('crystallinity', (scan, options, what) => {
  const { notes, cx, cy, width, height } = centreOf(scan, what, options);
  const half = Math.min(width, height) / 2;
  const { radius = 0 } = options;
  const leftOut = leftOutOf(scan, what, options);
  const { pixels: without } = leftOut;
  return {
    notes: [...notes, ...leftOutOfFrames(leftOut, haveNeighbours)],
    udf: crystallinityUdf.withParams({ cx, cy, radius, ...radii(what, options, 0.2 * half, half), without }),
    channels: ({ intensity }) => [
      navChannel(scan, 'intensity', 'crystallinity', 'spectral weight on a ring', intensity.data, 'counts'),
    ],
  };
});
