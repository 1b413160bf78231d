/** Small things that go with transforms: frequencies, shifts, convolution and correlation. */
import { EwaldError } from '../errors.js';
import { integer, real } from '../options.js';
import type { FftArray, FftOptions, FftPlan } from './fft.js';

/** Frequencies of the bins of a complex transform of length `n` (1 …), in cycles per unit of `spacing` (default 1): 0, 1/nd, … , −1/nd. */
export function fftfreq(n: number, spacing = 1): Float64Array {
  integer('fftfreq: n', n, 1, 1, 2 ** 31);
  real('fftfreq: spacing', spacing, 1, Number.MIN_VALUE, Number.MAX_VALUE);
  return Float64Array.from({ length: n }, (_, k) => (k < (n + 1) >> 1 ? k : k - n) / (n * spacing));
}

/** Frequencies of the n/2 + 1 bins of a real transform of length `n`, in cycles per unit of `spacing` (default 1). */
export function rfftfreq(n: number, spacing = 1): Float64Array {
  integer('rfftfreq: n', n, 1, 1, 2 ** 31);
  real('rfftfreq: spacing', spacing, 1, Number.MIN_VALUE, Number.MAX_VALUE);
  return Float64Array.from({ length: (n >> 1) + 1 }, (_, k) => k / (n * spacing));
}

/** Moves the zero frequency to the middle: each axis of a C-ordered array of `shape` is rotated by half its length. */
export function fftshift<T extends FftArray>(
  array: T,
  shape: readonly number[],
  options: { readonly complex?: boolean; readonly axes?: readonly number[] } = {},
): T {
  return rotate(array, shape, options, (n) => n >> 1);
}

/** Undoes `fftshift`. */
export function ifftshift<T extends FftArray>(
  array: T,
  shape: readonly number[],
  options: { readonly complex?: boolean; readonly axes?: readonly number[] } = {},
): T {
  return rotate(array, shape, options, (n) => (n + 1) >> 1);
}

function rotate<T extends FftArray>(
  array: T,
  shape: readonly number[],
  { complex = false, axes }: { readonly complex?: boolean; readonly axes?: readonly number[] },
  by: (n: number) => number,
): T {
  const width = complex ? 2 : 1;
  const elements = shape.reduce((product, n) => product * n, 1);
  if (array.length !== elements * width) {
    throw new EwaldError(
      'Shape',
      `fftshift: the array has ${array.length} numbers; the shape ${shape.join(' × ')} needs ${elements * width}${complex ? ' (complex)' : ''}`,
    );
  }
  const rank = shape.length;
  const turned = new Set((axes ?? shape.map((_, axis) => axis)).map((axis) => (axis < 0 ? axis + rank : axis)));
  const steps = shape.map((n, axis) => (turned.has(axis) ? by(n) : 0));
  const out = array.slice() as T;
  const index = new Array<number>(rank).fill(0);
  for (let from = 0; from < elements; from++) {
    let to = 0;
    for (let axis = 0; axis < rank; axis++) to = to * (shape[axis] as number) + (((index[axis] as number) + (steps[axis] as number)) % (shape[axis] as number));
    for (let part = 0; part < width; part++) out[to * width + part] = array[from * width + part] as number;
    for (let axis = rank - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      index[axis] = 0;
    }
  }
  return out;
}

type PlanFft = (options: FftOptions) => Promise<FftPlan>;
/** How two arrays are folded: `full` every overlap (n + m − 1), `same` the middle of it as large as the first, `wrap` periodic. */
export type FoldMode = 'full' | 'same' | 'wrap';

/** The smallest length ≥ n whose only prime factors are 2, 3, 5 and 7. */
export function goodLength(n: number): number {
  for (let m = Math.max(1, n); ; m++) {
    let rest = m;
    for (const p of [2, 3, 5, 7]) while (rest % p === 0) rest /= p;
    if (rest === 1) return m;
  }
}

/** A real array with its shape. */
export interface Shaped {
  readonly data: FftArray;
  readonly shape: readonly number[];
}

/**
 * Convolution of two real arrays of the same rank by transforms: Σ a[k] b[j − k].
 *
 * `fft` plans on the caller's context (`(o) => ctx.fft(o)`). `mode` as in `FoldMode`, default `full`; `wrap` needs equal shapes.
 */
