/** Where the elements of a side lie in its array. */
import type { Problem } from './problem.js';
import { boxShape, indexOf, product, range } from './shapes.js';

/** Positions of the elements of a side in its array: in C order, or as order and strides specify. */
export function elementPositions(p: Problem, side: 'from' | 'to'): Float64Array {
  const { options } = p;
  const shape = boxShape(p[side].box);
  // The plan's input side is the one that a forward transform reads.
  const [given, distance, stored] =
    (side === 'from') === (p.direction === 'forward')
      ? [options.inputStrides, options.inputDistance, options.inputShape]
      : [options.outputStrides, options.outputDistance, undefined];
  const padded = options.inPlace && (options.kind === 'r2c' || options.kind === 'c2r') && !p[side].complex;
  // Data longer than the transform keeps its own lengths.
  const lengths = shape.map(
    (n, a) => [stored ?? []].flat()[a] ?? (padded && a === shape.length - 1 ? 2 * (Math.floor(n / 2) + 1) : n),
  );
  const strides = given ?? stridesOf(lengths, options.order ?? range(shape.length));
  const extent = given ? shape.reduce((sum, n, a) => sum + (n - 1) * (given[a] as number), 1) : product(lengths);
  const points = product(shape);
  return Float64Array.from({ length: points * (options.batch ?? 1) }, (_, i) => {
    const first = Math.floor(i / points) * (distance ?? extent);
    return indexOf(i % points, shape).reduce((sum, j, a) => sum + j * (strides[a] as number), first);
  });
}

/** Strides of an array without gaps whose axes are stored in an order, the last one fastest. */
export function stridesOf(lengths: readonly number[], order: readonly number[]): number[] {
  const strides = lengths.map(() => 1);
  let step = 1;
  for (const axis of [...order].reverse()) {
    strides[axis] = step;
    step *= lengths[axis] as number;
  }
  return strides;
}
