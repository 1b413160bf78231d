/** Where the elements of a side lie in its array. */
import type { Problem } from './problem.js';
import { product } from './shapes.js';

/** Positions of the elements of a side in its array: in C order, or as order and strides specify. */
export function places(p: Problem, side: 'input' | 'output'): number[] {
  const { options } = p;
  // The plan's input side is the one that a forward transform reads.
  const planSide = (side === 'input') === (p.direction === 'forward') ? 'input' : 'output';
  const shape = side === 'input' ? p.inputShape : p.outputShape;
  const complex = side === 'input' ? p.inputComplex : p.outputComplex;
  const batch = options.batch ?? 1;
  const strides = planSide === 'input' ? options.inputStrides : options.outputStrides;
  const padded = options.inPlace && (options.kind === 'r2c' || options.kind === 'c2r') && !complex;
  const lengths = shape.map((n, a) => (padded && a === shape.length - 1 ? 2 * (Math.floor(n / 2) + 1) : n));
  // Data longer than the transform keeps its own lengths.
  const stored =
    planSide === 'input'
      ? typeof options.inputShape === 'number'
        ? [options.inputShape]
        : options.inputShape
      : undefined;
  stored?.forEach((n, a) => {
    lengths[a] = n;
  });
  const order = options.order ?? shape.map((_, a) => a);
  const steps = new Array<number>(shape.length).fill(0);
  let step = 1;
  for (const a of [...order].reverse()) {
    steps[a] = step;
    step *= lengths[a] as number;
  }
  const used = strides ?? steps;
  const extent = strides
    ? 1 + shape.reduce((sum, n, a) => sum + (n - 1) * (strides[a] as number), 0)
    : product(lengths);
  const distance = (planSide === 'input' ? options.inputDistance : options.outputDistance) ?? extent;
  const out: number[] = [];
  const index = new Array<number>(shape.length).fill(0);
  for (let b = 0; b < batch; b++) {
    for (let k = 0; k < product(shape); k++) {
      out.push(b * distance + index.reduce((sum, i, a) => sum + i * (used[a] as number), 0));
      for (let a = shape.length - 1; a >= 0; a--) {
        index[a] = (index[a] as number) + 1;
        if ((index[a] as number) < (shape[a] as number)) break;
        index[a] = 0;
      }
    }
  }
  return out;
}
