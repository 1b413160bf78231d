/**
 * Lengths for which a direct sum takes too long, tested by properties of any transform: a delta and a wave have spectra
 * in closed form, energy is conserved, shifts and sums of inputs become rotated phases and sums of results, real
 * numbers have symmetric spectra, and the backward transform restores the input.
 */

import { Random } from '../../../../core/random/random.js';
import type { FftArray, FftPlan, FftPrecision } from '../../../../transforms/fft/fft.js';
import type { Context } from '../../../assembly/rooms.js';
import type { Comparison, Row } from '../../case.js';
import { relativeL2 } from '../../compare.js';
import { cosPi, sinPi } from '../../oracle/fft/sums.js';
import * as bounds from '../../tolerances.js';
import { product, smooth } from './shapes.js';

/** Complex numbers, real numbers to half a spectrum, or cosines. */
type LargeKind = 'c2c' | 'r2c' | 'dct2';
type Errors = Readonly<Record<string, number>>;

/**
 * A row: one plan and six transforms; with `few` three, of a delta and of noise and back, because the properties of the
 * others take much longer than the transforms.
 */
export function largeRow(
  kind: LargeKind,
  precision: FftPrecision,
  shape: readonly number[],
  few = false,
): Row<number, Errors, null> {
  const points = product(shape);
  const amount = few ? 3 : 6;
  const flops = amount * 5 * points * Math.log2(points + 1);
  const { l2, returned } = bounds.fft(precision, points, !shape.every(smooth), 'fast');
  const limits = bounds.properties(l2 as bounds.Bound, returned as bounds.Bound);
  return {
    id: `fft:large:${kind}:${precision}:n=${shape.join('x')}`,
    about: 'what holds of any transform',
    cost: flops / 1e9,
    work: { amount, unit: 'transforms' },
    flops,
    bytes: 2 * amount * points * (precision === 'f32' ? 8 : 16),
    make: (seed) => seed,
    oracle: () => null,
    async plan(context: Context, seed) {
      const plan = await context.fft({
        shape,
        precision,
        ...(kind === 'dct2' ? { kind: 'r2r', r2r: 'dct2' } : { kind }),
      });
      const measured = new Properties(plan, kind, seed, few);
      return { backend: plan.backend, run: () => measured.run(), dispose: () => plan.dispose() };
    },
    compare: (found): Comparison => ({ errors: found }),
    bounds: () => limits,
  };
}

class Properties {
  readonly #plan: FftPlan;
  readonly #kind: LargeKind;
  readonly #few: boolean;
  readonly #random: Random;
  readonly #shape: readonly number[];
  /** Lengths of the output. */
  readonly #to: readonly number[];

  constructor(plan: FftPlan, kind: LargeKind, seed: number, few: boolean) {
    this.#plan = plan;
    this.#kind = kind;
    this.#few = few;
    this.#random = new Random(seed, 0);
    this.#shape = plan.shape;
    this.#to =
      kind === 'r2c' ? plan.shape.map((n, i) => (i === plan.shape.length - 1 ? Math.floor(n / 2) + 1 : n)) : plan.shape;
  }

