/** Frames as their pixels that are not 0: what formats with sparse frames read without making them dense. */
import { type DataType, elements, type FrameArray } from '../bytes/dtype.js';

/** Consecutive frames: frame i has the entries `starts[i]` … `starts[i + 1] - 1`. */
export interface SparseFrames {
  /** [frames + 1], beginning with 0. */
  readonly starts: Uint32Array;
  /** Flat indices of pixels, ascending within a frame; pixels that are not listed are 0. */
  readonly pixels: Uint32Array;
  /** Their values, in the dtype of the dataset. */
  readonly values: FrameArray;
}

type Numbers = Float64Array;

/** Frames one after another. */
export function joinSparse(parts: readonly SparseFrames[]): SparseFrames {
  const [one, another] = parts as readonly [SparseFrames, ...SparseFrames[]];
  if (!another) return one;
  const entries = parts.reduce((sum, { pixels }) => sum + pixels.length, 0);
  const frames = parts.reduce((sum, { starts }) => sum + starts.length - 1, 0);
  const values = one.values.constructor as new (length: number) => FrameArray;
  const out = { starts: new Uint32Array(frames + 1), pixels: new Uint32Array(entries), values: new values(entries) };
  let [frame, at] = [0, 0];
  for (const part of parts) {
    for (let i = 1; i < part.starts.length; i++) out.starts[frame + i] = at + (part.starts[i] as number);
    out.pixels.set(part.pixels, at);
    (out.values as Numbers).set(part.values as Numbers, at);
    frame += part.starts.length - 1;
    at += part.pixels.length;
  }
  return out;
}

/** The entries of frames in ascending order, where entries of the same pixel are added, as SciPy does. */
export function inOrderOfPixels({ starts, pixels, values }: SparseFrames): SparseFrames {
  const isOrdered = (): boolean => {
    for (let i = 0; i + 1 < starts.length; i++)
      for (let k = (starts[i] as number) + 1; k < (starts[i + 1] as number); k++)
        if ((pixels[k] as number) <= (pixels[k - 1] as number)) return false;
    return true;
  };
  if (isOrdered()) return { starts, pixels, values };
  const out = { starts: new Uint32Array(starts.length), pixels: pixels.slice(), values: values.slice() as Numbers };
  let at = 0;
  for (let i = 0; i + 1 < starts.length; i++) {
    const [first, end] = [starts[i] as number, starts[i + 1] as number];
    const order = Uint32Array.from({ length: end - first }, (_, k) => first + k);
    order.sort((a, b) => (pixels[a] as number) - (pixels[b] as number) || a - b);
    const begin = at;
    for (const k of order) {
      const value = (values as Numbers)[k] as number;
      if (at > begin && out.pixels[at - 1] === pixels[k]) out.values[at - 1] = (out.values[at - 1] as number) + value;
      else {
        out.pixels[at] = pixels[k] as number;
        out.values[at++] = value;
      }
    }
    out.starts[i + 1] = at;
  }
  return { starts: out.starts, pixels: out.pixels.slice(0, at), values: out.values.slice(0, at) as FrameArray };
}

/** The pixels of dense frames, [frames, pixels], that are not 0. */
export function sparseOf(frames: FrameArray, dtype: DataType, pixels: number): SparseFrames {
  const numbers = frames as Numbers;
  const entries = numbers.reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0);
  const out = {
    starts: new Uint32Array(frames.length / pixels + 1),
    pixels: new Uint32Array(entries),
    values: new elements[dtype].array(entries) as FrameArray,
  };
  let at = 0;
  for (let i = 0; i < numbers.length; i++) {
    if (numbers[i] !== 0) {
      out.pixels[at] = i % pixels;
      (out.values as Numbers)[at++] = numbers[i] as number;
    }
    if ((i + 1) % pixels === 0) out.starts[(i + 1) / pixels] = at;
  }
  return out;
}
