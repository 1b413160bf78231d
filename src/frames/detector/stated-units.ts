/** Units of frames that were converted while they are read, instead of those of a geometry. */
import type { Geometry } from '../../crystal/geometry/geometry.js';
import type { Metadata } from '../dataset.js';

/** A geometry for frames that state their units: its own, and its overloads, are those of the words before. */
export function inUnitsOf(
  geometry: Geometry,
  { unitsPerPhoton, saturation: maximum = Number.POSITIVE_INFINITY }: Metadata,
): Geometry {
  const own = { unitsPerPhoton, unitsPerEv: undefined, maximum, saturationMap: undefined };
  return unitsPerPhoton ? { ...geometry, panels: geometry.panels.map((panel) => ({ ...panel, ...own })) } : geometry;
}
