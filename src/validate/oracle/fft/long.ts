/**
 * Transforms in float64 in O(n log n), for lengths at which a direct sum is too slow: mixed radices by recursion, and a
 * convolution with a chirp for large primes.
 *
 * The results are compared with the direct sums of oracle/fft/sums.ts in test/conformance/oracle.test.ts. The code is
 * written for readability, not for speed.
 */
import { type AxisTransform, cosPi, type LineTransform, sinPi } from './sums.js';

/** Primes from this one on are transformed by a convolution. */
const chirpFrom = 64;

// The table is reused if the same length follows.
let lastRoots = new Float64Array();

/** cos and −sin of 2π k/n: roots of unity of the forward transform, interleaved. */
function rootsOf(n: number): Float64Array {
  if (lastRoots.length === 2 * n) return lastRoots;
  const roots = new Float64Array(2 * n);
  for (let k = 0; k < n; k++) {
    roots[2 * k] = cosPi(2 * k, n);
    roots[2 * k + 1] = -sinPi(2 * k, n);
  }
  lastRoots = roots;
  return roots;
}

function smallestFactor(n: number): number {
  if (n % 4 === 0) return 4;
  for (let p = 2; p * p <= n; p++) if (n % p === 0) return p;
  return n;
}

/**
 * The complex transform of interleaved numbers; `backward` uses the positive exponent, and applies no factor either.
 */
export function fastTransform(data: Float64Array, backward = false): Float64Array {
  const swapped = backward ? swapParts(data) : data;
  const out = forward(swapped, rootsOf(data.length / 2));
  return backward ? swapParts(out) : out;
}

function swapParts(data: Float64Array): Float64Array {
  const out = new Float64Array(data.length);
  for (let i = 0; i < data.length; i += 2) {
    out[i] = data[i + 1] as number;
    out[i + 1] = data[i] as number;
  }
  return out;
}

/** The forward transform, with roots from a table for the same length. */
function forward(x: Float64Array, roots: Float64Array): Float64Array {
  const out = new Float64Array(x.length);
  decimate({ x, out, roots }, 0, 1, 0, x.length / 2);
  return out;
}

/** Input, output, and the roots of the whole length. */
interface Line {
  readonly x: Float64Array;
  readonly out: Float64Array;
  readonly roots: Float64Array;
}

/**
 * Decimation in time (Cooley and Tukey 1965): transforms the numbers from + j·step of `x` into `out`, from `to` on. The
 * p transforms of every p-th number are stored there one after another and combined in place.
 */
function decimate(line: Line, from: number, step: number, to: number, n: number): void {
  const { x, out, roots } = line;
  const p = smallestFactor(n);
  if (n === 1) {
    out[2 * to] = x[2 * from] as number;
    out[2 * to + 1] = x[2 * from + 1] as number;
    return;
  }
  if (p === n && p >= chirpFrom) {
    const part = new Float64Array(2 * n);
    for (let j = 0; j < n; j++) {
      part[2 * j] = x[2 * (from + j * step)] as number;
      part[2 * j + 1] = x[2 * (from + j * step) + 1] as number;
    }
    out.set(convolveChirp(part), 2 * to);
    return;
  }
  const m = n / p;
  for (let r = 0; r < p; r++) decimate(line, from + r * step, step * p, to + r * m, m);
  const turn = roots.length / 2 / n;
  const [re, im] = [new Float64Array(p), new Float64Array(p)];
  for (let k = 0; k < m; k++) {
    for (let r = 0; r < p; r++) {
      const [at, root] = [2 * (to + r * m + k), 2 * turn * r * k];
      const c = roots[root] as number;
      const s = roots[root + 1] as number;
      const a = out[at] as number;
      const b = out[at + 1] as number;
      re[r] = a * c - b * s;
      im[r] = a * s + b * c;
    }
    for (let q = 0; q < p; q++) {
      let sumRe = re[0] as number;
      let sumIm = im[0] as number;
      for (let r = 1; r < p; r++) {
        const root = 2 * turn * m * ((r * q) % p);
        const c = roots[root] as number;
        const s = roots[root + 1] as number;
        sumRe += (re[r] as number) * c - (im[r] as number) * s;
        sumIm += (re[r] as number) * s + (im[r] as number) * c;
      }
      out[2 * (to + q * m + k)] = sumRe;
      out[2 * (to + q * m + k) + 1] = sumIm;
    }
  }
}

/** What the transform of a prime length requires: exp(πi j²/n), and its transform, whose length is a power of two. */
interface Chirp {
  readonly wave: Float64Array;
  readonly spectrum: Float64Array;
  readonly roots: Float64Array;
}

// A composite length requests the same prime repeatedly.
let lastChirp: { readonly n: number; readonly chirp: Chirp } | undefined;

