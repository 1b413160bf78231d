/** Fluctuations and crystallinity. Defaults are those of LiberTEM. */
import { crystallinityUdf, femUdf } from '../builtin/fluctuation.js';
import { analysis, navChannel } from './analysis.js';
import { centreOf, radii } from './parameters.js';

/** Fluctuations on a ring. */
export const femAnalysis = /* @__PURE__ */ analysis('fem', (scan, options, what) => {
  const { notes, cx, cy, width, height } = centreOf(scan, what, options);
  const half = Math.min(width, height) / 2;
  return {
    notes,
    udf: femUdf.withParams({ cx, cy, ...radii(what, options, 0.8 * half, half) }),
    channels: ({ intensity }) => [navChannel(scan, 'intensity', 'FEM', 'standard deviation on a ring', intensity.data)],
  };
});

/** Spectral weight on a ring of frequencies. */
export const crystallinityAnalysis = /* @__PURE__ */ analysis('crystallinity', (scan, options, what) => {
  const { notes, cx, cy, width, height } = centreOf(scan, what, options);
  const half = Math.min(width, height) / 2;
  const { radius = 0 } = options;
  return {
    notes,
    udf: crystallinityUdf.withParams({ cx, cy, radius, ...radii(what, options, 0.2 * half, half) }),
    channels: ({ intensity }) => [
      navChannel(scan, 'intensity', 'crystallinity', 'spectral weight on a ring', intensity.data),
    ],
  };
});
