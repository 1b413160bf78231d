/** Types of result buffers: their typed arrays, and the values that fill positions outside a region of interest. */

import type { DataType } from '../../bytes/dtype.js';
import { type NumberArrays, numberTypes } from '../../compute/arrays/numbers.js';

/** The typed array of each dtype; complex numbers are interleaved (re, im), booleans are 0 and 1. */
export interface DtypeArrays extends NumberArrays {
  readonly u64: BigUint64Array;
  readonly i64: BigInt64Array;
  readonly c64: Float32Array;
  readonly c128: Float64Array;
  readonly bool: Uint8Array;
}
/** Dtype of a result buffer. */
export type BufferDtype = keyof DtypeArrays;
/** Any array of a result buffer. */
export type BufferArray = DtypeArrays[BufferDtype];

const { f32, f64, ...integers } = numberTypes;
const classes = {
  ...integers,
  u64: BigUint64Array,
  i64: BigInt64Array,
  f32,
  f64,
  c64: f32,
  c128: f64,
  bool: Uint8Array,
} as const;

/** Names of all dtypes of buffers. */
export const bufferDtypes = Object.keys(classes) as BufferDtype[];

/** Numbers per element: 2 for complex types. */
export const numbersPerElement = (dtype: BufferDtype | DataType): 1 | 2 =>
  dtype === 'c64' || dtype === 'c128' ? 2 : 1;

/** A zeroed array of `length` elements. */
export function allocate<D extends BufferDtype>(dtype: D, length: number): DtypeArrays[D] {
  return new classes[dtype](length * numbersPerElement(dtype)) as unknown as DtypeArrays[D];
}

/** Whether `array` can hold numbers of `dtype`. */
export const isArrayOf = (dtype: BufferDtype, array: unknown): boolean =>
  ArrayBuffer.isView(array) && (array as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] === classes[dtype].name;

/** Fills positions without a frame: NaN for reals, 0 for all others. */
export function fillGaps(dtype: BufferDtype, array: BufferArray): void {
  if (/^[fc]/.test(dtype)) (array as Float64Array).fill(Number.NaN);
}

/** Arrays of one UDF by name. */
export type Arrays = Record<string, BufferArray>;

/** Whether numbers of a dtype are integers. */
export const isIntegerDtype = (dtype: DataType): boolean => /^[ui]/.test(dtype);

/** The elements at some positions. */
export function gather(from: BufferArray, places: Uint32Array, stride: number): BufferArray {
  const out = new (from.constructor as new (length: number) => BufferArray)(places.length * stride) as Float64Array;
  for (let i = 0; i < places.length; i++)
    for (let k = 0; k < stride; k++)
      out[i * stride + k] = (from as unknown as Float64Array)[(places[i] as number) * stride + k] as number;
  return out as unknown as BufferArray;
}

/** Stores elements at their positions. */
export function scatter(from: BufferArray, places: Uint32Array, stride: number, to: BufferArray): void {
  const [source, target] = [from, to] as unknown as [Float64Array, Float64Array];
  for (let i = 0; i < places.length; i++)
    for (let k = 0; k < stride; k++) target[(places[i] as number) * stride + k] = source[i * stride + k] as number;
}
