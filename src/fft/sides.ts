/** The two sides of a run, typed arrays or device arrays, checked before any work. */

import { type ArrayParts, type DeviceArray, partsOf } from '../compute/arrays/array.js';
import { componentType, isComplex, numberTypeOf } from '../compute/arrays/numbers.js';
import type { BackendName } from '../compute/backends/names.js';
import type { Planner } from '../compute/planner/planner.js';
import { asItIs, assertIntact, lengthOf } from '../util/buffers.js';
import { EwaldError } from '../util/errors.js';
import { kindOf } from '../util/options.js';
import type { FftDescriptor, FftSide } from './contract.js';
import type { FftPrecision } from './options.js';

/** Numbers of a transform: single or double as the plan's precision says; complex ones interleaved. */
export type FftArray<P extends FftPrecision = FftPrecision> = { f32: Float32Array; f64: Float64Array }[P];
/** Dtypes of the sides of a transform. */
export type FftDtype<P extends FftPrecision = FftPrecision> = { f32: 'f32' | 'c64'; f64: 'f64' | 'c128' }[P];
/** What a run reads or writes. */
export type FftData<P extends FftPrecision = FftPrecision> = FftArray<P> | DeviceArray;

/** What sides are checked against. */
export interface SideRules {
  readonly planner: Planner;
  readonly backend: BackendName;
  /** Kind, shape and batch in words. */
  readonly about: string;
  readonly precision: FftDescriptor['precision'];
  /** Arrays have exactly the numbers of the plan; with strides they may be longer, since rows may have padding. */
  readonly exact: boolean;
  /** In place an array is both sides, so that it may be of either sort. */
  readonly inPlace: boolean;
  /** The kernel takes memory of its backend. */
  readonly takesArrays: boolean;
}

/** A checked side: what the kernel receives, and the device array if it is one. */
export interface CheckedSide {
  readonly side: FftSide;
  readonly array: ArrayParts | undefined;
  /** Numbers of a typed array at the call. */
  readonly length: number;
}

/** Throws `Shape` where a typed array is not what it was at the call. */
export function assertWhole(what: string, { side, array, length }: CheckedSide, when: string): void {
  if (!array) assertIntact(what, side as FftArray, length, when);
}

/** Checks a side. Throws `Shape`, `Argument`, `Disposed`, `Unsupported`. */
export function checkSide(
  what: string,
  given: unknown,
  length: number,
  complex: boolean,
  rules: SideRules,
): CheckedSide {
  const array = partsOf(given);
  if (!array) {
    checkNumbers(what, given as FftArray, length, rules, rules.exact);
    const side = asItIs(given as FftArray);
    return { side, array, length: lengthOf(side) };
  }
  const { dtype, backend, length: found } = given as DeviceArray;
  array.resource.assertAlive();
  if (array.planner !== rules.planner)
    throw new EwaldError(
      'Argument',
      `${what} is an array of another context; make it with this plan's array() or ctx.array()`,
    );
  if (backend !== rules.backend) {
    throw new EwaldError(
      'Argument',
      `${what} is an array on ${backend}; this plan computes on ${rules.backend}: make it with the plan's ` +
        `array(), or with { backend: '${rules.backend}' }`,
    );
  }
  if (!rules.takesArrays)
    throw new EwaldError('Unsupported', `${what} is a device array; this plan's engine takes typed arrays only`);
  if (componentType(dtype) !== rules.precision || (!rules.inPlace && isComplex(dtype) !== complex)) {
    const wanted = { f32: complex ? 'c64' : 'f32', f64: complex ? 'c128' : 'f64' }[rules.precision];
    const integers = /^[ui]/.test(dtype) ? ' (convert its integers first: Float32Array.from(await array.read()))' : '';
    throw new EwaldError('Shape', `${what} is an array of dtype ${dtype}; expected ${wanted}${integers}`);
  }
  checkLength(what, found, length, rules, rules.exact, "make it with the plan's array()");
  return { side: array.memory, array, length: found };
}

/** Checks a typed array of at least, or exactly, `length` numbers. Throws `Shape`. */
export function checkNumbers(what: string, array: FftArray, length: number, rules: SideRules, exact = false): void {
  const ArrayType = rules.precision === 'f32' ? Float32Array : Float64Array;
  if (!(array instanceof ArrayType)) {
    const convertible = numberTypeOf(array) ? ` (${ArrayType.name}.from gives one)` : '';
    throw new EwaldError(
      'Shape',
      `${what} is ${kindOf(array)}; a plan of precision ${rules.precision} needs a ${ArrayType.name}${convertible}`,
    );
  }
  checkLength(what, lengthOf(array), length, rules, exact, `pass subarray(0, ${length}) to transform its beginning`);
}

function checkLength(
  what: string,
  found: number,
  length: number,
  { about }: SideRules,
  exact: boolean,
  advice: string,
): void {
  if (exact ? found === length : found >= length) return;
  const several = found % length === 0 ? `, or plan a batch of ${found / length} times as many transforms` : '';
  const more = found > length ? `; ${advice}${several}` : '';
  throw new EwaldError('Shape', `${what} has ${found} numbers; expected ${length} (${about})${more}`);
}

/** Whether two sides share memory. */
export function overlap(a: unknown, b: unknown): boolean {
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b)) return a === b;
  return (
    a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength
  );
}
