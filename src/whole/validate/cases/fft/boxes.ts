/** Parts of arrays: the elements that a side with windows holds, computed plainly. */
import type { FftOptions } from '../../../../transforms/fft/fft.js';
import { product } from './shapes.js';

/** Indices along each axis that a side holds, in the order in which it holds them. */
export type Box = readonly (readonly number[])[];

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** The indices that the plan's input side holds along the axes of `shape`. */
export const inputBox = ({ inputShape }: FftOptions, shape: readonly number[]): Box =>
  shape.map((n, axis) => range(Math.min(n, (typeof inputShape === 'number' ? [inputShape] : inputShape)?.[axis] ?? n)));

/** The indices that the plan's output side holds. */
export const outputBox = ({ keep }: FftOptions, shape: readonly number[]): Box =>
  shape.map((n, axis) => {
    const kept = keep?.[axis] ?? n;
    const [start, count] = typeof kept === 'number' ? [0, kept] : kept;
    return range(count).map((i) => (start + i + n) % n);
  });

/** Lengths of a box. */
export const boxShape = (box: Box): number[] => box.map((indices) => indices.length);

/** Positions of a box's elements in an array of `shape`, in C order. */
function boxPlaces(box: Box, shape: readonly number[]): number[] {
  return box.reduce<number[]>(
    (at, indices, axis) => at.flatMap((place) => indices.map((index) => place * (shape[axis] as number) + index)),
    [0],
  );
}

/** The numbers of the elements in a box, from an array whose elements have `width` numbers each. */
export function boxElements(whole: Float64Array, shape: readonly number[], box: Box, width: number): Float64Array {
  const out = new Float64Array(product(boxShape(box)) * width);
  boxPlaces(box, shape).forEach((place, i) => {
    for (let part = 0; part < width; part++) out[i * width + part] = whole[place * width + part] as number;
  });
  return out;
}

/** An array that is zero outside a box. */
export function embed(values: Float64Array, shape: readonly number[], box: Box, width: number): Float64Array {
  const out = new Float64Array(product(shape) * width);
  boxPlaces(box, shape).forEach((place, i) => {
    for (let part = 0; part < width; part++) out[place * width + part] = values[i * width + part] as number;
  });
  return out;
}
