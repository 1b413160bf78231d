/**
 * A detector as displayed: its panels and rings in the plane perpendicular to the beam, in pixels of its first panel.
 */
import type { Beam, Geometry, RingArc } from '../../entries/index.js';
import { type PlacedPanel, placeOn } from './layout.js';

/** Panels in the plane: x to the right and y up, looking into the beam. */
export function placedPanels({ panels }: Geometry): PlacedPanel[] {
  const pixelsPerMetre = panels[0]?.resolution ?? 1;
  return panels.map((panel) => {
    // Panels with larger pixels occupy more of the plane.
    const scale = pixelsPerMetre / panel.resolution;
    const scaled = ([x, y]: readonly number[]): [number, number] => [scale * (x ?? 0), scale * (y ?? 0)];
    return {
      name: panel.name,
      minFs: panel.minFs,
      minSs: panel.minSs,
      endFs: panel.maxFs + 1,
      endSs: panel.maxSs + 1,
      origin: scaled(panel.corner),
      fs: scaled(panel.fs),
      ss: scaled(panel.ss),
    };
  });
}

/** Whether a geometry takes numbers of the beam from the files, where each frame may have its own. */
export const beamVaries = ({ radiation, distance, shift }: Geometry): boolean =>
  [radiation?.given, distance, ...(shift ?? [])].some((number) => number !== undefined && 'path' in number);

/** Where the beam meets the plane, from which the panels are counted without the shift of the detector. */
export function beamPlace({ panels }: Geometry, { shiftM: [x, y] }: Beam): readonly [x: number, y: number] {
  const pixelsPerMetre = panels[0]?.resolution ?? 1;
  return [-x * pixelsPerMetre, -y * pixelsPerMetre];
}

/** The points of an arc in the plane, [points, 2]; no points if its panel is missing. */
export function arcOn(panel: PlacedPanel | undefined, { points }: RingArc): Float32Array[] {
  if (!panel) return [];
  const out = new Float32Array(points.length);
  for (let i = 0; i < points.length; i += 2) out.set(placeOn(panel, points[i] as number, points[i + 1] as number), i);
  return [out];
}
