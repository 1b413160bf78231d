/** What is wrong with an image of centres of mass that follows the virtual detector: the notes of `ewald run`. */
import {
  beamDoubts,
  beamFaults,
  fieldDoubts,
  fieldFaults,
  integrateMeasured,
  patternDoubts,
} from '../../../entries/pages.js';
import type { ComImages, ResidentScan } from '../../../entries/udf.js';
import type { FieldNotesRequest } from './protocol.js';

/** The notes on a field that was computed within `used`; lengths are in pixels of the file. */
export function fieldNotes(
  { sum: data, width, height, nav, bin, measured }: ResidentScan,
  { fieldY, fieldX }: ComImages,
  used: Uint8Array,
  { shape, quantity, axes: { scanRotation = 0, flipY = false } }: FieldNotesRequest,
): string[] {
  const sum = { data, height, width };
  // The page counts from the corner of a pixel, a disk from its centre.
  const disk = { cy: shape.cy - 0.5, cx: shape.cx - 0.5, r: shape.kind === 'disk' ? shape.outer : null, bin };
  const beam = [...beamFaults(sum, disk), ...beamDoubts(sum, disk)];
  if (quantity !== 'icom' || nav.length !== 2)
    return disk.r === null ? beam : [...beam, ...patternDoubts({ sum, used })];
  const [y, x] = [fieldY.map((value) => value * bin), fieldX.map((value) => value * bin)];
  const field = { y, x, nav: nav as [number, number], scanRotation, flipY, sum, used };
  const integrate = (v: Float64Array, u: Float64Array): Float64Array => integrateMeasured(v, u, nav, measured);
  return [...fieldFaults(field), ...beam, ...fieldDoubts(field, integrate(y, x), integrate)];
}
