/**
 * Tables of a plan, made in float64 and rounded once: roots of unity, chirps and spectra of convolutions, in one array
 * of pairs.
 */
import { primesOf } from './lengths.js';

/** Writes `length` complex numbers as pairs. */
type Fill = (out: Float64Array) => void;

/** What the tables of a plan are, and where each begins; nothing is computed before `fill`. */
export class Tables {
  readonly #entries = new Map<string, { readonly offset: number; readonly length: number; readonly fill: Fill }>();
  /** Complex numbers in all. */
  length = 0;

  /** The first of `length` complex numbers; the same key is the same table. */
  add(key: string, length: number, fill: Fill): number {
    const known = this.#entries.get(key);
    if (known) return known.offset;
    const offset = this.length;
    this.#entries.set(key, { offset, length, fill });
    this.length += length;
    return offset;
  }

  fill(): Float32Array {
    const all = new Float32Array(2 * Math.max(1, this.length));
    for (const { offset, length, fill } of this.#entries.values()) {
      const values = new Float64Array(2 * length);
      fill(values);
      all.set(values, 2 * offset);
    }
    return all;
  }

  /** exp(−2πi k/n · step) for k < length. */
  roots(n: number, length: number = n, step = 1): number {
    return this.add(`roots ${n} ${length} ${step}`, length, (out) => {
      for (let k = 0; k < length; k++) writeRoot(out, k, k * step, n);
    });
  }

  /** The factors of a stage: exp(−2πi q k / (span · radix)) for q from 1, k below span, at (q − 1) span + k. */
  stage(radix: number, span: number): number {
    return this.add(`stage ${radix} ${span}`, (radix - 1) * span, (out) => {
      for (let q = 1; q < radix; q++)
        for (let k = 0; k < span; k++) writeRoot(out, (q - 1) * span + k, q * k, span * radix);
    });
  }

  /** exp(−πi (k + shift) / n) for k < length; shift in eighths. */
  half(n: number, length: number, shift = 0): number {
    return this.add(`half ${n} ${length} ${shift}`, length, (out) => {
      for (let k = 0; k < length; k++) writeRoot(out, k, (k + shift) * 8, 16 * n);
    });
  }

  /** exp(−πi k²/n) for k < n. */
  chirp(n: number): number {
    return this.add(`chirp ${n}`, n, (out) => eachChirp(n, (k, square) => writeRoot(out, k, square, 2 * n)));
  }

  /** The transform of the conjugated chirp, wrapped around `length` points, over `length`. */
  spectrum(n: number, length: number): number {
    return this.add(`spectrum ${n} ${length}`, length, (out) => {
      const pair = new Float64Array(2);
      eachChirp(n, (k, square) => {
        writeRoot(pair, 0, square, 2 * n);
        const [re = 0, im = 0] = pair;
        for (const at of [k, (length - k) % length]) {
          out[2 * at] = re / length;
          out[2 * at + 1] = -im / length;
        }
      });
      out.set(transform(out));
    });
  }
}

/** Each k < n with k² mod 2n, by differences: squares of large k have no exact double. */
function eachChirp(n: number, each: (k: number, square: number) => void): void {
  let square = 0;
  for (let k = 0; k < n; k++) {
    each(k, square);
    square = (square + 2 * k + 1) % (2 * n);
  }
}

/** Writes exp(−2πi p/q) at place k; angles up to an eighth turn, so that rounding is half a unit in the last place. */
function writeRoot(out: Float64Array, k: number, p: number, q: number): void {
  const eighth = (8 * (p % q)) / q;
  const octant = Math.floor(eighth);
  const within = (p % q) - (octant * q) / 8;
  const odd = octant % 2 === 1;
  const angle = (2 * Math.PI * (odd ? q / 8 - within : within)) / q;
  const [c, s] = odd ? [Math.sin(angle), Math.cos(angle)] : [Math.cos(angle), Math.sin(angle)];
  const [re, im] = [
    [c, s],
    [-s, c],
    [-c, -s],
    [s, -c],
  ][Math.floor(octant / 2)] as [number, number];
  out[2 * k] = re;
  out[2 * k + 1] = -im;
}

/** A transform in float64 of a length without large primes, on the host: Stockham, one radix after another. */
function transform(input: Float64Array): Float64Array {
  const n = input.length / 2;
  let [from, to] = [Float64Array.from(input), new Float64Array(2 * n)];
  const roots = new Float64Array(2 * n);
  for (let k = 0; k < n; k++) writeRoot(roots, k, k, n);
  let span = 1;
  for (const radix of primesOf(n)) {
    const part = n / radix;
    for (let j = 0; j < part; j++) {
      const k = j % span;
      const base = (j - k) * radix + k;
      for (let q = 0; q < radix; q++) {
        let [re, im] = [0, 0];
        const step = ((k + q * span) * n) / (span * radix);
        for (let r = 0; r < radix; r++) {
          const at = 2 * ((r * step) % n);
          const [c, s] = [roots[at] as number, roots[at + 1] as number];
          const [x, y] = [from[2 * (j + r * part)] as number, from[2 * (j + r * part) + 1] as number];
          re += x * c - y * s;
          im += x * s + y * c;
        }
        to[2 * (base + q * span)] = re;
        to[2 * (base + q * span) + 1] = im;
      }
    }
    span *= radix;
    [from, to] = [to, from];
  }
  return from;
}
