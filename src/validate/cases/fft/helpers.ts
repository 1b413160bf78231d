/** Helpers of transforms: convolution and correlation against direct sums; frequencies and shifts by plane waves. */

import { Random } from '../../../compute/random/random.js';
import type { Context } from '../../../context/rooms.js';
import type { FftArray, FftPrecision } from '../../../fft/fft.js';
import { convolve, correlate, type FoldMode, fftfreq, fftshift, ifftshift } from '../../../fft/helpers.js';
import { threeTransforms } from '../../bounds.js';
import type { Row } from '../../case.js';
import { measuredAs, relativeL2 } from '../../compare.js';
import { cosPi, sinPi } from '../../oracle/fft/sums.js';
import { indexOf, placeOf, product } from './shapes.js';

/** The properties of a row that differ; its output is one array, compared by its norm. */
interface RowParts<Input> {
  readonly id: string;
  readonly about: string;
  readonly precision: FftPrecision;
  readonly points: number;
  make(seed: number): Input;
  oracle(input: Input): Float64Array;
  run(context: Context, input: Input): Promise<ArrayLike<number>>;
}

function makeRow<Input>(parts: RowParts<Input>): Row<Input, ArrayLike<number>, Float64Array> {
  const { id, about, precision, points, make, oracle } = parts;
  return {
    id,
    about,
    cost: 1e-4 + (15 * points * Math.log2(points + 1)) / 1e9,
    work: { amount: 3, unit: 'transforms' },
    make,
    oracle,
    plan: async (context, input) => ({ run: () => parts.run(context, input), dispose: async () => undefined }),
    compare: measuredAs('l2', relativeL2),
    bounds: () => ({ l2: threeTransforms(precision, points) }),
  };
}

interface Fold {
  readonly correlation: boolean;
  readonly mode: FoldMode;
  /** Lengths of the two arrays. */
  readonly p: readonly number[];
  readonly q: readonly number[];
}

/** Σ a[k] b[j − k], or Σ a[k + j] b[k], over all elements that overlap; with `wrap`, indices wrap around. */
function fold(a: Float64Array, b: Float64Array, { correlation, mode, p, q }: Fold): Float64Array {
  const extra = { full: 1, valid: -1, same: 0, wrap: 0 }[mode];
  const shape = p.map((n, i) => n + extra * ((q[i] as number) - 1));
  return Float64Array.from({ length: product(shape) }, (_, place) => {
    const at = indexOf(place, shape).map((j, i) => {
      const m = q[i] as number;
      if (mode === 'wrap') return j;
      const first = mode === 'same' ? (m - 1) >> 1 : mode === 'valid' ? m - 1 : 0;
      return j + first - (correlation ? m - 1 : 0);
    });
    let sum = 0;
    for (const [k, y] of b.entries()) {
      const index = indexOf(k, q).map((kk, i) => {
        const source = correlation ? (at[i] as number) + kk : (at[i] as number) - kk;
        const n = p[i] as number;
        return mode === 'wrap' ? ((source % n) + n) % n : source;
      });
      if (index.every((x, i) => x >= 0 && x < (p[i] as number))) sum += y * (a[placeOf(index, p)] as number);
    }
    return sum;
  });
}

function foldRow(name: 'convolve' | 'correlate', precision: FftPrecision, p: number[], q: number[], mode: FoldMode) {
  const typed = (values: Float64Array): FftArray => (precision === 'f32' ? Float32Array.from(values) : values);
  return makeRow<readonly [Float64Array, Float64Array]>({
    id: `fft:${name}:${precision}:n=${p.join('x')}:m=${q.join('x')}:${mode}`,
    about: name === 'convolve' ? 'convolution' : 'cross-correlation',
    precision,
    points: product(p) + product(q),
    make(seed) {
      const random = new Random(seed, 0);
      const numbers = (shape: number[]) =>
        Float64Array.from({ length: product(shape) }, () => Math.fround(random.uniform() - 0.5));
      return [numbers(p), numbers(q)];
    },
    oracle: ([a, b]) => fold(a, b, { correlation: name === 'correlate', mode, p, q }),
    async run(context, [a, b]) {
      const folded = name === 'convolve' ? convolve : correlate;
      const planned: Parameters<typeof convolve>[0] = (options) => context.fft(options);
      const { data } = await folded(planned, { data: typed(a), shape: p }, { data: typed(b), shape: q }, mode);
      return data;
    },
  });
}

