/** Helpers for transforms: frequencies, shifts, convolution and correlation. */

import { checkedOptions, checkedValue, row } from '../options/call-options.js';
import { expects, expectsMembers } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
import { kindOf } from '../util/options.js';
import { product } from '../util/product.js';
import type { FftArray, FftOptions, FftPlan } from './fft.js';

/** The maximum length of an axis of a plan. */
const longest = 2 ** 27;

/** Validates an argument without a default: undefined is rejected as well. */
const checkLength = (what: string, n: number): number => checkedValue(what, n, row.required(row.integer(1, longest)));

/**
 * Frequencies of the bins of a complex transform of length `n` (1 … 2²⁷), in cycles per unit of `spacing` (positive,
 * default 1): 0, 1/nd, … , −1/nd. For even `n` the highest is the negative −1/2d. Throws `Argument`.
 */
export function fftfreq(n: number, spacing = 1): Float64Array {
  checkLength('fftfreq: n', n);
  checkedValue('fftfreq: spacing', spacing, row.number(Number.MIN_VALUE, Number.MAX_VALUE, 1));
  const out = new Float64Array(n);
  for (let k = 0; k < n; k++) out[k] = (k < (n + 1) >> 1 ? k : k - n) / (n * spacing);
  return out;
}

/**
 * Frequencies of the n/2 + 1 bins of a real transform of length `n` (1 … 2²⁷), in cycles per unit of `spacing`
 * (positive, default 1). For even `n` the last is the positive 1/2d. Throws `Argument`.
 */
export function rfftfreq(n: number, spacing = 1): Float64Array {
  checkLength('rfftfreq: n', n);
  checkedValue('rfftfreq: spacing', spacing, row.number(Number.MIN_VALUE, Number.MAX_VALUE, 1));
  const out = new Float64Array((n >> 1) + 1);
  for (let k = 0; k < out.length; k++) out[k] = k / (n * spacing);
  return out;
}

/** Options of the shifts. */
interface ShiftOptions {
  /** The array is interleaved complex; default false. */
  readonly complex?: boolean | undefined;
  /** Axes to shift, each once; default: all. Negative ones count from the last. */
  readonly axes?: readonly number[] | undefined;
}

/**
 * Moves the zero frequency to the middle: a new array in which each axis of the C-ordered `shape` is rotated by half
 * its length, rounded down. Throws `Shape` for an array of another length, `Argument` for axes that do not exist.
 */
export function fftshift<T extends FftArray>(
  array: T,
  shape: readonly number[] | number,
  options: ShiftOptions = {},
): T {
  return rotate('fftshift', array, shape, options, (n) => n >> 1);
}

/** Undoes `fftshift`: rotates by half the length, rounded up. */
export function ifftshift<T extends FftArray>(
  array: T,
  shape: readonly number[] | number,
  options: ShiftOptions = {},
): T {
  return rotate('ifftshift', array, shape, options, (n) => (n + 1) >> 1);
}

function rotate<T extends FftArray>(
  name: string,
  array: T,
  given: readonly number[] | number,
  wanted: ShiftOptions,
  by: (n: number) => number,
): T {
  const { complex, axes } = checkedOptions(name, wanted, { complex: row.flag, axes: row.any });
  const shape = typeof given === 'number' ? [given] : given;
  checkArray(name, array, shape, complex);
  const rank = shape.length;
  const turned = (axes ?? shape.map((_, axis) => axis))
    .map((axis) => checkedValue(`${name}: axes`, axis, row.integer(-rank, rank - 1, 0)))
    .map((axis) => (axis + rank) % rank);
  if (new Set(turned).size !== turned.length)
    throw new EwaldError('Argument', `${name}: axes is ${JSON.stringify(axes)}; expected each axis once`);
  // The two parts of a complex number stay together, which makes the last axis twice as long.
  const width = (axis: number): number => (complex && axis === rank - 1 ? 2 : 1);
  const lengths = shape.map((n, axis) => n * width(axis));
  // Each axis starts at the element that moves to the front.
  const starts = shape.map((n, axis) => (turned.includes(axis) ? ((n - by(n)) % n) * width(axis) : 0));
  const out = array.slice() as T;
  copyBox(array, lengths, out, lengths, lengths, starts);
  return out;
}

