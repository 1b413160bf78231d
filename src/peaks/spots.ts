/** Converts peaks on panels to spots in reciprocal space. */

import type { Beam, Geometry } from '../crystal/geometry/geometry.js';
import { panelNumbers, panelNumbersLength, xOf, yOf, zOf } from '../crystal/geometry/panel-numbers.js';
import { expectsGeometry } from '../crystal/geometry/pixels.js';
import { expectsMembers } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
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
  const wrong = fillSpots(spots, peaks.fs, peaks.ss, peaks.panel, panelNumbers(geometry, beam), beam.wavelengthA);
  if (wrong >= 0)
    throw new EwaldError('Argument', `peak ${wrong} is on panel ${peaks.panel[wrong]}, which is not in the geometry`);
  return spots;
}

/** Fills in the spots; returns the first peak that is on none of the panels, or -1. */
function fillSpots(
  spots: Float32Array,
  fs: Float32Array,
  ss: Float32Array,
  panels: Uint32Array,
  numbers: Float64Array,
  wavelengthA: number,
): number {
  for (let i = 0, at = 0; at < spots.length; i++, at += 3) {
    const panel = panelNumbersLength * (panels[i] ?? 0);
    if (!(panel < numbers.length)) return i;
    const x = xOf(numbers, panel, fs[i] ?? 0, ss[i] ?? 0);
    const y = yOf(numbers, panel, fs[i] ?? 0, ss[i] ?? 0);
    const z = zOf(numbers, panel, fs[i] ?? 0, ss[i] ?? 0);
    // As in `reciprocalOf`.
    const k = 1 / (wavelengthA * Math.sqrt(x * x + y * y + z * z));
    spots[at] = x * k;
    spots[at + 1] = y * k;
    spots[at + 2] = z * k - 1 / wavelengthA;
  }
  return -1;
}