/** A plane wave of `turns` periods along each axis, interleaved. */
function wave(shape: readonly number[], turns: readonly number[]): Float64Array {
  const out = new Float64Array(2 * product(shape));
  for (let place = 0; place < product(shape); place++) {
    let [re, im] = [1, 0];
    for (const [i, j] of indexOf(place, shape).entries()) {
      const [twice, n] = [2 * j * (turns[i] as number), shape[i] as number];
      const [c, s] = [cosPi(twice, n), sinPi(twice, n)];
      [re, im] = [re * c - im * s, re * s + im * c];
    }
    out.set([re, im], 2 * place);
  }
  return out;
}

/**
 * The shifted spectrum of a wave is a single number, as far from the middle as the wave has periods; shifting back
 * restores the wave.
 */
const shiftRow = (shape: number[], turns: number[]) =>
  makeRow({
    id: `fft:shift:f32:n=${shape.join('x')}:wave=${turns.join('.')}`,
    about: 'the zero frequency in the middle',
    precision: 'f32',
    points: product(shape),
    make: () => wave(shape, turns),
    oracle(input) {
      const spectrum = new Float64Array(2 * product(shape));
      const peak = shape.map((n, i) => (turns[i] as number) + Math.floor(n / 2));
      spectrum[2 * placeOf(peak, shape)] = product(shape);
      return Float64Array.from([...spectrum, ...input]);
    },
    async run(context, input) {
      const plan = await context.fft({ shape });
      try {
        const shifted = fftshift(await plan.forward(Float32Array.from(input)), shape, { complex: true });
        const back = await plan.backward(ifftshift(shifted, shape, { complex: true }), undefined, { scale: 'full' });
        return [...shifted, ...back];
      } finally {
        await plan.dispose();
      }
    },
  });

/**
 * A signal with every frequency below n/2, differentiated through its spectrum: a frequency of the wrong sign gives a
 * wave of the wrong amplitude.
 */
const derivativeRow = (n: number) =>
  makeRow({
    id: `fft:fftfreq:f64:n=${n}`,
    about: 'a derivative by frequencies',
    precision: 'f64',
    points: n,
    make(seed) {
      const random = new Random(seed, 0);
      return Float64Array.from({ length: 2 * (Math.ceil(n / 2) - 1) }, () => random.uniform() - 0.5);
    },
    oracle: (amplitudes) => signal(n, amplitudes, true),
    async run(context, amplitudes) {
      const plan = await context.fft({ shape: [n], precision: 'f64' });
      try {
        const spectrum = await plan.forward(signal(n, amplitudes, false));
        const derived = new Float64Array(2 * n);
        // In periods per line: the spacing of samples is 1/n of a line. Multiplied by i.
        for (const [k, f] of fftfreq(n, 1 / n).entries())
          derived.set([-f * (spectrum[2 * k + 1] as number), f * (spectrum[2 * k] as number)], 2 * k);
        return await plan.backward(derived, undefined, { scale: 'full' });
      } finally {
        await plan.dispose();
      }
    },
  });

/** Σ a cos + b sin of 1, 2 … periods per line, or its derivative divided by 2π; interleaved, imaginary part zero. */
function signal(n: number, amplitudes: Float64Array, derived: boolean): Float64Array {
  const out = new Float64Array(2 * n);
  for (let j = 0; j < n; j++) {
    for (let m = 1; 2 * m <= amplitudes.length; m++) {
      const [a, b] = [amplitudes[2 * m - 2] as number, amplitudes[2 * m - 1] as number];
      const [c, s] = [cosPi(2 * j * m, n), sinPi(2 * j * m, n)];
      out[2 * j] = (out[2 * j] as number) + (derived ? m * (b * c - a * s) : a * c + b * s);
    }
  }
  return out;
}

/** The rows. */
export const helperRows = [
  ...(['convolve', 'correlate'] as const).flatMap((name) => [
    ...(['full', 'same', 'valid'] as const).map((mode) => foldRow(name, 'f32', [7, 5], [3, 4], mode)),
    foldRow(name, 'f32', [6, 9], [6, 9], 'wrap'),
    foldRow(name, 'f64', [40], [9], 'full'),
    foldRow(name, 'f64', [9], [40], 'same'),
  ]),
  shiftRow([5, 8], [-2, 3]),
  shiftRow([6, 7], [-3, 0]),
  shiftRow([9], [4]),
  derivativeRow(16),
  derivativeRow(9),
];
