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

/**
 * The matrix elements of a real kind for input j and output k of n, unnormalised, as FFTW defines REDFT and RODFT. The
 * sines or cosines of all angles that occur are computed once.
 */
function weightsOf(kind: AxisTransform, n: number): (j: number, k: number) => number {
  const q = { dct1: n - 1, dst1: n + 1, dct4: 4 * n, dst4: 4 * n }[kind as string] ?? 2 * n;
  const root = kind.startsWith('dct') ? cosPi : sinPi;
  const twice = Float64Array.from({ length: 2 * q }, (_, p) => 2 * root(p, q));
  const at = (p: number): number => twice[p % (2 * q)] as number;
  const alternating = (k: number): number => (k % 2 === 0 ? 1 : -1);
  switch (kind) {
    case 'dct1':
      return (j, k) => (j === 0 ? 1 : j === n - 1 ? alternating(k) : at(j * k));
    case 'dct3':
      return (j, k) => (j === 0 ? 1 : at(j * (2 * k + 1)));
    case 'dct2':
      return (j, k) => at((2 * j + 1) * k);
    case 'dst1':
      return (j, k) => at((j + 1) * (k + 1));
    case 'dst2':
      return (j, k) => at((2 * j + 1) * (k + 1));
    case 'dst3':
      return (j, k) => (j === n - 1 ? alternating(k) : at((j + 1) * (2 * k + 1)));
    default:
      return (j, k) => at((2 * j + 1) * (2 * k + 1));
  }
}

/** Transforms lines of n complex numbers, interleaved. */
export type LineTransform = (line: Float64Array) => Float64Array;

/**
 * Transforms the given axes of a C-ordered complex array (interleaved) of `shape`; axes without a kind are unchanged.
 */
export function transform(
  data: Float64Array,
  shape: readonly number[],
  kinds: readonly (AxisTransform | undefined)[],
  lineOf: (kind: AxisTransform, n: number) => LineTransform = directSum,
): Float64Array {
  let array = data;
  for (const [axis, n] of shape.entries()) {
    const kind = kinds[axis];
    const inner = shape.slice(axis + 1).reduce((product, m) => product * m, 1);
    if (kind) array = alongAxis(array, n, inner, lineOf(kind, n));
  }
  return array;
}

/** Transforms lines of n numbers that are `inner` numbers apart. */
function alongAxis(data: Float64Array, n: number, inner: number, transformed: LineTransform): Float64Array {
  const out = new Float64Array(data.length);
  const line = new Float64Array(2 * n);
  for (let first = 0; first < data.length / 2; first += n * inner)
    for (let i = first; i < first + inner; i++) {
      for (let j = 0; j < n; j++) {
        line[2 * j] = data[2 * (i + j * inner)] as number;
        line[2 * j + 1] = data[2 * (i + j * inner) + 1] as number;
      }
      const result = transformed(line);
      for (let k = 0; k < n; k++) {
        out[2 * (i + k * inner)] = result[2 * k] as number;
        out[2 * (i + k * inner) + 1] = result[2 * k + 1] as number;
      }
    }
  return out;
}

/** The sum that defines a kind, for lines of n numbers. */
export function directSum(kind: AxisTransform, n: number): LineTransform {
  if (kind !== 'forward' && kind !== 'backward') return sumsWeighted(kind, n);
  const sign = kind === 'backward' ? 1 : -1;
  // Roots of unity are computed once per length.
  const cos = Float64Array.from({ length: n }, (_, m) => cosPi(2 * m, n));
  const sin = Float64Array.from({ length: n }, (_, m) => sign * sinPi(2 * m, n));
  return (line) => {
    const out = new Float64Array(2 * n);
    for (let k = 0; k < n; k++) {
      let [re, im] = [0, 0];
      // m is j k modulo n.
      for (let j = 0, m = 0; j < n; j++) {
        const x = line[2 * j] as number;
        const y = line[2 * j + 1] as number;
        const c = cos[m] as number;
        const s = sin[m] as number;
        re += x * c - y * s;
        im += x * s + y * c;
        m += k;
        if (m >= n) m -= n;
      }
      out[2 * k] = re;
      out[2 * k + 1] = im;
    }
    return out;
  };
}

/** The sums of a real kind, of both parts. */
function sumsWeighted(kind: AxisTransform, n: number): LineTransform {
  const weight = weightsOf(kind, n);
  return (line) => {
    const out = new Float64Array(2 * n);
    for (let k = 0; k < n; k++) {
      let [re, im] = [0, 0];
      for (let j = 0; j < n; j++) {
        const w = weight(j, k);
        re += w * (line[2 * j] as number);
        im += w * (line[2 * j + 1] as number);
      }
      out[2 * k] = re;
      out[2 * k + 1] = im;
    }
    return out;
  };
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
