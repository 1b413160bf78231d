/** Fluctuations and crystallinity. Defaults are those of LiberTEM. */
import { knownOptions } from '../../base/options.js';
import { crystallinityUdf, femUdf } from '../builtin/fluctuation.js';
import type { Scan } from '../scan.js';
import { type Analysis, navChannel } from './analysis.js';
import { centreOf, radii, radius } from './parameters.js';

/** Fluctuations on a ring. */
export function femAnalysis(
  scan: Scan,
  options: { cx?: number; cy?: number; ri?: number; ro?: number } = {},
): Analysis<'intensity'> {
  knownOptions('createFemAnalysis', options, ['cx', 'cy', 'ri', 'ro']);
  const { cx, cy, width, height } = centreOf(scan, 'createFemAnalysis', options);
  const half = Math.min(width, height) / 2;
  return {
    name: 'fem',
    scan,
    udf: femUdf.withParams({ cx, cy, ...radii('createFemAnalysis', options, 0.8 * half, half) }),
    channels: ({ intensity }) => [
      navChannel(scan, 'intensity', 'FEM', 'standard deviation on a ring', intensity.data) as never,
    ],
  };
}

/** Spectral weight on a ring of frequencies. */
export function crystallinityAnalysis(
  scan: Scan,
  options: { cx?: number; cy?: number; radius?: number; ri?: number; ro?: number } = {},
): Analysis<'intensity'> {
  knownOptions('createCrystallinityAnalysis', options, ['cx', 'cy', 'radius', 'ri', 'ro']);
  const { cx, cy, width, height } = centreOf(scan, 'createCrystallinityAnalysis', options);
  const half = Math.min(width, height) / 2;
  return {
    name: 'crystallinity',
    scan,
    udf: crystallinityUdf.withParams({
      cx,
      cy,
      radius: radius('createCrystallinityAnalysis: radius', options.radius, 0),
      ...radii('createCrystallinityAnalysis', options, 0.2 * half, half),
    }),
    channels: ({ intensity }) => [
      navChannel(scan, 'intensity', 'crystallinity', 'spectral weight on a ring', intensity.data) as never,
    ],
  };
}
