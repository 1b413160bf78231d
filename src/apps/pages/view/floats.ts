/** Numbers for drawing. */

/** What a function makes of each of some numbers; `Float32Array.from` takes 300 times as long. */
export function floatsOf<V>(values: ArrayLike<V>, of: (value: V, index: number) => number): Float32Array<ArrayBuffer> {
  const floats = new Float32Array(values.length);
  for (let i = 0; i < floats.length; i++) floats[i] = of(values[i] as V, i);
  return floats;
}
