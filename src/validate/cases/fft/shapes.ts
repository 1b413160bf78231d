/** Shapes, and parts of C-ordered arrays, computed plainly. */
import type { FftOptions } from '../../../fft/fft.js';

/** Number of elements of a shape. */
export const product = (shape: readonly number[]): number => shape.reduce((all, n) => all * n, 1);
/** The numbers from 0 to below `count`. */
export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
/** A shape with one axis cut to the numbers of a reduced spectrum. */
export const reducedShape = (shape: readonly number[], axis: number): number[] =>
  shape.map((n, i) => (i === axis ? Math.floor(n / 2) + 1 : n));

/** The index along each axis of element `place`. */
export function indexOf(place: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  let rest = place;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const n = shape[axis] as number;
    index[axis] = rest % n;
    rest = Math.floor(rest / n);
  }
  return index;
}

/** The place of the element with an index. */
export const placeOf = (index: readonly number[], shape: readonly number[]): number =>
  index.reduce((place, i, axis) => place * (shape[axis] as number) + i, 0);

/** Whether a length has no prime factor above 13: larger ones are computed by a convolution, which rounds more. */
export function isSmooth(n: number): boolean {
  let rest = n;
  for (const p of [2, 3, 5, 7, 11, 13]) while (rest % p === 0) rest /= p;
  return rest === 1;
}

/** The results of `change` for each transform of a batch, one after another. */
export function perTransform(
  whole: Float64Array,
  batch: number,
  change: (one: Float64Array) => Float64Array,
): Float64Array {
  const each = whole.length / batch;
  const parts = range(batch).map((b) => change(whole.subarray(b * each, (b + 1) * each)));
  const size = parts[0]?.length ?? 0;
  const out = new Float64Array(size * batch);
  for (const [b, part] of parts.entries()) out.set(part, b * size);
  return out;
}

/** Indices along each axis that a side holds, in the order in which it holds them. */
export type Box = readonly (readonly number[])[];

/** The indices that the plan's input side holds along the axes of `shape`. */
export const inputBox = ({ inputShape = [] }: FftOptions, shape: readonly number[]): Box =>
  shape.map((n, axis) => range(Math.min(n, [inputShape].flat()[axis] ?? n)));

/** The indices that the plan's output side holds. */
export const outputBox = ({ keep }: FftOptions, shape: readonly number[]): Box =>
  shape.map((n, axis) => {
    const kept = keep?.[axis] ?? n;
    const [start, count] = typeof kept === 'number' ? [0, kept] : kept;
    return range(count).map((i) => (start + i + n) % n);
  });

/** Lengths of a box. */
export const boxShape = (box: Box): number[] => box.map((indices) => indices.length);

/** Places of a box's elements in an array of `shape`, in C order. */
const boxPlaces = (box: Box, shape: readonly number[]): number[] =>
  box.reduce<number[]>(
    (at, indices, axis) => at.flatMap((place) => indices.map((index) => place * (shape[axis] as number) + index)),
    [0],
  );

const isWhole = (box: Box, shape: readonly number[]): boolean =>
  box.every((indices, axis) => indices.length === shape[axis] && indices[0] === 0);

/** The numbers of the elements in a box, from an array whose elements have `width` numbers each. */
export function boxElements(whole: Float64Array, shape: readonly number[], box: Box, width: number): Float64Array {
  if (isWhole(box, shape)) return whole;
  const out = new Float64Array(product(boxShape(box)) * width);
  boxPlaces(box, shape).forEach((place, i) => {
    for (let part = 0; part < width; part++) out[i * width + part] = whole[place * width + part] as number;
  });
  return out;
}

/** An array that is zero outside a box. */
export function embed(values: Float64Array, shape: readonly number[], box: Box, width: number): Float64Array {
  if (isWhole(box, shape)) return values;
  const out = new Float64Array(product(shape) * width);
  boxPlaces(box, shape).forEach((place, i) => {
    for (let part = 0; part < width; part++) out[place * width + part] = values[i * width + part] as number;
  });
  return out;
}

/** The first n/2 + 1 elements along an axis of a complex array. */
export const takeReduced = (full: Float64Array, shape: readonly number[], axis: number): Float64Array =>
  boxElements(full, shape, reducedShape(shape, axis).map(range), 2);

/** The whole spectrum of a real signal from its reduced one: X[−k] = conj X[k]. */
export function fillReduced(
  part: Float64Array,
  shape: readonly number[],
  axes: readonly number[],
  axis: number,
): Float64Array {
  const half = reducedShape(shape, axis);
  const out = new Float64Array(2 * product(shape));
  for (let place = 0; place < product(shape); place++) {
    const index = indexOf(place, shape);
    const mirrored = (index[axis] as number) >= (half[axis] as number);
    const opposite = index.map((k, a) => (axes.includes(a) ? ((shape[a] as number) - k) % (shape[a] as number) : k));
    const from = placeOf(mirrored ? opposite : index, half);
    out[2 * place] = part[2 * from] as number;
    out[2 * place + 1] = (mirrored ? -1 : 1) * (part[2 * from + 1] as number);
  }
  return out;
}
