/**
 * The oracle of the transforms: sums written out in float64, one axis after another. It shares no code with cpp/: the
 * roots of unity come from a table of exactly reduced angles, and a sine or cosine transform is computed as the sum
 * that defines it.
 */

/** The sum that is applied along an axis; `forward` is the complex one with the negative exponent. */
export type AxisTransform =
  | 'forward'
  | 'backward'
  | 'dct1'
  | 'dct2'
  | 'dct3'
  | 'dct4'
  | 'dst1'
  | 'dst2'
  | 'dst3'
  | 'dst4';

/**
 * cos(π p/q), with the angle reduced to the first octant, so that its rounding error is half a unit in the last place.
 */
export function cosPi(p: number, q: number): number {
  let r = ((p % (2 * q)) + 2 * q) % (2 * q);
  if (r > q) r = 2 * q - r;
  let sign = 1;
  if (2 * r > q) {
    r = q - r;
    sign = -1;
  }
  return sign * (4 * r > q ? Math.sin((Math.PI * (q - 2 * r)) / (2 * q)) : Math.cos((Math.PI * r) / q));
}
/** sin(π p/q), likewise. */
export const sinPi = (p: number, q: number): number => cosPi(q - 2 * p, 2 * q);

/** The matrix element of a real kind for input j and output k of n, unnormalised, as FFTW defines REDFT and RODFT. */
function weight(kind: AxisTransform, n: number, j: number, k: number): number {
  switch (kind) {
    case 'dct1':
      return j === 0 ? 1 : j === n - 1 ? (k % 2 === 0 ? 1 : -1) : 2 * cosPi(j * k, n - 1);
    case 'dct2':
      return 2 * cosPi((2 * j + 1) * k, 2 * n);
    case 'dct3':
      return j === 0 ? 1 : 2 * cosPi(j * (2 * k + 1), 2 * n);
    case 'dct4':
      return 2 * cosPi((2 * j + 1) * (2 * k + 1), 4 * n);
    case 'dst1':
      return 2 * sinPi((j + 1) * (k + 1), n + 1);
    case 'dst2':
      return 2 * sinPi((2 * j + 1) * (k + 1), 2 * n);
    case 'dst3':
      return j === n - 1 ? (k % 2 === 0 ? 1 : -1) : 2 * sinPi((j + 1) * (2 * k + 1), 2 * n);
    case 'dst4':
      return 2 * sinPi((2 * j + 1) * (2 * k + 1), 4 * n);
    default:
      return Number.NaN;
  }
}

/**
 * Transforms the given axes of a C-ordered complex array (interleaved) of `shape`; axes without a kind are unchanged.
 */
export function transform(
  data: Float64Array,
  shape: readonly number[],
  kinds: readonly (AxisTransform | undefined)[],
): Float64Array {
  let array = data;
  shape.forEach((n, axis) => {
    const kind = kinds[axis];
    if (kind) array = alongAxis(array, shape, axis, n, kind);
  });
  return array;
}

function alongAxis(
  data: Float64Array,
  shape: readonly number[],
  axis: number,
  n: number,
  kind: AxisTransform,
): Float64Array {
  const inner = shape.slice(axis + 1).reduce((product, m) => product * m, 1);
  const outer = data.length / 2 / inner / n;
  const out = new Float64Array(data.length);
  const complex = kind === 'forward' || kind === 'backward';
  const sign = kind === 'backward' ? 1 : -1;
  // Roots of unity are computed once per length; a real kind computes its weights as they are needed.
  const cos = Float64Array.from({ length: n }, (_, m) => cosPi(2 * m, n));
  const sin = Float64Array.from({ length: n }, (_, m) => sign * sinPi(2 * m, n));
  const line = new Float64Array(2 * n);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const at = (j: number): number => 2 * ((o * n + j) * inner + i);
      for (let j = 0; j < n; j++) {
        line[2 * j] = data[at(j)] as number;
        line[2 * j + 1] = data[at(j) + 1] as number;
      }
      for (let k = 0; k < n; k++) {
        let re = 0;
        let im = 0;
        // m is j k modulo n.
        for (let j = 0, m = 0; j < n; j++) {
          const x = line[2 * j] as number;
          const y = line[2 * j + 1] as number;
          if (complex) {
            const c = cos[m] as number;
            const s = sin[m] as number;
            re += x * c - y * s;
            im += x * s + y * c;
            m += k;
            if (m >= n) m -= n;
          } else {
            const w = weight(kind, n, j, k);
            re += x * w;
            im += y * w;
          }
        }
        out[at(k)] = re;
        out[at(k) + 1] = im;
      }
    }
  }
  return out;
}

/** The inverse of each kind, up to the factor of the logical length. */
export const inverseKind: Readonly<Record<AxisTransform, AxisTransform>> = {
  forward: 'backward',
  backward: 'forward',
  dct1: 'dct1',
  dct2: 'dct3',
  dct3: 'dct2',
  dct4: 'dct4',
  dst1: 'dst1',
  dst2: 'dst3',
  dst3: 'dst2',
  dst4: 'dst4',
};

/** Logical length of an axis: the factor by which a round trip multiplies. */
export function logicalLength(kind: AxisTransform, n: number): number {
  if (kind === 'forward' || kind === 'backward') return n;
  if (kind === 'dct1') return 2 * (n - 1);
  if (kind === 'dst1') return 2 * (n + 1);
  return 2 * n;
}
