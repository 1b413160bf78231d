/** The beam of a frame that a stream holds. */
import { type Beam, type Geometry, wavelengthOf } from '../../crystal/geometry/geometry.js';
import { beamOf, meanDistance } from '../../crystal/geometry/pixels.js';
import type { StreamChunk } from '../../crystal/stream/stream.js';
import { centredBeam } from '../centre/centred-beam.js';
import { centreOfChunk } from './centre-line.js';

/**
 * The beam of a frame, at the centre that was found in it. Where the geometry has no number, photon energy and camera length are those of its chunk, of which
 * the latter is the mean distance of the panels in the geometry of the stream, `own`: the new one may place them anew.
 */
export function beamOfChunk(
  { photonEnergyEv, cameraLengthM, notes }: StreamChunk,
  geometry: Geometry,
  own: Geometry = geometry,
): Beam {
  const { radiation, distance } = geometry;
  const offset = meanDistance(own, { distanceM: 0 });
  const stated = { kind: 'wavelength' as const, given: { value: wavelengthOf('photonEnergy', photonEnergyEv) } };
  const beam = beamOf({
    ...geometry,
    radiation: radiation && 'value' in radiation.given ? radiation : stated,
    distance: distance && 'value' in distance ? distance : { value: cameraLengthM - offset },
  });
  const centre = centreOfChunk({ notes });
  return centre ? centredBeam(beam, centre) : beam;
}
