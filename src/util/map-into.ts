/** Numbers made of numbers. `Float64Array.from(values, …)` takes 300 times as long, seconds for a large frame. */

type NumberArray = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

/** Fills an array with what a function makes of each of some values, and returns it. */
export function mapInto<T extends NumberArray, V>(
  into: T,
  values: ArrayLike<V>,
  of: (value: V, index: number) => number,
): T {
  for (let i = 0; i < into.length; i++) into[i] = of(values[i] as V, i);
  return into;
}

/** A mask of the values that a test accepts. */
export const maskOf = <V>(values: ArrayLike<V>, isMarked: (value: V, index: number) => boolean): Uint8Array =>
  mapInto(new Uint8Array(values.length), values, (value, i) => (isMarked(value, i) ? 1 : 0));
