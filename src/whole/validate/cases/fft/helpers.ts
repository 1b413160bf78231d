/** Helpers of transforms: convolution and correlation against direct sums; frequencies and shifts by plane waves. */

import { Random } from '../../../../core/random/random.js';
import type { FftArray, FftPrecision } from '../../../../transforms/fft/fft.js';
import {
  convolve,
  correlate,
  type FoldMode,
  fftfreq,
  fftshift,
  ifftshift,
} from '../../../../transforms/fft/helpers.js';
import type { Context } from '../../../assembly/rooms.js';
import type { Row } from '../../case.js';
import { relativeL2 } from '../../compare.js';
import { cosPi, sinPi } from '../../oracle/fft/sums.js';
import * as bounds from '../../tolerances.js';
import { product } from './shapes.js';

const typed = (precision: FftPrecision, values: Float64Array): FftArray =>
  precision === 'f32' ? Float32Array.from(values) : values;
const planOn = (context: Context) => (options: Parameters<Context['fft']>[0]) => context.fft(options);
/** The index along each axis of element `place` of a C-ordered array. */
const indexOf = (place: number, shape: readonly number[]): number[] => {
  const index: number[] = [];
  let rest = place;
  for (const n of [...shape].reverse()) {
    index.unshift(rest % n);
    rest = Math.floor(rest / n);
  }
  return index;
};

/** A row with the common properties: one output array, compared by its norm. */
function simple<Input>(
  id: string,
  about: string,
  precision: FftPrecision,
  points: number,
  parts: {
    make(seed: number): Input;
    oracle(input: Input): Float64Array;
    run(context: Context, input: Input): Promise<ArrayLike<number>>;
  },
): Row<Input, ArrayLike<number>, Float64Array> {
  const flops = 3 * 5 * points * Math.log2(points + 1);
  return {
    id,
    about,
    cost: 1e-4 + flops / 1e9,
    work: { amount: 3, unit: 'transforms' },
    flops,
    bytes: 6 * points * (precision === 'f32' ? 8 : 16),
    make: parts.make,
    oracle: parts.oracle,
    plan: async (context, input) => ({
      backend: context.backends[0]?.name ?? 'wasm',
      run: () => parts.run(context, input),
      dispose: async () => undefined,
    }),
    compare(found, expected) {
      const { error, note } = relativeL2(found, expected);
      return { errors: { l2: error }, ...(note === undefined ? {} : { note }) };
    },
    bounds: () => ({ l2: bounds.threeTransforms(precision, points) }),
  };
}

/** Σ a[k] b[j − k], or Σ a[k + j] b[k], over all elements that overlap; with `wrap`, indices wrap around. */
function fold(
  a: Float64Array,
  b: Float64Array,
  shapes: readonly [number[], number[]],
  mode: FoldMode,
  correlation: boolean,
): Float64Array {
  const [p, q] = shapes;
  const full = p.map((n, i) => n + (q[i] as number) - 1);
  const shape = mode === 'full' ? full : mode === 'valid' ? p.map((n, i) => n - (q[i] as number) + 1) : p;
  return Float64Array.from({ length: product(shape) }, (_, place) => {
    const at = indexOf(place, shape).map((j, i) => {
      const m = q[i] as number;
      if (mode === 'wrap') return j;
      const first = mode === 'same' ? (m - 1) >> 1 : mode === 'valid' ? m - 1 : 0;
      return j + first - (correlation ? m - 1 : 0);
    });
    let sum = 0;
    b.forEach((y, k) => {
      const index = indexOf(k, q).map((kk, i) => {
        const source = correlation ? (at[i] as number) + kk : (at[i] as number) - kk;
        const n = p[i] as number;
        return mode === 'wrap' ? ((source % n) + n) % n : source;
      });
      if (index.some((x, i) => x < 0 || x >= (p[i] as number))) return;
      sum += y * (a[index.reduce((whole, x, i) => whole * (p[i] as number) + x, 0)] as number);
    });
    return sum;
  });
}

