/** Fluctuations and crystallinity. Defaults are those of LiberTEM. */
import { crystallinityUdf, femUdf } from '../builtin/fluctuation.js';
import type { AnalysisParameters } from '../parameter-types.js';
import type { Scan } from '../scans/scan.js';
import { type Analysis, navChannel } from './analysis.js';
import type { RingOptions } from './masks.js';
import { centreNotes, centreOf, optionsOf, radii } from './parameters.js';

/** Options of `createCrystallinityAnalysis`. */
type CrystallinityOptions = RingOptions & Pick<AnalysisParameters, 'radius'>;

/** Fluctuations on a ring. */
export function femAnalysis(scan: Scan, options: RingOptions = {}): Analysis<'intensity'> {
  optionsOf('createFemAnalysis', 'fem', options);
  const { cx, cy, width, height } = centreOf(scan, 'createFemAnalysis', options);
  const half = Math.min(width, height) / 2;
  return {
    name: 'fem',
    scan,
    notes: centreNotes(scan, 'createFemAnalysis', options),
    udf: femUdf.withParams({ cx, cy, ...radii('createFemAnalysis', options, 0.8 * half, half) }),
    channels: ({ intensity }) => [
      navChannel(scan, 'intensity', 'FEM', 'standard deviation on a ring', intensity.data) as never,
    ],
  };
}

/** Spectral weight on a ring of frequencies. */
export function crystallinityAnalysis(scan: Scan, options: CrystallinityOptions = {}): Analysis<'intensity'> {
  const { radius = 0 } = optionsOf('createCrystallinityAnalysis', 'crystallinity', options);
  const { cx, cy, width, height } = centreOf(scan, 'createCrystallinityAnalysis', options);
  const half = Math.min(width, height) / 2;
  return {
    name: 'crystallinity',
    scan,
    notes: centreNotes(scan, 'createCrystallinityAnalysis', options),
    udf: crystallinityUdf.withParams({
      cx,
      cy,
      radius,
      ...radii('createCrystallinityAnalysis', options, 0.2 * half, half),
    }),
    channels: ({ intensity }) => [
      navChannel(scan, 'intensity', 'crystallinity', 'spectral weight on a ring', intensity.data) as never,
    ],
  };
}
