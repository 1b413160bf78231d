/** The pixels of a virtual detector, with and without those that have no count. */
import { maskOfShape } from '../../entries/pages.js';
import type { ResidentScan } from '../../entries/udf.js';
import type { ShiftAxes, VirtualShape } from './protocol.js';

/** The pixels in memory within a shape. */
export interface DetectorMask {
  readonly all: Uint8Array;
  /** 1 at the pixels in memory that a pixel without a count is summed into; undefined without such pixels. */
  readonly marks: Uint8Array | undefined;
  /** Those that are used. */
  readonly used: Uint8Array;
  /** By which their sum is multiplied, so that the others have their mean: NaN if none is left. */
  readonly times: number;
}

/** A shape in pixels of the frames in memory. */
export const binnedShape = ({ kind, cx, cy, outer, inner }: VirtualShape, bin: number): VirtualShape => ({
  kind,
  cx: cx / bin,
  cy: cy / bin,
  outer: outer / bin,
  inner: inner / bin,
});

/** The mask of a shape in pixels of the file. */
export function detectorMask(
  shape: VirtualShape,
  { bin, width, height }: Pick<ResidentScan, 'bin' | 'width' | 'height'>,
  { without = [] }: ShiftAxes = {},
): DetectorMask {
  const all = maskOfShape(binnedShape(shape, bin), { width, height });
  if (without.length === 0) return { all, marks: undefined, used: all, times: 1 };
  const marks = new Uint8Array(width * height);
  for (const [y, x] of without) {
    const [row, column] = [Math.floor(y / bin), Math.floor(x / bin)];
    if (row >= 0 && row < height && column >= 0 && column < width) marks[row * width + column] = 1;
  }
  const used = all.map((isIn, i) => (isIn && !marks[i] ? 1 : 0));
  const count = (mask: Uint8Array): number => mask.reduce((sum, one) => sum + one, 0);
  const [whole, left] = [count(all), count(used)];
  return { all, marks, used, times: left === 0 && whole > 0 ? Number.NaN : whole === left ? 1 : whole / left };
}
