/** The beam and the errors of few spots, from the geometry of their frames. */
import type { Beam, Geometry } from '../../crystal/geometry/geometry.js';
import { meanDistance } from '../../crystal/geometry/pixels.js';
import { fewOfDetector } from '../../indexing/few/choice.js';
import type { FewSpotParameters } from '../../indexing/indexer.js';
import type { FrameCentre } from '../centre/centred-beam.js';

/** `centre`: that of a frame, whose error all of its spots have. */
export function fewOfGeometry(geometry: Geometry, beam: Beam, centre?: FrameCentre): FewSpotParameters {
  const [panel] = geometry.panels;
  const detector = { distanceM: meanDistance(geometry, beam), pixelM: 1 / (panel?.resolution ?? 1) };
  const errorM = centre ? Math.hypot(...centre.errorM) / Math.SQRT2 : 0;
  return fewOfDetector(beam.wavelengthA, { ...detector, errorM }, geometry.bandwidth);
}
