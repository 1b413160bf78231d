/**
 * Masks over frames: disks, rings, radial bins, gradients. x is along the fastest axis, pixel centres are at whole
 * numbers. All are [height, width] in C order; the formulas are those of LiberTEM, so that results agree to rounding.
 */

import { checkedValue, row } from '../../options/call-options.js';
import { expects, expectsMembers, expectsNumbers } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import type { Spans, SparseMasks } from './pass.js';

/** Size of a frame. */
export interface MaskSize {
  readonly width: number;
  readonly height: number;
}
/** A point in pixels. */
export interface Centre {
  readonly cx: number;
  readonly cy: number;
}
/** Numbers of a mask: booleans as bytes, or weights. */
export type MaskArray = Uint8Array | Float32Array | Float64Array;

/** Creates one mask, [y, x] in C order: an array of numbers, or `{ re, im }` for complex masks. */
export type MaskFactory = () => MaskArray | readonly number[] | { readonly re: MaskArray; readonly im: MaskArray };

function each<A extends MaskArray>(out: A, { width, height }: MaskSize, value: (x: number, y: number) => number): A {
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) out[y * width + x] = value(x, y);
  return out;
}
/** Throws `Argument` unless the options contain a frame's size. */
const expectsSize = (name: string, options: MaskSize): void =>
  expectsMembers(`masks.${name}: the argument`, options, ['width', 'height'], 'its options, { width, height, … }');

const bytes = ({ width, height }: MaskSize): Uint8Array => new Uint8Array(width * height);
const reals = ({ width, height }: MaskSize): Float64Array => new Float64Array(width * height);

/** Writes `value` where (x − cx)² + (y − cy)² ≤ `limit`: of each row, the pixels between two. */
function fillDisk(out: Uint8Array, size: MaskSize, { cx, cy }: Centre, limit: number, value: 0 | 1): void {
  const { width, height } = size;
  for (let y = 0; y < height; y++) {
    const square = (y - cy) ** 2;
    if (!(square <= limit)) continue;
    const half = Math.sqrt(limit - square);
    const isIn = (x: number): boolean => (x - cx) ** 2 + square <= limit;
    let first = Math.max(0, Math.ceil(cx - half) - 1);
    let end = Math.min(width, Math.floor(cx + half) + 2);
    while (first < end && !isIn(first)) first++;
    while (end > first && !isIn(end - 1)) end--;
    if (end > first) out.fill(value, y * width + first, y * width + end);
  }
}

/** Disk: (x − cx)² + (y − cy)² ≤ r². */
export function circular(options: MaskSize & Centre & { readonly r: number }): Uint8Array {
  expectsSize('circular', options);
  const { r } = options;
  const mask = bytes(options);
  fillDisk(mask, options, options, r * r, 1);
  return mask;
}

/** Ring: ri < distance ≤ ro. */
export function ring(options: MaskSize & Centre & { readonly ri: number; readonly ro: number }): Uint8Array {
  expectsSize('ring', options);
  const { ri, ro } = options;
  const mask = bytes(options);
  fillDisk(mask, options, options, ro * ro, 1);
  fillDisk(mask, options, options, ri * ri, 0);
  return mask;
}

/** One pixel, with its coordinates truncated; none if it is outside of the frame. */
export function point(options: MaskSize & Centre): Uint8Array {
  expectsSize('point', options);
  const { cx, cy, ...size } = options;
  const mask = bytes(size);
  const [x, y] = [Math.trunc(cx), Math.trunc(cy)];
  // Of a column beyond the row, the index would be that of another row.
  if (x >= 0 && x < size.width && y >= 0 && y < size.height) mask[y * size.width + x] = 1;
  return mask;
}

/** Rectangle starting at (x, y), both ends included; negative sizes extend the other way. */
export function rectangular(
  options: MaskSize & { readonly x: number; readonly y: number; readonly w: number; readonly h: number },
): Uint8Array {
  expectsSize('rectangular', options);
  const { x: left, y: top, w, h, ...size } = options;
  const inside = (at: number, from: number, length: number): boolean =>
    at >= Math.min(from, from + length) && at <= Math.max(from, from + length);
  return each(bytes(size), size, (x, y) => (inside(x, left, w) && inside(y, top, h) ? 1 : 0));
}

/** Distance from the centre divided by r within a disk, 0 outside. */
export function radialGradient(options: MaskSize & Centre & { readonly r: number }): Float64Array {
  expectsSize('radialGradient', options);
  const { cx, cy, r, ...size } = options;
  return each(reals(size), size, (x, y) => {
    const distance = Math.hypot(x - cx, y - cy);
    return distance <= r ? distance / r : 0;
  });
}

/** A disk of radius r minus a ring r … ro of the same weight: its sum is 0. */
export function backgroundSubtraction(
  options: MaskSize & Centre & { readonly r: number; readonly ro: number },
): Float64Array {
  expectsSize('backgroundSubtraction', options);
  const { r, ro, ...rest } = options;
  const disk = circular({ ...rest, r });
  const around = ring({ ...rest, ri: r, ro });
  const sum = (mask: Uint8Array): number => mask.reduce((a, b) => a + b, 0);
  const weight = sum(disk) / sum(around);
  return Float64Array.from(disk, (value, i) => value - weight * (around[i] as number));
}