export function convolve(fft: PlanFft, a: Shaped, b: Shaped, mode: FoldMode = 'full'): Promise<Shaped> {
  return fold(fft, a, b, mode, false);
}

/** Cross-correlation of two real arrays of the same rank by transforms: Σ a[k + j] b[k]; in `full` the zero shift is at b's shape − 1. */
export function correlate(fft: PlanFft, a: Shaped, b: Shaped, mode: FoldMode = 'full'): Promise<Shaped> {
  return fold(fft, a, b, mode, true);
}

async function fold(fft: PlanFft, a: Shaped, b: Shaped, mode: FoldMode, correlation: boolean): Promise<Shaped> {
  const rank = a.shape.length;
  for (const { data, shape } of [a, b]) {
    const elements = shape.reduce((product, n) => product * n, 1);
    if (shape.length !== rank || rank < 1 || data.length !== elements) {
      throw new EwaldError(
        'Shape',
        `convolve: an array of ${data.length} numbers and shape ${shape.join(' × ')}; needed are two arrays of the same rank with as many numbers as their shapes say`,
      );
    }
  }
  if (mode === 'wrap' && a.shape.join() !== b.shape.join())
    throw new EwaldError('Shape', `convolve: wrap needs equal shapes, not ${a.shape.join(' × ')} and ${b.shape.join(' × ')}`);
  const full = a.shape.map((n, i) => n + (b.shape[i] ?? 1) - 1);
  const padded = mode === 'wrap' ? [...a.shape] : full.map(goodLength);
  const precision = a.data instanceof Float64Array || b.data instanceof Float64Array ? 'f64' : 'f32';
  const plan = await fft({ shape: padded, kind: 'r2c', precision });
  try {
    const ArrayType = precision === 'f64' ? Float64Array : Float32Array;
    const place = ({ data, shape }: Shaped): FftArray => {
      const out = new ArrayType(plan.inputLength);
      copyBox(data, shape, out, padded, shape, () => 0);
      return out;
    };
    const x = await plan.forward(place(a));
    const y = await plan.forward(place(b));
    for (let i = 0; i < x.length; i += 2) {
      const [p, q, r] = [x[i] as number, x[i + 1] as number, y[i] as number];
      const s = correlation ? -(y[i + 1] as number) : (y[i + 1] as number);
      x[i] = p * r - q * s;
      x[i + 1] = p * s + q * r;
    }
    const z = await plan.backward(x, undefined, { scale: 'full' });
    if (mode === 'wrap') return { data: z, shape: padded };
    const shape = mode === 'full' ? full : [...a.shape];
    // Correlation has its negative shifts at the end of the period; `same` cuts the middle of `full`.
    const start = full.map((_, i) => (mode === 'same' ? ((b.shape[i] ?? 1) - 1) >> 1 : 0) - (correlation ? (b.shape[i] ?? 1) - 1 : 0));
    const out = new ArrayType(shape.reduce((product, n) => product * n, 1));
    copyBox(z, padded, out, shape, shape, (axis) => start[axis] ?? 0);
    return { data: out, shape };
  } finally {
    await plan.dispose();
  }
}

/** Copies a box of size `box` from one C-ordered array to another; `offset` is where it begins in the source, periodically. */
function copyBox(
  from: FftArray,
  fromShape: readonly number[],
  to: FftArray,
  toShape: readonly number[],
  box: readonly number[],
  offset: (axis: number) => number,
): void {
  const rank = box.length;
  const index = new Array<number>(rank).fill(0);
  const elements = box.reduce((product, n) => product * n, 1);
  for (let k = 0; k < elements; k++) {
    let source = 0;
    let target = 0;
    for (let axis = 0; axis < rank; axis++) {
      const n = fromShape[axis] as number;
      source = source * n + (((((index[axis] as number) + offset(axis)) % n) + n) % n);
      target = target * (toShape[axis] as number) + (index[axis] as number);
    }
    to[target] = from[source] as number;
    for (let axis = rank - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (box[axis] as number)) break;
      index[axis] = 0;
    }
  }
}
