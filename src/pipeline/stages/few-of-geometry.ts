/** The beam and the errors of few spots, from the geometry of their frames. */
import type { Beam, Geometry } from '../../crystal/geometry/geometry.js';
import { meanDistance } from '../../crystal/geometry/pixels.js';
import { fewOfDetector } from '../../indexing/few/choice.js';
import type { FewSpotParameters } from '../../indexing/indexer.js';

export function fewOfGeometry(geometry: Geometry, beam: Beam): FewSpotParameters {
  const [panel] = geometry.panels;
  const detector = { distanceM: meanDistance(geometry, beam), pixelM: 1 / (panel?.resolution ?? 1) };
  return fewOfDetector(beam.wavelengthA, detector, geometry.bandwidth);
}