/** The x coordinate of each pixel. */
export function gradientX(size: MaskSize): Float64Array {
  expectsSize('gradientX', size);
  return each(reals(size), size, (x) => x);
}
export function gradientY(size: MaskSize): Float64Array {
  expectsSize('gradientY', size);
  return each(reals(size), size, (_, y) => y);
}

/** Distance and angle (atan2 of dy, dx; radians) of each pixel. */
export function polarMap(options: MaskSize & Centre): { readonly r: Float64Array; readonly phi: Float64Array } {
  expectsSize('polarMap', options);
  const { cx, cy, ...size } = options;
  return {
    r: each(reals(size), size, (x, y) => Math.hypot(x - cx, y - cy)),
    phi: each(reals(size), size, (x, y) => Math.atan2(y - cy, x - cx)),
  };
}

/** Distance of the farthest corner from the centre, plus one pixel. */
export function boundingRadius(options: MaskSize & Centre): number {
  expectsSize('boundingRadius', options);
  const { cx, cy, width, height } = options;
  return Math.ceil(Math.hypot(Math.max(cy, height - cy), Math.max(cx, width - cx))) + 1;
}

/** Soft-edged rings of equal width between ri and ro, which add up to 1 at each pixel between them. */
export function radialBins(
  options: MaskSize &
    Centre & {
      readonly ri?: number | undefined;
      readonly ro?: number | undefined;
      readonly bins?: number | undefined;
      readonly normalize?: boolean | undefined;
    },
): Float64Array[] {
  expectsSize('radialBins', options);
  const { cx, cy, ri = 0, bins, normalize = false, ...size } = options;
  const ro = options.ro ?? boundingRadius({ ...size, cx, cy });
  const count = bins ?? Math.max(1, Math.round(ro - ri));
  if (!(ri < ro)) throw new EwaldError('Argument', `radialBins: ri is ${ri} and ro ${ro}; expected ri below ro`);
  const width = (ro - ri) / count;
  return Array.from({ length: count }, (_, k) => {
    const middle = ri + width / 2 + k * width;
    const mask = each(reals(size), size, (x, y) =>
      Math.max(0, Math.min(1, width / 2 + 0.5 - Math.abs(Math.hypot(x - cx, y - cy) - middle))),
    );
    // The disk excluded by ri is smaller than its pixel.
    const [px, py] = [roundEven(cx), roundEven(cy)];
    if (k === 0 && ri < 0.5 && px >= 0 && py >= 0 && px < size.width && py < size.height)
      mask[py * size.width + px] = 1 - ri;
    if (normalize) {
      const sum = mask.reduce((a, b) => a + b, 0);
      if (sum !== 0) for (let i = 0; i < mask.length; i++) mask[i] = (mask[i] as number) / sum;
    }
    return mask;
  });
}

/** Rounds half to even, as NumPy does. */
function roundEven(x: number): number {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** Whether a mask contains only 0 and 1. */
export const isBoolean = (mask: MaskArray): boolean => {
  expectsNumbers('isBoolean: the mask', mask);
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0 && mask[i] !== 1) return false;
  return true;
};

/** The pixels of a mask of 0 and 1, as runs within rows. */
export function spansOf(mask: MaskArray, width: number): Spans {
  expectsNumbers('spansOf: the mask', mask);
  checkedValue('spansOf: width', width, row.required(row.integer(1, 2 ** 24)));
  const spans: number[] = [];
  for (let row = 0; row < mask.length; row += width) {
    for (let x = 0; x < width; ) {
      while (x < width && mask[row + x] === 0) x++;
      if (x === width) break;
      const first = x;
      while (x < width && mask[row + x] !== 0) x++;
      spans.push(row + first, row + x);
    }
  }
  return Uint32Array.from(spans);
}

/** Number of nonzero pixels of a mask. */
export function nonZeros(mask: MaskArray): number {
  expectsNumbers('the mask', mask);
  let count = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) count++;
  return count;
}

/** Whether a mask should be processed as sparse: if nine tenths of its pixels are zero. */
export function isFew(mask: MaskArray): boolean {
  expectsNumbers('isFew: the mask', mask);
  const most = 0.1 * mask.length;
  let count = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0 && ++count >= most) return false;
  return count < most;
}

/** Masks in sparse form; the weights have type `Weights`. */
export function sparseOf(masks: readonly MaskArray[], Weights: typeof Float32Array | typeof Float64Array): SparseMasks {
  expects(Array.isArray(masks), 'sparseOf: the first argument', masks, 'a list of masks');
  expects(typeof Weights === 'function', 'sparseOf: the second argument', Weights, 'Float32Array or Float64Array');
  const starts = new Uint32Array(masks.length + 1);
  for (const [k, mask] of masks.entries()) starts[k + 1] = (starts[k] as number) + nonZeros(mask);
  const pixels = new Uint32Array(starts.at(-1) as number);
  const weights = new Weights(pixels.length);
  let at = 0;
  for (const mask of masks)
    for (let i = 0; i < mask.length; i++)
      if (mask[i] !== 0) {
        pixels[at] = i;
        weights[at++] = mask[i] as number;
      }
  return { starts, pixels, weights };
}
