/** The pixels to which a calibration gives no count, and what analyses say of them. */

import type { ResultBuffer } from '../../udf/functions/buffers.js';
import { computedInParts, type InParts, inParts } from '../../udf/functions/in-parts.js';
import type { MaskArray } from '../../udf/pass/masks.js';
import type { Scan } from '../../udf/scans/scan.js';
import { counted } from '../../util/amounts.js';
import { product } from '../../util/product.js';
import { type Fill, filled, fillOf, marked, type PixelList, scaledMask } from '../images/without-count.js';
import { calibratedBy } from './calibrated.js';

/** The pixels of a scan without a count of their own. */
export interface LeftOut {
  readonly pixels: PixelList;
  /** 1 at each of them, [y, x] of a frame; undefined if there are none. */
  readonly marks: Uint8Array | undefined;
  readonly count: number;
}

const kinds = 'hot, dead, in a gap or behind the beam stop by the calibration';

/** Those of the calibration among the options. */
export function leftOutOf(scan: Scan, what: string, options: { readonly calibration?: unknown }): LeftOut {
  const { covered } = calibratedBy(what, scan, { calibration: options.calibration });
  const [height = 1, width = 1] = scan.shape.sig;
  if (covered.length === 0) return { pixels: [], marks: undefined, count: 0 };
  const marks = marked(covered, { height, width });
  const pixels: [number, number][] = [];
  for (let i = marks.indexOf(1); i >= 0; i = marks.indexOf(1, i + 1)) pixels.push([Math.floor(i / width), i % width]);
  return {
    pixels,
    marks: pixels.length === 0 ? undefined : marks,
    count: pixels.length,
  };
}

/** What a mask has of them: `of` is what it selects, such as the disk; `done`, what is done about it. */
export function leftOutNote(
  { without, pixels }: { readonly without: number; readonly pixels: number },
  of: string,
  done: string,
): string[] {
  if (without === 0) return [];
  return [
    `${counted(without, 'pixel')} of ${pixels} of ${of} ${without === 1 ? 'has' : 'have'} no count (${kinds}): ${done}`,
  ];
}

/** The same of a mask of 0 and 1. */
export function leftOutUnder(mask: Uint8Array, marks: Uint8Array, of: string, done: string): string[] {
  let [without, pixels] = [0, 0];
  for (const [i, isIn] of mask.entries()) {
    pixels += isIn;
    if (isIn && marks[i]) without++;
  }
  return leftOutNote({ without, pixels }, of, done);
}

/** The same of whole frames. */
export const leftOutOfFrames = ({ count, marks }: LeftOut, done: string): string[] =>
  leftOutNote({ without: count, pixels: marks?.length ?? 0 }, 'a frame', done);

/** What is done in images of the detector. */
export const areNaN = 'they are NaN';

/** What is done in sums under masks. */
export const meanOfOthers = 'they take the mean of the others under a mask';

/** What is done where frames are transformed. */
export const haveNeighbours = 'they have the mean of their neighbours';

/** Numbers of the detector, one or two for each pixel, with NaN where there is no count. */
export function withoutCounts<A extends ArrayLike<number>>(data: A, { marks }: LeftOut): A | Float64Array {
  if (!marks) return data;
  const step = data.length / marks.length;
  return Float64Array.from(data, (value, i) => (marks[Math.floor(i / step)] ? Number.NaN : value));
}

/** The same of a result, whose parts can be had by themselves. */
export function partsWithoutCounts(result: ResultBuffer<'f64'>, leftOut: LeftOut): (() => Float64Array) & InParts {
  const { marks } = leftOut;
  const write = result[inParts];
  if (!write) return () => withoutCounts(result.data, leftOut);
  return computedInParts(product(result.shape), (from, out) => {
    write(from, out);
    for (let i = 0; marks && i < out.length; i++) if (marks[from + i]) out[i] = Number.NaN;
  });
}

/** An image of the detector in which they have the mean of their neighbours. */
export function withNeighbours<A extends ArrayLike<number>>(
  data: A,
  leftOut: LeftOut,
  [height = 1, width = 1]: readonly number[],
): A {
  return filled(data, fillIn(leftOut, [height, width]));
}

const fillIn = ({ pixels }: LeftOut, [height, width]: readonly [number, number]): Fill | undefined =>
  fillOf(pixels, { height, width });

/** Masks without them, and how many pixels each has lost. */
export interface ScaledMasks {
  readonly masks: readonly MaskArray[];
  /** The masks all of whose pixels have no count, so that their sums are no numbers. */
  readonly empty: readonly boolean[];
  readonly without: number;
  readonly pixels: number;
}

/** Masks, or with `complex` pairs of real and imaginary part, that take the mean of the others at such pixels. */
export function scaledMasks(masks: readonly MaskArray[], { marks }: LeftOut, complex = false): ScaledMasks {
  if (!marks) return { masks, empty: [], without: 0, pixels: 0 };
  const step = complex ? 2 : 1;
  const each = Array.from({ length: masks.length / step }, (_, k) =>
    scaledMask(masks[step * k] as MaskArray, complex ? masks[2 * k + 1] : undefined, marks),
  );
  const seen = marks.map((is, i) => (is && masks.some((mask) => mask[i] !== 0) ? 1 : 0));
  const under = marks.map((_, i) => (masks.some((mask) => mask[i] !== 0) ? 1 : 0));
  return {
    masks: each.flatMap(({ re, im }) => (im ? [re, im] : [re])),
    empty: each.map(({ isEmpty }) => isEmpty),
    without: seen.reduce((sum, one) => sum + one, 0),
    pixels: under.reduce((sum, one) => sum + one, 0),
  };
}
