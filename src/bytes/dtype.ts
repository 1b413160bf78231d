/**
 * Element types of frames, named as in NumPy but by bits per element, and the typed arrays that hold them.
 *
 * Complex numbers are interleaved (re, im). Half floats are 16-bit words until `halfToNumber` widens them, because not
 * every engine has Float16Array; where one has, the caller may pass those, whose bytes are the same.
 */

import { EwaldError } from '../util/errors.js';
import type { OwnBytes, PlatformFloat16Array } from '../util/globals.js';
import { inspect, withArticle } from '../util/options.js';

/** The dtype of an element in memory, always in the machine's byte order. */
export type DataType =
  | 'u8'
  | 'i8'
  | 'u16'
  | 'i16'
  | 'u32'
  | 'i32'
  | 'u64'
  | 'i64'
  | 'f16'
  | 'f32'
  | 'f64'
  | 'c64'
  | 'c128';

/** The largest number of an unsigned type, which counting detectors give what is saturated or has no count; or NaN. */
export const largestOf = (dtype: DataType): number =>
  ({ u8: 255, u16: 65535, u32: 4294967295 })[dtype as 'u8'] ?? Number.NaN;

/** The typed arrays that frames are read into. */
export type FrameArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** A typed array of the caller's: half floats may be those of the engine. */
export type GivenArray = FrameArray | PlatformFloat16Array;

interface ArrayType {
  new (length: number): FrameArray;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): FrameArray;
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
}

/** The representation of an element. */
interface Element {
  /** The typed array of its numbers. */
  readonly array: ArrayType;
  /** Numbers per element: 2 for complex types. */
  readonly numbers: 1 | 2;
  /** Its name in NumPy's spelling. */
  readonly numpy: string;
}

/** All dtypes. */
export const elements: Readonly<Record<DataType, Element>> = {
  u8: { array: Uint8Array, numbers: 1, numpy: 'uint8' },
  i8: { array: Int8Array, numbers: 1, numpy: 'int8' },
  u16: { array: Uint16Array, numbers: 1, numpy: 'uint16' },
  i16: { array: Int16Array, numbers: 1, numpy: 'int16' },
  u32: { array: Uint32Array, numbers: 1, numpy: 'uint32' },
  i32: { array: Int32Array, numbers: 1, numpy: 'int32' },
  u64: { array: BigUint64Array, numbers: 1, numpy: 'uint64' },
  i64: { array: BigInt64Array, numbers: 1, numpy: 'int64' },
  f16: { array: Uint16Array, numbers: 1, numpy: 'float16' },
  f32: { array: Float32Array, numbers: 1, numpy: 'float32' },
  f64: { array: Float64Array, numbers: 1, numpy: 'float64' },
  c64: { array: Float32Array, numbers: 2, numpy: 'complex64' },
  c128: { array: Float64Array, numbers: 2, numpy: 'complex128' },
};

/** The names of all dtypes. */
export const dataTypes = Object.keys(elements) as DataType[];

/** Bytes per number: the unit of a change of byte order. */
export const numberBytes = (dtype: DataType): number => elements[dtype].array.BYTES_PER_ELEMENT;

/** Bytes per element. */
export const elementBytes = (dtype: DataType): number => numberBytes(dtype) * elements[dtype].numbers;

/** A new typed array for `length` elements of `dtype`. */
export function allocateFrames(dtype: DataType, length: number): FrameArray {
  const { array, numbers } = elements[dtype];
  try {
    return new array(length * numbers);
  } catch (cause) {
    throw new EwaldError(
      'OutOfMemory',
      `${length * elementBytes(dtype)} bytes for ${length} elements of ${dtype} could not be allocated; ` +
        'read fewer frames',
      { cause },
    );
  }
}

/** The same memory seen as bytes. */
export const bytesOfArray = (array: ArrayBufferView): OwnBytes =>
  new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength);

/** The bytes of a buffer as an array of `dtype`, copied if they are not aligned. */
export function viewAs(bytes: Uint8Array, dtype: DataType): FrameArray {
  const { array } = elements[dtype];
  const aligned = bytes.byteOffset % array.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return new array(aligned.buffer, aligned.byteOffset, Math.floor(bytes.byteLength / array.BYTES_PER_ELEMENT));
}

// Checks the tag and not the class, so that arrays of another realm (an iframe, a vm) are accepted.
const tagOf = (array: unknown): string | undefined =>
  (array as { readonly [Symbol.toStringTag]?: string } | null | undefined)?.[Symbol.toStringTag];

/** The engine's half floats. */
const halves = 'Float16Array';

/** Whether an array holds the numbers of a dtype. */
export const isArrayOf = (array: unknown, dtype: DataType): boolean =>
  tagOf(array) === elements[dtype].array.name || (dtype === 'f16' && tagOf(array) === halves);

/** The arrays that hold the numbers of a dtype, in words. */
export const arrayNames = (dtype: DataType): string =>
  `${withArticle(elements[dtype].array.name)}${dtype === 'f16' ? ` or a ${halves}` : ''}`;

/** The same memory as the array that this package computes on: half floats are words. */
export const wordsOf = (array: GivenArray): FrameArray =>
  tagOf(array) === halves ? viewAs(bytesOfArray(array), 'f16') : (array as FrameArray);

/** The dtype of a typed array. */
export function dtypeOf(array: GivenArray): DataType {
  const tag = tagOf(array);
  if (tag === halves) return 'f16';
  const dataType = dataTypes.find((name) => elements[name].array.name === tag && name !== 'f16');
  if (!dataType)
    throw new EwaldError(
      'Shape',
      `${tag === undefined ? inspect(array) : withArticle(tag)} cannot hold frames; expected a typed array of numbers`,
    );
  return dataType;
}