type PlanFft = (options: FftOptions) => Promise<FftPlan>;
/**
 * The part of a convolution to return: `full` every overlap (n + m − 1), `same` its middle part, as large as the first
 * array, `valid` where the second array is entirely within the first (n − m + 1), `wrap` one whole period.
 */
export type FoldMode = 'full' | 'same' | 'valid' | 'wrap';
const modes: readonly FoldMode[] = ['full', 'same', 'valid', 'wrap'];

/**
 * The smallest length ≥ `n` (1 … 2²⁷) whose only prime factors are 2, 3, 5 and 7: zero padding to it makes a transform
 * fast.
 */
export function goodLength(n: number): number {
  for (let m = checkLength('goodLength: n', n); ; m++) {
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
 * `fft` plans on the caller's context (`(o) => ctx.fft(o)`), in double precision if one of the arrays is. `mode` is a
 * `FoldMode`, default `full`; `wrap` requires equal shapes, `valid` a second array that is not longer along any axis.
 * Throws `Shape`, `Argument`.
 */
export function convolve(fft: PlanFft, a: Shaped, b: Shaped, mode: FoldMode = 'full'): Promise<Shaped> {
  return fold('convolve', fft, a, b, mode);
}

/**
 * Cross-correlation of two real arrays of the same rank by transforms: Σ a[k + j] b[k]. Like `convolve`; in `full` the
 * zero shift is at b's shape − 1, in `wrap` and `valid` at 0.
 */
export function correlate(fft: PlanFft, a: Shaped, b: Shaped, mode: FoldMode = 'full'): Promise<Shaped> {
  return fold('correlate', fft, a, b, mode);
}

async function fold(
  name: 'convolve' | 'correlate',
  fft: PlanFft,
  a: Shaped,
  b: Shaped,
  mode: FoldMode,
): Promise<Shaped> {
  checkedValue(`${name}: mode`, mode, row.choice(modes, 'full'));
  for (const [i, array] of [a, b].entries())
    expectsMembers(`${name}: argument ${i + 2}`, array, ['data', 'shape'], 'an array with its shape: { data, shape }');
  expects(typeof fft === 'function', `${name}: the first argument`, fft, '(options) => ctx.fft(options)');
  for (const { data, shape } of [a, b]) checkArray(name, data, shape, false);
  const shapes = `${a.shape.join(' × ')} and ${b.shape.join(' × ')}`;
  if (a.shape.length !== b.shape.length)
    throw new EwaldError('Shape', `${name}: the shapes are ${shapes}; expected two arrays of the same rank`);
  const pairs = a.shape.map((n, axis) => ({ n, m: b.shape[axis] ?? 1 }));
  if (mode === 'wrap' && pairs.some(({ n, m }) => n !== m))
    throw new EwaldError('Shape', `${name}: wrap requires equal shapes, not ${shapes}`);
  if (mode === 'valid' && pairs.some(({ n, m }) => m > n)) {
    throw new EwaldError(
      'Shape',
      `${name}: the shapes are ${shapes}; valid requires a second array that is not longer than the first ` +
        'along any axis',
    );
  }
  // Without wrapping, every returned overlap needs room; overlaps that the mode omits may wrap onto each other.
  const padded = pairs.map(({ n, m }) => (mode === 'wrap' ? n : goodLength(mode === 'valid' ? n : n + m - 1)));
  const precision = a.data instanceof Float64Array || b.data instanceof Float64Array ? 'f64' : 'f32';
  const shape = pairs.map(({ n, m }) => ({ full: n + m - 1, same: n, valid: n - m + 1, wrap: n })[mode]);
  // Counted from the first overlap, where `full` starts; for a correlation its shift is −(m − 1).
  const first = pairs.map(
    ({ m }) => ({ full: 0, same: (m - 1) >> 1, valid: m - 1, wrap: name === 'correlate' ? m - 1 : 0 })[mode],
  );
  // Pruning skips zeros and unneeded outputs, if that saves more than a separate plan costs.
  const count = (lengths: readonly number[]): number => product(lengths);
  const worth = (lengths: readonly number[]): readonly number[] =>
    pairs.length > 1 && 4 * count(lengths) < 3 * count(padded) ? lengths : padded;
  const wanted = worth(mode === 'wrap' ? padded : first.map((k, axis) => k + (shape[axis] as number)));
  const plans = new Map<string, FftPlan>();
  const planFor = async (inputShape: readonly number[]): Promise<FftPlan> => {
    const plan = plans.get(inputShape.join()) ?? (await fft({ shape: padded, kind: 'r2c', precision, inputShape }));
    plans.set(inputShape.join(), plan);
    return plan;
  };
  try {
    const ArrayType = precision === 'f64' ? Float64Array : Float32Array;
    const spectrum = async (data: FftArray, lengths: readonly number[]): Promise<FftArray> => {
      const inputShape = worth(lengths);
      const input = new ArrayType(count(inputShape));
      copyBox(data, lengths, input, inputShape, lengths);
      return (await planFor(inputShape)).forward(input);
    };
    const x = await spectrum(a.data, a.shape);
    // Correlation is convolution with the second array reversed.
    const y = await spectrum(name === 'correlate' ? b.data.slice().reverse() : b.data, b.shape);
    for (let i = 0; i < x.length; i += 2) {
      const [p, q, r, s] = [x[i] as number, x[i + 1] as number, y[i] as number, y[i + 1] as number];
      x[i] = p * r - q * s;
      x[i + 1] = p * s + q * r;
    }
    const z = await (await planFor(wanted)).backward(x, undefined, { scale: 'full' });
    const out = new ArrayType(count(shape));
    copyBox(
      z,
      wanted,
      out,
      shape,
      shape,
      first.map((k, axis) => k % (wanted[axis] as number)),
    );
    return { data: out, shape };
  } finally {
    for (const plan of plans.values()) await plan.dispose();
  }
}

function checkArray(name: string, array: FftArray, shape: readonly number[], complex: boolean): void {
  if (!Array.isArray(shape) || shape.length < 1 || shape.some((n) => !Number.isInteger(n) || n < 1))
    throw new EwaldError(
      'Shape',
      `${name}: the shape is ${JSON.stringify(shape)}; expected lengths of 1 and more, slowest axis first`,
    );
  if (!(array instanceof Float32Array || array instanceof Float64Array)) {
    const kind = kindOf(array);
    throw new EwaldError('Shape', `${name}: the array is ${kind}; expected a Float32Array or Float64Array`);
  }
  const numbers = shape.reduce((product, n) => product * n, complex ? 2 : 1);
  if (array.length === numbers) return;
  throw new EwaldError(
    'Shape',
    `${name}: the array has ${array.length} numbers; the shape ${shape.join(' × ')} needs ` +
      `${numbers}${complex ? ' (complex)' : ''}`,
  );
}

/**
 * Copies a box of size `box` to the corner of another C-ordered array; in the source it starts at `start` (default: the
 * corner) and is periodic.
 */
function copyBox(
  from: FftArray,
  fromShape: readonly number[],
  to: FftArray,
  toShape: readonly number[],
  box: readonly number[],
  start: readonly number[] = box.map(() => 0),
): void {
  // Copies whole rows, each in two pieces if it passes the end of the source.
  const last = box.length - 1;
  const [row, period, begin] = [box[last] as number, fromShape[last] as number, start[last] as number];
  const piece = Math.min(row, period - begin);
  const index = new Array<number>(last).fill(0);
  const rows = product(box.slice(0, last));
  for (let k = 0; k < rows; k++) {
    let source = 0;
    let target = 0;
    for (let axis = 0; axis < last; axis++) {
      const n = fromShape[axis] as number;
      source = source * n + (((index[axis] as number) + (start[axis] as number)) % n);
      target = target * (toShape[axis] as number) + (index[axis] as number);
    }
    source *= period;
    target *= toShape[last] as number;
    to.set(from.subarray(source + begin, source + begin + piece), target);
    if (piece < row) to.set(from.subarray(source, source + row - piece), target + piece);
    for (let axis = last - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (box[axis] as number)) break;
      index[axis] = 0;
    }
  }
}
