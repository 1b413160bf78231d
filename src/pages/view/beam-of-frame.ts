/** The beam of a frame: as its file or its stream states it, and as the page has moved it. */
import { type Beam, type Geometry, meanDistance } from '../../entries/index.js';
import { beamOfChunk, centredBeam, centreOfChunk } from '../../entries/pages.js';
import { beamVaries } from './detector-plane.js';
import type { Session } from './session.js';
import { detectorOf } from './workspace.js';

/** All frames of a file. */
export const everyFrame = { first: 0, step: 1 } as const;

/** Pixels of the displayed plane in a metre. */
const perMetre = ({ panels }: Geometry): number => panels[0]?.resolution ?? 1;

/** The beam that a file or a stream states. Throws what is wrong with that of this frame. */
async function statedBeam(of: Session, frame: number): Promise<Beam> {
  const detector = of.stated ?? detectorOf(of);
  const { geometry } = detector;
  if (of.book) {
    const chunk = await of.book.chunk(frame);
    if (chunk && beamVaries(geometry)) return beamOfChunk(chunk, geometry);
    const centre = chunk && centreOfChunk(chunk);
    return centre ? centredBeam(detector.beam, centre) : detector.beam;
  }
  if (!beamVaries(geometry)) return detector.beam;
  const { dataset, slice } = of.whole ?? { dataset: of.dataset, slice: everyFrame };
  return (await detector.beams(dataset.name))(slice.first + frame * slice.step);
}

/** The beam of a frame with the adjustment of the page. Throws what is wrong with it. */
export async function beamOfFrame(of: Session, frame: number): Promise<Beam> {
  const known = of.beam;
  if (known?.frame === frame && known.adjustment === of.adjustment) return known.beam;
  const stated = await statedBeam(of, frame);
  const { geometry } = of.stated ?? detectorOf(of);
  const { adjustment } = of;
  const { moved: [x, y] = [0, 0], distanceM: away } = adjustment ?? {};
  const distanceM = away === undefined ? stated.distanceM : away - meanDistance(geometry, { distanceM: 0 });
  const scale = perMetre(geometry);
  const { shiftM } = stated;
  const beam: Beam = { ...stated, distanceM, shiftM: [shiftM[0] - x / scale, shiftM[1] - y / scale] };
  of.beam = { frame, adjustment, beam };
  return beam;
}
