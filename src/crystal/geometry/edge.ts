/** The highest resolution that any point of a detector reaches. */
import type { Vector } from '../cell.js';
import { cornersOf } from './check.js';
import type { Beam, Geometry } from './geometry.js';
import { PanelPlace } from './pixels.js';

/** Cosine of the scattering angle of a point, seen from the sample. */
const cosineOf = ([x, y, z]: Vector): number => z / Math.sqrt(x * x + y * y + z * z);

/**
 * Lowest cosine of the scattering angle on a segment. The derivative of z/|X| along a line has one zero, so the lowest
 * value is at an end or there.
 */
function lowestBetween(from: Vector, to: Vector): number {
  const step: Vector = [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
  const square = from[0] ** 2 + from[1] ** 2 + from[2] ** 2;
  const along = from[0] * step[0] + from[1] * step[1] + from[2] * step[2];
  const length = step[0] ** 2 + step[1] ** 2 + step[2] ** 2;
  const at = (from[2] * along - step[2] * square) / (step[2] * along - from[2] * length);
  const ends = Math.min(cosineOf(from), cosineOf(to));
  if (!(at > 0 && at < 1)) return ends;
  return Math.min(ends, cosineOf([from[0] + at * step[0], from[1] + at * step[1], from[2] + at * step[2]]));
}

/**
 * Largest 1/d in 1/Å on the panels of a detector: that of a corner in forward directions, where the directions up to an
 * angle form a convex cone; beyond 90° also that of an edge, or 2/λ where a panel is hit by the ray back to the source.
 */
export function largestInverseD(geometry: Geometry, beam: Beam): number {
  let lowest = 1;
  for (const panel of geometry.panels) {
    if (panel.ignored) continue;
    const corners = cornersOf(panel, beam);
    for (let i = 0; i < corners.length; i++)
      lowest = Math.min(lowest, lowestBetween(corners[i] as Vector, corners[(i + 1) % corners.length] as Vector));
    if (new PanelPlace(panel, beam).find(0, 0, -1)) lowest = -1;
  }
  return Math.sqrt(Math.max(0, 2 - 2 * lowest)) / beam.wavelengthA;
}
