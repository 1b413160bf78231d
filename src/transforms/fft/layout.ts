/** Where the elements of a side lie: strides, distance, and how many are touched. */
import { EwaldError } from '../../base/errors.js';
import { list, shown } from '../../base/options.js';
import { fftRanges } from '../../core/layout/fft.js';
import type { FftOptions } from './options.js';

/** Elements that fit the 32-bit strides of the descriptor and every backend's indexing. */
export const maxElements = fftRanges.elements.high;

export interface Side {
  readonly shape: readonly number[];
  readonly complex: boolean;
  readonly padded: boolean;
}

/** The layout of data that is longer than what is read of it. */
export function croppedLayout(
  side: Side,
  stored: readonly number[],
  options: FftOptions,
  order: readonly number[],
  batch: number,
) {
  if (options.inputStrides)
    return layout('input', side, options.inputStrides, options.inputDistance, order, batch, false);
  const { strides, distance } = layout(
    'input',
    { ...side, shape: stored },
    undefined,
    options.inputDistance,
    order,
    batch,
    true,
  );
  return layout('input', side, strides, distance, order, batch, false);
}

/** Strides, distance and touched elements of one side. Zero strides in the result mean contiguous C order. */
export function layout(
  what: string,
  { shape, padded }: Side,
  strides: readonly number[] | undefined,
  distance: number | undefined,
  order: readonly number[],
  batch: number,
  ordered: boolean,
) {
  if (strides === undefined) {
    const lengths = shape.map((n, axis) => (padded && axis === shape.length - 1 ? 2 * (Math.floor(n / 2) + 1) : n));
    const one = lengths.reduce((product, n) => product * n, 1);
    if (distance !== undefined) throw new EwaldError('Argument', `fft: ${what}Distance goes with ${what}Strides`);
    if (one * batch > maxElements)
      throw new EwaldError('Limit', `fft: the ${what} has ${one * batch} elements; at most ${maxElements} fit a plan`);
    if (!ordered) return { strides: [] as number[], distance: 0, elements: one * batch, strided: false };
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
      `fft: ${what}Strides is ${shown(strides)}; expected a positive integer for each of the ${shape.length} axes`,
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
