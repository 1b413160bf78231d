/** The beam of a frame by its centre; what finds the centre is loaded with the search. */
import type { Beam } from '../../crystal/geometry/geometry.js';
import type { CentreKind } from './kinds.js';

/** Where the beam of a frame is, from where the geometry has it: x and y of the laboratory with errors, metres. */
export interface FrameCentre {
  readonly by: CentreKind;
  readonly offM: readonly [x: number, y: number];
  readonly errorM: readonly [x: number, y: number];
}

/** The beam of a frame whose centre is known. */
export const centredBeam = (beam: Beam, { offM: [x, y] }: Pick<FrameCentre, 'offM'>): Beam => ({
  ...beam,
  shiftM: [beam.shiftM[0] - x, beam.shiftM[1] - y],
});
