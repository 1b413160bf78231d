/** From peaks on panels to spots in reciprocal space. */

import { expectsMembers } from '../base/arguments.js';
import { EwaldError } from '../base/errors.js';
import type { Beam, Geometry } from '../crystal/geometry/geometry.js';
import { expectsGeometry, reciprocalOf } from '../crystal/geometry/pixels.js';
import type { PeakList } from './peak-list.js';

/**
 * Reciprocal vectors of peaks, [count, 3] in 1/Å (no 2π), as an indexer takes them: float32 of a float64 mapping.
 *
 * `geometry` is the one the peaks were found with.
 */
export function spotsOf(peaks: PeakList, geometry: Geometry, beam: Beam): Float32Array {
  expectsMembers('spotsOf: the peaks', peaks, ['count', 'fs', 'ss', 'panel'], 'what peaks.run gives');
  expectsGeometry('spotsOf: the geometry', geometry);
  expectsMembers('spotsOf: the beam', beam, ['wavelengthA'], 'what beamOf gives');
  const spots = new Float32Array(peaks.count * 3);
  for (let i = 0; i < peaks.count; i++) {
    const panel = geometry.panels[peaks.panel[i] ?? 0];
    if (!panel) throw new EwaldError('Argument', `peak ${i} is on panel ${peaks.panel[i]}, which the geometry lacks`);
    spots.set(reciprocalOf(panel, beam, (peaks.fs[i] ?? 0) - panel.minFs, (peaks.ss[i] ?? 0) - panel.minSs), 3 * i);
  }
  return spots;
}
