/** Parameters of a run: integration. */
import type { Parameters } from '../base/parameters.js';

/** Integration of predicted reflections. */
export const integrationRows = {
  intRadius: {
    kind: 'numbers',
    count: 3,
    rising: true,
    sentence: 'radii of integration: of a reflection, and between which its background lies',
    range: { low: 0, above: true, high: 1e6, fallback: Number.NaN },
    unit: 'pixels',
    usual: 'from the first frames',
    of: ['integration'],
  },
} as const satisfies Parameters;
