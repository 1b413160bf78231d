/** Converts peaks on panels to spots in reciprocal space. */

import { expectsMembers } from '../base/arguments.js';
import { EwaldError } from '../base/errors.js';
import type { Beam, Geometry } from '../crystal/geometry/geometry.js';
import { expectsGeometry, reciprocalOf } from '../crystal/geometry/pixels.js';
import type { PeakList } from './peak-list.js';

/**
 * Reciprocal vectors of peaks, [count, 3] in 1/Å (no 2π), as an indexer accepts them: a float64 mapping rounded to
 * float32.
 *
 * `geometry` is the one with which the peaks were found.
 */
export function spotsOf(peaks: PeakList, geometry: Geometry, beam: Beam): Float32Array {
  expectsMembers('spotsOf: the peaks', peaks, ['count', 'fs', 'ss', 'panel'], 'the result of peaks.run');
  expectsGeometry('spotsOf: the geometry', geometry);
  expectsMembers('spotsOf: the beam', beam, ['wavelengthA'], 'the result of beamOf');
  const spots = new Float32Array(peaks.count * 3);
  for (let i = 0; i < peaks.count; i++) {
    const panel = geometry.panels[peaks.panel[i] ?? 0];
    if (!panel)
      throw new EwaldError('Argument', `peak ${i} is on panel ${peaks.panel[i]}, which is not in the geometry`);
    spots.set(reciprocalOf(panel, beam, (peaks.fs[i] ?? 0) - panel.minFs, (peaks.ss[i] ?? 0) - panel.minSs), 3 * i);
  }
  return spots;
}
