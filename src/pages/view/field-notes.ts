/** What an image that follows the virtual detector should be read with: the notes of `ewald run`. */

import type { Dataset, DataType } from '../../entries/data.js';
import {
  comLeftOut,
  comNotes,
  countLimitsOf,
  endTexts,
  icomNotes,
  integrateMeasured,
  leftOutUnder,
  measuredNoise,
  overloadText,
  silentEnd,
  telling,
  timesText,
} from '../../entries/pages.js';
import type { ComImages, ResidentScan } from '../../entries/udf.js';
import type { DetectorMask } from './detector-mask.js';
import type { FieldNotesRequest } from './protocol.js';

/** The notes on values that are too low: overloads, or the largest number of a type of which the file says nothing. */
export function overloadNotes(dataset: Dataset, scan: ResidentScan): string[] {
  const { dtype } = dataset;
  const said = scan.replaced && overloadText(countLimitsOf(dataset)?.most, scan.replaced);
  // Sums of squares of pixels have no such number.
  const frames = scan.bin === 1 ? telling(scan.positions).map((position) => scan.frame(position)) : [];
  return [...(said === undefined ? [] : [said]), ...endTexts(dtype, frames, silentEnd(dataset))];
}

/** The note on pixels without a count in a sum. */
export function sumNotes({ all, marks, times }: DetectorMask, { shape: { kind } }: FieldNotesRequest): string[] {
  return marks ? leftOutUnder(all, marks, `the ${kind}`, timesText(times)) : [];
}

/** The notes on shifts that were computed within a mask; lengths are in pixels of the file. */
export function fieldNotes(
  { scan, dtype }: { readonly scan: ResidentScan; readonly dtype: DataType },
  { fieldY, fieldX, counts }: ComImages,
  { all, marks }: DetectorMask,
  { shape, quantity, axes: { scanRotation = 0, flipY = false, radius } }: FieldNotesRequest,
): string[] {
  const { sum: data, width, height, nav, bin, measured, positions } = scan;
  const { kind, outer } = shape;
  const [y, x] = [fieldY.map((value) => value * bin), fieldX.map((value) => value * bin)];
  const shifts = {
    dtype,
    nav,
    sum: { data, height, width },
    frames: measured?.reduce((total, is) => total + is, 0) ?? positions,
    within: all,
    marks,
    // The page counts from the corner of a pixel, a disk from its centre.
    disk: { cy: shape.cy - 0.5, cx: shape.cx - 0.5, r: kind === 'disk' ? outer : null, bin },
    y,
    x,
    counts,
    spread: kind === 'disk' && radius !== undefined ? Math.min(radius, outer) ** 2 / 4 : undefined,
    descan: null,
  };
  const lost = comLeftOut(all, marks, false);
  if (quantity !== 'icom' || nav.length !== 2) {
    const { faults, doubts } = comNotes(shifts);
    return [...lost, ...faults, ...doubts];
  }
  const [phase, gain] = [
    integrateMeasured(y, x, nav, measured),
    measuredNoise(nav, measured ?? new Uint8Array(positions).fill(1), {}),
  ];
  const integrate = (v: Float64Array, u: Float64Array): Float64Array => integrateMeasured(v, u, nav, measured);
  const { faults, doubts } = icomNotes(shifts, { scanRotation, flipY, phase, gain, integrate });
  return [...lost, ...faults, ...doubts];
}
