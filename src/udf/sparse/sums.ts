/** The sums of a pass from sparse frames: only pixels that are listed are visited. */
import type { SparseFrames } from '../../frames/sparse.js';
import { isIntegerDtype } from '../functions/dtypes.js';
import type { KernelPart, KernelSums } from '../functions/kernel-part.js';
import type { UdfMeta } from '../functions/udf-meta.js';
import { type PassStep, type Spans, type SparseMasks, shapeOfStep } from '../pass/steps.js';

/** Whether these steps can be computed from the listed pixels: pixels of 0 do not change their results. */
export const isSparseStep = ({ kind }: PassStep, { inputDtype }: UdfMeta): boolean =>
  kind === 'moments' ? isIntegerDtype(inputDtype) && !/32/.test(inputDtype) : kind !== 'logSum';

/** Weights by pixel: pixel p has the entries `starts[p]` … `starts[p + 1] - 1`. */
interface ByPixel {
  readonly starts: Uint32Array;
  readonly masks: Uint32Array;
  readonly weights: Float64Array;
}

/** 1 for the pixels of spans. */
function memberOf(spans: Spans, pixels: number): Uint8Array {
  const out = new Uint8Array(pixels);
  for (let i = 0; i < spans.length; i += 2) out.fill(1, spans[i], spans[i + 1]);
  return out;
}

/** Sparse masks by pixel. */
function byPixel({ starts: rows, pixels: where, weights }: SparseMasks, pixels: number): ByPixel {
  const starts = new Uint32Array(pixels + 1);
  for (const p of where) starts[p + 1] = (starts[p + 1] as number) + 1;
  for (let p = 0; p < pixels; p++) starts[p + 1] = (starts[p + 1] as number) + (starts[p] as number);
  const next = starts.slice();
  const out = { starts, masks: new Uint32Array(where.length), weights: new Float64Array(where.length) };
  for (let mask = 0; mask + 1 < rows.length; mask++)
    for (let k = rows[mask] as number; k < (rows[mask + 1] as number); k++) {
      const p = where[k] as number;
      const at = next[p] as number;
      next[p] = at + 1;
      out.masks[at] = mask;
      out.weights[at] = weights[k] as number;
    }
  return out;
}

/** Adds what a frame's entries [from, to) contribute to the columns of a step, which begin at `at`. */
type AddFrame = (from: number, to: number, nav: Float64Array, at: number) => void;

function framesOf(step: PassStep, { pixels, values }: SparseFrames, width: number, length: number): AddFrame {
  const numbers = values as Float64Array;
  switch (step.kind) {
    case 'sumOf':
    case 'squaresOf': {
      const member = memberOf(step.spans, length);
      const hasSquares = step.kind === 'squaresOf';
      return (from, to, nav, at) => {
        let sum = 0;
        let squares = 0;
        for (let k = from; k < to; k++) {
          if (member[pixels[k] as number] === 0) continue;
          const value = numbers[k] as number;
          sum += value;
          squares += value * value;
        }
        nav[at] = sum;
        if (hasSquares) nav[at + 1] = squares;
      };
    }
    case 'com': {
      const member = memberOf(step.spans, length);
      return (from, to, nav, at) => {
        let [sum, sy, sx] = [0, 0, 0];
        // Pixels are ascending, so that rows need no division.
        let [y, begin] = [0, 0];
        for (let k = from; k < to; k++) {
          const p = pixels[k] as number;
          while (p >= begin + width) {
            begin += width;
            y++;
          }
          if (member[p] === 0) continue;
          const value = numbers[k] as number;
          sum += value;
          sy += y * value;
          sx += (p - begin) * value;
        }
        nav[at] = sum;
        nav[at + 1] = sy;
        nav[at + 2] = sx;
      };
    }
    case 'dense': {
      const { weights, masks } = step;
      return (from, to, nav, at) => {
        for (let mask = 0; mask < masks; mask++) {
          const first = mask * length;
          let sum = 0;
          for (let k = from; k < to; k++) {
            const weight = weights[first + (pixels[k] as number)] as number;
            if (weight !== 0) sum += weight * (numbers[k] as number);
          }
          nav[at + mask] = sum;
        }
      };
    }
    case 'sparse': {
      const { starts, masks, weights } = byPixel(step.masks, length);
      return (from, to, nav, at) => {
        for (let k = from; k < to; k++) {
          const p = pixels[k] as number;
          const value = numbers[k] as number;
          for (let i = starts[p] as number; i < (starts[p + 1] as number); i++) {
            const column = at + (masks[i] as number);
            nav[column] = (nav[column] as number) + (weights[i] as number) * value;
          }
        }
      };
    }
    default:
      return () => undefined;
  }
}

/** The planes of a step. */
function planesOf({ kind }: PassStep, { pixels, values }: SparseFrames, length: number): Float64Array[] {
  if (kind !== 'sum' && kind !== 'moments') return [];
  const numbers = values as Float64Array;
  const [sum, squares] = [new Float64Array(length), new Float64Array(kind === 'moments' ? length : 0)];
  for (let k = 0; k < pixels.length; k++) {
    const p = pixels[k] as number;
    const value = numbers[k] as number;
    sum[p] = (sum[p] as number) + value;
    if (kind === 'moments') squares[p] = (squares[p] as number) + value * value;
  }
  return kind === 'moments' ? [sum, squares] : [sum];
}

/** The sums of the steps of a UDF, in float64. */
export function sparseSums({ steps }: KernelPart, frames: SparseFrames, { sig }: UdfMeta): KernelSums {
  const width = sig.at(-1) as number;
  const length = sig.reduce((a, b) => a * b, 1);
  const { starts } = frames;
  const count = starts.length - 1;
  const sizes = steps.map((step) => shapeOfStep(step).columns);
  const all = sizes.reduce((a, b) => a + b, 0);
  const nav = new Float64Array(count * all);
  let column = 0;
  for (const [i, step] of steps.entries()) {
    const size = sizes[i] as number;
    const add = framesOf(step, frames, width, length);
    if (size > 0)
      for (let f = 0; f < count; f++) add(starts[f] as number, starts[f + 1] as number, nav, f * all + column);
    column += size;
  }
  return { nav, columns: all, sig: steps.flatMap((step) => planesOf(step, frames, length)), frames: count };
}
