/** Shapes and reduced spectra, computed plainly. */

/** Number of elements of a shape. */
export const product = (shape: readonly number[]): number => shape.reduce((all, n) => all * n, 1);
/** A shape with one axis cut to the numbers of a reduced spectrum. */
export const halved = (shape: readonly number[], axis: number): number[] =>
  shape.map((n, i) => (i === axis ? Math.floor(n / 2) + 1 : n));

/** The results of `change` for each transform of a batch, one after another. */
export function perTransform(
  whole: Float64Array,
  batch: number,
  change: (one: Float64Array) => Float64Array,
): Float64Array {
  const each = whole.length / batch;
  const parts = Array.from({ length: batch }, (_, b) => change(whole.subarray(b * each, (b + 1) * each)));
  const out = new Float64Array(parts.reduce((all, part) => all + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Whether a length has no prime factor above 13: larger ones are computed by a convolution, which rounds more. */
export function smooth(n: number): boolean {
  let rest = n;
  for (const p of [2, 3, 5, 7, 11, 13]) while (rest % p === 0) rest /= p;
  return rest === 1;
}

/** The first n/2 + 1 elements along an axis of a complex array. */
export function takeReduced(full: Float64Array, shape: readonly number[], axis: number): Float64Array {
  const to = halved(shape, axis);
  const inner = product(shape.slice(axis + 1));
  const [n, m] = [shape[axis] as number, to[axis] as number];
  const out = new Float64Array(2 * product(to));
  for (let o = 0; o < product(shape.slice(0, axis)); o++) {
    out.set(full.subarray(2 * o * n * inner, 2 * (o * n + m) * inner), 2 * o * m * inner);
  }
  return out;
}

/** The whole spectrum of a real signal from its reduced one: X[−k] = conj X[k]. */
export function fillReduced(
  part: Float64Array,
  shape: readonly number[],
  axes: readonly number[],
  axis: number,
): Float64Array {
  const half = halved(shape, axis);
  const out = new Float64Array(2 * product(shape));
  const index = new Array<number>(shape.length).fill(0);
  for (let place = 0; place < product(shape); place++) {
    const mirrored = (index[axis] as number) >= (half[axis] as number);
    const source = index.map((k, a) =>
      mirrored && axes.includes(a) ? ((shape[a] as number) - k) % (shape[a] as number) : k,
    );
    const from = source.reduce((at, k, a) => at * (half[a] as number) + k, 0);
    out[2 * place] = part[2 * from] as number;
    out[2 * place + 1] = (mirrored ? -1 : 1) * (part[2 * from + 1] as number);
    for (let a = shape.length - 1; a >= 0; a--) {
      index[a] = (index[a] as number) + 1;
      if ((index[a] as number) < (shape[a] as number)) break;
      index[a] = 0;
    }
  }
  return out;
}