function foldRow(name: 'convolve' | 'correlate', precision: FftPrecision, p: number[], q: number[], mode: FoldMode) {
  const id = `fft:${name}:${precision}:n=${p.join('x')}:m=${q.join('x')}:${mode}`;
  return simple(id, name === 'convolve' ? 'convolution' : 'cross-correlation', precision, product(p) + product(q), {
    make(seed) {
      const random = new Random(seed, 0);
      return [p, q].map((shape) =>
        Float64Array.from({ length: product(shape) }, () => Math.fround(random.uniform() - 0.5)),
      ) as [Float64Array, Float64Array];
    },
    oracle: ([a, b]) => fold(a, b, [p, q], mode, name === 'correlate'),
    run: async (context, [a, b]) => {
      const folded = name === 'convolve' ? convolve : correlate;
      return (
        await folded(
          planOn(context),
          { data: typed(precision, a), shape: p },
          { data: typed(precision, b), shape: q },
          mode,
        )
      ).data;
    },
  });
}

/** A plane wave of `turns` periods along each axis, interleaved. */
const wave = (shape: readonly number[], turns: readonly number[]): Float64Array => {
  const out = new Float64Array(2 * product(shape));
  for (let place = 0; place < product(shape); place++) {
    const index = indexOf(place, shape);
    let [re, im] = [1, 0];
    index.forEach((j, i) => {
      const [c, s] = [
        cosPi(2 * j * (turns[i] as number), shape[i] as number),
        sinPi(2 * j * (turns[i] as number), shape[i] as number),
      ];
      [re, im] = [re * c - im * s, re * s + im * c];
    });
    out.set([re, im], 2 * place);
  }
  return out;
};

/**
 * The shifted spectrum of a wave is a single number, as far from the middle as the wave has periods; shifting back
 * restores the wave.
 */
const shiftRow = (shape: number[], turns: number[]) =>
  simple(
    `fft:shift:f32:n=${shape.join('x')}:wave=${turns.join('.')}`,
    'the zero frequency in the middle',
    'f32',
    product(shape),
    {
      make: () => wave(shape, turns),
      oracle: (input) => {
        const spectrum = new Float64Array(2 * product(shape));
        const peak = shape.reduce((whole, n, i) => whole * n + (turns[i] as number) + Math.floor(n / 2), 0);
        spectrum[2 * peak] = product(shape);
        return Float64Array.from([...spectrum, ...input]);
      },
      run: async (context, input) => {
        const plan = await context.fft({ shape });
        try {
          const shifted = fftshift(await plan.forward(Float32Array.from(input)), shape, { complex: true });
          const back = await plan.backward(ifftshift(shifted, shape, { complex: true }), undefined, { scale: 'full' });
          return [...shifted, ...back];
        } finally {
          await plan.dispose();
        }
      },
    },
  );

/**
 * A signal with every frequency below n/2, differentiated through its spectrum: a frequency of the wrong sign gives a
 * wave of the wrong amplitude.
 */
const derivativeRow = (n: number) =>
  simple(`fft:fftfreq:f64:n=${n}`, 'a derivative by frequencies', 'f64', n, {
    make(seed) {
      const random = new Random(seed, 0);
      return Float64Array.from({ length: 2 * (Math.ceil(n / 2) - 1) }, () => random.uniform() - 0.5);
    },
    oracle: (amplitudes) => signal(n, amplitudes, true),
    run: async (context, amplitudes) => {
      const plan = await context.fft({ shape: [n], precision: 'f64' });
      try {
        const spectrum = await plan.forward(signal(n, amplitudes, false));
        // In periods per line: the spacing of samples is 1/n of a line. Multiplied by i.
        const derived = fftfreq(n, 1 / n).reduce(
          (out, f, k) => {
            out.set([-f * (spectrum[2 * k + 1] as number), f * (spectrum[2 * k] as number)], 2 * k);
            return out;
          },
          new Float64Array(2 * n),
        );
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

const modes: readonly FoldMode[] = ['full', 'same', 'valid'];
/** The rows. */
export const helperRows = [
  ...(['convolve', 'correlate'] as const).flatMap((name) => [
    ...modes.map((mode) => foldRow(name, 'f32', [7, 5], [3, 4], mode)),
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
