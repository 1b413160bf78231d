/** Pixels that have no count of their own, such as hot and dead ones: which they are, and what stands for them. */
import type { MaskArray, MaskSize } from '../../udf/pass/masks.js';

/** Pixels (y, x). */
export type PixelList = readonly (readonly [y: number, x: number])[];

/** 1 at the pixels of a list, [height, width]; those outside the frame are none. */
export function marked(pixels: PixelList, { width, height }: MaskSize): Uint8Array {
  const marks = new Uint8Array(width * height);
  for (const [y, x] of pixels) if (y >= 0 && x >= 0 && y < height && x < width) marks[y * width + x] = 1;
  return marks;
}

/** How frames are filled: each pixel gets the mean of some others, in this order. */
export interface Fill {
  readonly pixels: Int32Array;
  /** Where the others of each pixel begin in `from`, and the end of the last ones. */
  readonly starts: Int32Array;
  readonly from: Int32Array;
}

/**
 * The mean of the neighbours that have a count, from the edge of a region inwards: a pixel within it gets the mean of
 * those that were filled before. undefined if there is nothing to fill.
 */
export function fillOf(pixels: PixelList, size: MaskSize): Fill | undefined {
  if (pixels.length === 0) return undefined;
  const { width, height } = size;
  const open = marked(pixels, size);
  let left: number[] = [];
  for (let i = open.indexOf(1); i >= 0; i = open.indexOf(1, i + 1)) left.push(i);
  if (left.length === 0) return undefined;
  const order: number[] = [];
  const starts = [0];
  const from: number[] = [];
  while (left.length > 0) {
    const layer: number[] = [];
    const rest: number[] = [];
    for (const i of left) {
      const [y, x] = [Math.floor(i / width), i % width];
      const before = from.length;
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++)
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++)
          if (!open[v * width + u]) from.push(v * width + u);
      if (from.length === before) rest.push(i);
      else {
        layer.push(i);
        order.push(i);
        starts.push(from.length);
      }
    }
    // A frame without any count stays as it is.
    if (layer.length === 0) break;
    for (const i of layer) open[i] = 0;
    left = rest;
  }
  return { pixels: Int32Array.from(order), starts: Int32Array.from(starts), from: Int32Array.from(from) };
}

/** Numbers of frames. */
type Numbers =
  | Float64Array
  | Float32Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array;

/** A copy of `count` frames that is filled; the frames themselves if there is nothing to fill. */
export function filled<F extends ArrayLike<number>>(frames: F, fill: Fill | undefined, count = 1): F {
  if (!fill) return frames;
  const out = (Array.isArray(frames) ? Float64Array.from(frames) : (frames as unknown as Numbers).slice()) as Numbers;
  const isWhole = !(out instanceof Float64Array || out instanceof Float32Array);
  const length = out.length / count;
  const { pixels, starts, from } = fill;
  for (let first = 0; first < out.length; first += length)
    for (let k = 0; k < pixels.length; k++) {
      const [begin, end] = [starts[k] as number, starts[k + 1] as number];
      let sum = 0;
      for (let j = begin; j < end; j++) sum += out[first + (from[j] as number)] as number;
      const mean = sum / (end - begin);
      out[first + (pixels[k] as number)] = isWhole ? Math.round(mean) : mean;
    }
  return out as unknown as F;
}

/** A mask whose pixels without a count take the mean of the others under it. */
export interface ScaledMask {
  /** The real part, and the imaginary part of a complex mask; 0 at pixels without a count. */
  readonly re: MaskArray;
  readonly im: MaskArray | undefined;
  /** How many pixels under the mask have no count, and how many there are. */
  readonly without: number;
  readonly pixels: number;
  /** Whether none of them has a count. */
  readonly isEmpty: boolean;
}

/**
 * Weights m′ = m + |m| Σ m of the pixels without a count / Σ |m| of the others: for a mask that is not negative, the
 * mask times a factor.
 */
export function scaledMask(re: MaskArray, im: MaskArray | undefined, without: Uint8Array): ScaledMask {
  const sizeAt = (i: number): number => (im ? Math.hypot(re[i] as number, im[i] as number) : Math.abs(re[i] as number));
  let [lostRe, lostIm, rest, lost, pixels] = [0, 0, 0, 0, 0];
  for (let i = 0; i < re.length; i++) {
    const size = sizeAt(i);
    if (size === 0) continue;
    pixels++;
    if (!without[i]) {
      rest += size;
      continue;
    }
    lost++;
    lostRe += re[i] as number;
    lostIm += im?.[i] ?? 0;
  }
  const found = { without: lost, pixels, isEmpty: lost > 0 && rest === 0 };
  if (lost === 0) return { ...found, re, im };
  const weights = (own: MaskArray, share: number): MaskArray => {
    const out = own instanceof Float32Array ? new Float32Array(own.length) : new Float64Array(own.length);
    if (rest > 0)
      for (let i = 0; i < own.length; i++) if (!without[i]) out[i] = (own[i] as number) + (share / rest) * sizeAt(i);
    return out;
  };
  return { ...found, re: weights(re, lostRe), im: im && weights(im, lostIm) };
}
