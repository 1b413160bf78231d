/** Direct sums in double precision: the transform of a real array over some axes, one of which is halved. */

/** Interleaved complex result; `halved` keeps the first half of that axis. */
export function fftOf(
  data: ArrayLike<number>,
  shape: readonly number[],
  axes: readonly number[],
  halved: number,
): Float64Array {
  let values = Array.from(data, (x) => [x, 0] as [number, number]);
  for (const axis of axes) {
    const n = shape[axis] as number;
    const stride = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    const next = values.map(() => [0, 0] as [number, number]);
    for (let i = 0; i < values.length; i++) {
      const k = Math.floor(i / stride) % n;
      const base = i - k * stride;
      for (let j = 0; j < n; j++) {
        const [re, im] = values[base + j * stride] as [number, number];
        const angle = (-2 * Math.PI * ((j * k) % n)) / n;
        const out = next[i] as [number, number];
        out[0] += re * Math.cos(angle) - im * Math.sin(angle);
        out[1] += re * Math.sin(angle) + im * Math.cos(angle);
      }
    }
    values = next;
  }
  const n = shape[halved] as number;
  const stride = shape.slice(halved + 1).reduce((a, b) => a * b, 1);
  return Float64Array.from(values.filter((_, i) => Math.floor(i / stride) % n <= n / 2).flat());
}