function chirpOf(n: number): Chirp {
  if (lastChirp?.n === n) return lastChirp.chirp;
  const length = 2 ** Math.ceil(Math.log2(2 * n - 1));
  const roots = rootsOf(length);
  const wave = new Float64Array(2 * n);
  const filter = new Float64Array(2 * length);
  // j² modulo 2n keeps the angle exact.
  for (let j = 0, square = 0; j < n; square = (square + 2 * j + 1) % (2 * n), j++) {
    const [c, s] = [cosPi(square, n), sinPi(square, n)];
    wave.set([c, s], 2 * j);
    filter.set([c, s], 2 * j);
    if (j > 0) filter.set([c, s], 2 * (length - j));
  }
  const chirp = { wave, spectrum: forward(filter, roots), roots };
  lastChirp = { n, chirp };
  return chirp;
}

const complexAt = (x: Float64Array, i: number): readonly [number, number] => [
  x[2 * i] as number,
  x[2 * i + 1] as number,
];

/** jk = (j² + k² − (k − j)²)/2 turns a prime length into a convolution with exp(πi j²/n). */
function convolveChirp(x: Float64Array): Float64Array {
  const n = x.length / 2;
  const { wave, spectrum, roots } = chirpOf(n);
  const length = spectrum.length / 2;
  const padded = new Float64Array(2 * length);
  for (let j = 0; j < n; j++) {
    const [c, s] = complexAt(wave, j);
    const [re, im] = complexAt(x, j);
    padded[2 * j] = re * c + im * s;
    padded[2 * j + 1] = im * c - re * s;
  }
  const product = forward(padded, roots);
  for (let k = 0; k < length; k++) {
    const [c, s] = complexAt(spectrum, k);
    const [re, im] = complexAt(product, k);
    // Real and imaginary parts are exchanged, so that the next transform goes backward.
    product[2 * k] = re * s + im * c;
    product[2 * k + 1] = re * c - im * s;
  }
  const folded = forward(product, roots);
  const out = new Float64Array(2 * n);
  for (let k = 0; k < n; k++) {
    const [c, s] = complexAt(wave, k);
    const [im, re] = complexAt(folded, k);
    out[2 * k] = (re * c + im * s) / length;
    out[2 * k + 1] = (im * c - re * s) / length;
  }
  return out;
}

/**
 * Result k of a sine or cosine kind is 2 Σ x_j trig(2π a_j b_k / period): returns the positions of its numbers in a
 * longer complex transform.
 */
function placesOf(
  kind: AxisTransform,
  n: number,
): { period: number; a: (j: number) => number; b: (k: number) => number; halved: number } {
  const [whole, odd, next] = [(j: number) => j, (j: number) => 2 * j + 1, (j: number) => j + 1];
  switch (kind) {
    case 'dct1':
      return { period: 2 * (n - 1), a: whole, b: whole, halved: 0 };
    case 'dct2':
      return { period: 4 * n, a: odd, b: whole, halved: -1 };
    case 'dct3':
      return { period: 4 * n, a: whole, b: odd, halved: 0 };
    case 'dst1':
      return { period: 2 * (n + 1), a: next, b: next, halved: -1 };
    case 'dst2':
      return { period: 4 * n, a: odd, b: next, halved: -1 };
    case 'dst3':
      return { period: 4 * n, a: next, b: odd, halved: n - 1 };
    default:
      return { period: 8 * n, a: odd, b: odd, halved: -1 };
  }
}

/** A sine or cosine transform of real numbers. */
export function fastTrig(data: Float64Array, kind: AxisTransform): Float64Array {
  const n = data.length;
  const { period, a, b, halved } = placesOf(kind, n);
  const spread = new Float64Array(2 * period);
  // The first number (the last one of a sine transform) counts once, whereas the others count twice; dct1 has two such
  // ends.
  data.forEach((x, j) => {
    spread[2 * a(j)] = j === halved || (kind === 'dct1' && j === n - 1) ? x / 2 : x;
  });
  const all = fastTransform(spread);
  return Float64Array.from({ length: n }, (_, k) =>
    kind.startsWith('dct') ? 2 * (all[2 * b(k)] as number) : -2 * (all[2 * b(k) + 1] as number),
  );
}

/** The transform of lines of complex numbers along an axis, whose imaginary part is zero for sines and cosines. */
export const fastLine =
  (kind: AxisTransform): LineTransform =>
  (line) => {
    if (kind === 'forward' || kind === 'backward') return fastTransform(line, kind === 'backward');
    const out = new Float64Array(line.length);
    const real = line.filter((_, i) => i % 2 === 0);
    for (const [k, value] of fastTrig(real, kind).entries()) out[2 * k] = value;
    return out;
  };
