/** Arrays whose axes are stored in another order. */

/** The axes of an array in reverse, as Fortran stores them. */
export const reversedAxes = (rank: number): number[] => Array.from({ length: rank }, (_, i) => rank - 1 - i);

/**
 * The bytes of an array of `shape` in C order, of one whose axes are stored in `order`, slowest first; `width` is the
 * bytes of an element.
 */
export function inOrder(
  data: Uint8Array,
  shape: readonly number[],
  order: readonly number[],
  width: number,
  out: Uint8Array = new Uint8Array(data.length),
): Uint8Array {
  // Steps in the stored array along the axes of the result.
  const steps = new Array<number>(shape.length).fill(0);
  for (let i = order.length - 1, step = width; i >= 0; i--) {
    const axis = order[i] as number;
    steps[axis] = step;
    step *= shape[axis] as number;
  }
  const place = new Array<number>(shape.length).fill(0);
  for (let to = 0, from = 0; to < out.length; to += width) {
    for (let byte = 0; byte < width; byte++) out[to + byte] = data[from + byte] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place[axis] = (place[axis] as number) + 1;
      from += steps[axis] as number;
      if ((place[axis] as number) < (shape[axis] as number)) break;
      from -= (shape[axis] as number) * (steps[axis] as number);
      place[axis] = 0;
    }
  }
  return out;
}
