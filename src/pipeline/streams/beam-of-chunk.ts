/** The beam of a frame that a stream holds. */
import { type Beam, type Geometry, wavelengthOf } from '../../crystal/geometry/geometry.js';
import { beamOf, meanDistance } from '../../crystal/geometry/pixels.js';
import type { StreamChunk } from '../../crystal/stream/stream.js';

/**
 * The beam of a frame. Where the geometry has no number, photon energy and camera length are those of its chunk, of which
 * the latter is the mean distance of the panels in the geometry of the stream, `own`: the new one may place them anew.
 */
export function beamOfChunk(
  { photonEnergyEv, cameraLengthM }: StreamChunk,
  geometry: Geometry,
  own: Geometry = geometry,
): Beam {
  const { radiation, distance } = geometry;
  const offset = meanDistance(own, { distanceM: 0 });
  const stated = { kind: 'wavelength' as const, given: { value: wavelengthOf('photonEnergy', photonEnergyEv) } };
  return beamOf({
    ...geometry,
    radiation: radiation && 'value' in radiation.given ? radiation : stated,
    distance: distance && 'value' in distance ? distance : { value: cameraLengthM - offset },
  });
}
