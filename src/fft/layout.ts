/** Where the elements of a side lie: strides, distance, and how many are touched. */

import { fftRanges } from '../compute/layout/fft.js';
import { EwaldError } from '../util/errors.js';
import { inspect, list } from '../util/options.js';

/** Elements that fit the 32-bit strides of the descriptor and every backend's indexing. */
export const maxElements = fftRanges.elements.high;

export interface FftSide {
  readonly shape: readonly number[];
  readonly complex: boolean;
  readonly padded: boolean;
}

/** What the options say about the layout of a side. */
export interface LayoutWish {
  readonly what: 'input' | 'output';
  readonly strides: readonly number[] | undefined;
  readonly distance: number | undefined;
  /** Axes in memory, slowest first; undefined: the C order, which needs no strides. */
  readonly order: readonly number[] | undefined;
  readonly batch: number;
}

/** Zero strides mean contiguous C order. */
export interface ArrayLayout {
  readonly strides: readonly number[];
  readonly distance: number;
  /** Elements from the first to the last one that is accessed. */
  readonly elements: number;
  readonly strided: boolean;
}

/** The layout of data of which only a part is read. */
export function croppedLayout(side: FftSide, stored: readonly number[], wish: LayoutWish): ArrayLayout {
  if (wish.strides) return layout(side, wish);
  const order = wish.order ?? stored.map((_, axis) => axis);
  const { strides, distance } = layout({ ...side, shape: stored }, { ...wish, order });
  return layout(side, { ...wish, strides, distance });
}

/** Strides, distance and touched elements of one side. */
export function layout({ shape, padded }: FftSide, { what, strides, distance, order, batch }: LayoutWish): ArrayLayout {
  if (strides === undefined) {
    const lengths = shape.map((n, axis) => (padded && axis === shape.length - 1 ? 2 * (Math.floor(n / 2) + 1) : n));
    const one = lengths.reduce((product, n) => product * n, 1);
    if (distance !== undefined) throw new EwaldError('Argument', `fft: ${what}Distance goes with ${what}Strides`);
    if (one * batch > maxElements)
      throw new EwaldError('Limit', `fft: the ${what} has ${one * batch} elements; at most ${maxElements} fit a plan`);
    if (!order) return { strides: [], distance: 0, elements: one * batch, strided: false };
    const out = new Array<number>(shape.length).fill(0);
    let stride = 1;
    for (const axis of [...order].reverse()) {
      out[axis] = stride;
      stride *= lengths[axis] ?? 1;
    }
    return { strides: out, distance: one, elements: one * batch, strided: true };
  }
  list(`fft: ${what}Strides`, strides);
  if (strides.length !== shape.length || strides.some((s) => !Number.isInteger(s) || s < 1 || s > maxElements)) {
    throw new EwaldError(
      'Argument',
      `fft: ${what}Strides is ${inspect(strides)}; expected a positive integer for each of the ${shape.length} axes`,
    );
  }
  const extent = 1 + shape.reduce((sum, n, axis) => sum + (n - 1) * (strides[axis] ?? 0), 0);
  const step = distance ?? extent;
  // Two elements may not share a place: sorted by stride, each axis (the batch is one) must step over all of the faster
  // ones.
  const byStride = [...shape.map((n, axis) => ({ n, stride: strides[axis] ?? 0 })), { n: batch, stride: step }]
    .filter(({ n }) => n > 1)
    .sort((p, q) => p.stride - q.stride);
  let reach = 1;
  for (const { n, stride } of byStride) {
    if (stride < reach) {
      throw new EwaldError(
        'Argument',
        `fft: ${what}Strides ${strides.join(', ')}${batch > 1 ? ` and distance ${step}` : ''} let elements of ` +
          `the shape ${shape.join(' × ')} overlap`,
      );
    }
    reach = stride * (n - 1) + reach;
  }
  const elements = extent + (batch - 1) * step;
  if (elements > maxElements)
    throw new EwaldError('Limit', `fft: the ${what} spans ${elements} elements; at most ${maxElements} fit a plan`);
  return { strides: [...strides], distance: step, elements, strided: true };
}