  async run(): Promise<Errors> {
    const at = this.#shape.map((n) => this.#random.below(n));
    const delta = this.#new();
    delta[this.#place(at) * this.#width] = 1;
    const errors: Record<string, number> = {
      delta: relativeL2(await this.#plan.forward(delta), this.#basis(this.#to, at, -1)).error,
    };

    if (this.#few) {
      const x = this.#noise(false);
      const X = await this.#plan.forward(x);
      errors.energy = Math.abs(this.#energy(X) / sumOfSquares(x) - 1);
      errors.returned = relativeL2(await this.#plan.backward(X, undefined, { scale: 'full' }), x).error;
      return errors;
    }

    if (this.#kind === 'c2c') {
      const peak = new Float64Array(2 * product(this.#to));
      peak[2 * this.#place(at)] = product(this.#shape);
      const wave = this.#new();
      wave.set(this.#basis(this.#shape, at, 1));
      errors.wave = relativeL2(await this.#plan.forward(wave), peak).error;
    }

    const [x, y] = [this.#noise(false), this.#noise(true)];
    const [X, Y] = [await this.#plan.forward(x), await this.#plan.forward(y)];
    errors.energy = Math.abs(this.#energy(X) / sumOfSquares(x) - 1);
    if (this.#kind === 'c2c') {
      errors.symmetry = this.#asymmetry(Y);
      // x, shifted, plus twice y.
      const z = this.#moved(x, at);
      z.forEach((value, i) => {
        z[i] = value + 2 * (y[i] as number);
      });
      const turns = this.#basis(this.#to, at, -1);
      errors.shift = relativeL2(
        await this.#plan.forward(z),
        X.map((_, i) => timesTwiddle(X, turns, i) + 2 * (Y[i] as number)),
      ).error;
    } else {
      const z = x.map((value, i) => 3 * value + (y[i] as number)) as FftArray;
      errors.shift = relativeL2(
        await this.#plan.forward(z),
        X.map((value, i) => 3 * value + (Y[i] as number)),
      ).error;
    }
    errors.returned = relativeL2(await this.#plan.backward(X, undefined, { scale: 'full' }), x).error;
    return errors;
  }

  get #width(): number {
    return this.#kind === 'c2c' ? 2 : 1;
  }

  #new(): FftArray {
    return this.#plan.precision === 'f32'
      ? new Float32Array(this.#plan.inputLength)
      : new Float64Array(this.#plan.inputLength);
  }

  #noise(real: boolean): FftArray {
    const out = this.#new();
    // A seeded linear congruential generator: for millions of numbers the counter stream would take longer than all
    // transforms.
    let state = this.#random.below(2 ** 31) | 1;
    for (let i = 0; i < out.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      if (!real || this.#width === 1 || i % 2 === 0) out[i] = (state >>> 8) / 2 ** 24 - 0.5;
    }
    return out;
  }

  #place(index: readonly number[]): number {
    return index.reduce((whole, j, i) => whole * (this.#shape[i] as number) + j, 0);
  }

  /**
   * The transform of a delta at `at`: the product over the axes of exp(∓2πi at k/n), or of 2 cos(π (2 at + 1) k/2n).
   */
  #basis(to: readonly number[], at: readonly number[], sign: 1 | -1): Float64Array {
    const cosines = this.#kind === 'dct2';
    let out = Float64Array.of(1, 0);
    to.forEach((m, i) => {
      const [n, j] = [this.#shape[i] as number, at[i] as number];
      const longer = new Float64Array(m * out.length);
      const factors = new Float64Array(2 * m);
      for (let k = 0; k < m; k++) {
        const turns = (j * k) % n;
        factors[2 * k] = cosines ? 2 * cosPi(((2 * j + 1) * k) % (4 * n), 2 * n) : cosPi(2 * turns, n);
        factors[2 * k + 1] = cosines ? 0 : sign * sinPi(2 * turns, n);
      }
      for (let before = 0, place = 0; before < out.length; before += 2) {
        const [a, b] = [out[before] as number, out[before + 1] as number];
        for (let k = 0; k < 2 * m; k += 2, place += 2) {
          const c = factors[k] as number;
          const s = factors[k + 1] as number;
          longer[place] = a * c - b * s;
          longer[place + 1] = a * s + b * c;
        }
      }
      out = longer;
    });
    return cosines ? out.filter((_, i) => i % 2 === 0) : out;
  }

  /**
   * Σ |X|², with each number counted as often as it occurs in the whole spectrum, divided by the value that follows
   * from Σ |x|² by Parseval's theorem.
   */
  #energy(X: FftArray): number {
    const last = this.#to.at(-1) as number;
    const n = this.#shape.at(-1) as number;
    if (this.#kind === 'c2c') return sumOfSquares(X) / product(this.#shape);
    if (this.#kind === 'r2c') {
      const twice = (i: number): number => {
        const k = Math.floor(i / 2) % last;
        return k === 0 || 2 * k === n ? 1 : 2;
      };
      return sumOver(X, twice) / product(this.#shape);
    }
    // Σ x² = Σ y²/2n along each axis, half of it at k = 0.
    return sumOver(X, (i) => {
      let [rest, weight] = [i, 1];
      for (let axis = this.#shape.length - 1; axis >= 0; axis--) {
        const m = this.#shape[axis] as number;
        weight /= (rest % m === 0 ? 4 : 2) * m;
        rest = Math.floor(rest / m);
      }
      return weight;
    });
  }

  /** ‖X[k] − conj X[−k]‖ over ‖X‖. */
  #asymmetry(X: FftArray): number {
    let difference = 0;
    this.#each((place, index) => {
      const mirrored = 2 * this.#place(index.map((k, i) => (k === 0 ? 0 : (this.#shape[i] as number) - k)));
      difference +=
        ((X[2 * place] as number) - (X[mirrored] as number)) ** 2 +
        ((X[2 * place + 1] as number) + (X[mirrored + 1] as number)) ** 2;
    });
    return Math.sqrt(difference / sumOfSquares(X));
  }

  /** Element j moves to position j + by, around the end. */
  #moved(x: FftArray, by: readonly number[]): FftArray {
    const out = x.slice() as FftArray;
    this.#each((place, index) => {
      const to = 2 * this.#place(index.map((j, i) => (j + (by[i] as number)) % (this.#shape[i] as number)));
      out[to] = x[2 * place] as number;
      out[to + 1] = x[2 * place + 1] as number;
    });
    return out;
  }

  #each(visit: (place: number, index: readonly number[]) => void): void {
    const index = this.#shape.map(() => 0);
    for (let place = 0; place < product(this.#shape); place++) {
      visit(place, index);
      for (let axis = index.length - 1; axis >= 0; axis--) {
        index[axis] = (index[axis] as number) + 1;
        if ((index[axis] as number) < (this.#shape[axis] as number)) break;
        index[axis] = 0;
      }
    }
  }
}

const sumOfSquares = (x: FftArray): number => sumOver(x, () => 1);

/**
 * Σ weight(i) x_i², with the rounding errors carried along (Kahan 1965): a plain sum of a million numbers would lose
 * three digits.
 */
function sumOver(x: FftArray, weight: (i: number) => number): number {
  let [sum, lost] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    const term = weight(i) * (x[i] as number) ** 2 - lost;
    const next = sum + term;
    lost = next - sum - term;
    sum = next;
  }
  return sum;
}

/** Part i of the product of two complex arrays. */
function timesTwiddle(x: FftArray, by: Float64Array, i: number): number {
  const [re, im, c, s] = [x[i & ~1] as number, x[i | 1] as number, by[i & ~1] as number, by[i | 1] as number];
  return i % 2 === 0 ? re * c - im * s : re * s + im * c;
}

/**
 * The rows. Those of 2^17 points and the planes run everywhere, including the software devices of the tests; those of a
 * million points are too expensive for these devices (`sampled`), and test/soak/fft.mjs has larger ones.
 */
export const largeRows = [
  largeRow('c2c', 'f32', [2 ** 17]),
  largeRow('c2c', 'f32', [65537]),
  largeRow('c2c', 'f32', [509, 211]),
  largeRow('c2c', 'f32', [64, 64, 48]),
  largeRow('r2c', 'f32', [2 ** 17]),
  largeRow('r2c', 'f32', [300, 301]),
  largeRow('dct2', 'f32', [256, 243]),
  largeRow('c2c', 'f32', [512, 512]),
  largeRow('c2c', 'f32', [2 ** 20]),
  largeRow('c2c', 'f32', [1000003]),
  largeRow('c2c', 'f64', [45360]),
  largeRow('r2c', 'f64', [100, 100, 100]),
  largeRow('r2c', 'f64', [36, 40, 25]),
  // The least sizes for which the native core keeps planes in memory of the thread: complex numbers in more than one
  // block of columns, and the way back to real numbers.
  largeRow('c2c', 'f32', [32, 256, 256], true),
  largeRow('r2c', 'f32', [32, 256, 256], true),
];
