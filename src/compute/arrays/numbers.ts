/** Number types of arrays, and the typed array of each. */

/** The typed array of each type of number. */
export interface NumberArrays {
  readonly u8: Uint8Array;
  readonly i8: Int8Array;
  readonly u16: Uint16Array;
  readonly i16: Int16Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
}

/** Types of single numbers: the integers of detectors, and floating point. */
export type NumberType = keyof NumberArrays;

/** Host data: the typed arrays that arrays are written from and read into. */
export type ArrayNumbers = NumberArrays[NumberType];

/** Their constructors. */
export const numberTypes = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;

/**
 * Element type: an integer of 8, 16 or 32 bits, unsigned or signed, as detectors deliver; a real number of single or
 * double precision; or a complex number of two of them. NumPy's uint8 … int32, float32, float64, complex64, complex128.
 */
export type ArrayDtype = NumberType | 'c64' | 'c128';

/** Whether a dtype is complex. */
export const isComplex = (dtype: ArrayDtype): boolean => dtype === 'c64' || dtype === 'c128';

/** Type of the single numbers of a dtype. */
export const componentType = (dtype: ArrayDtype): NumberType =>
  dtype === 'c64' ? 'f32' : dtype === 'c128' ? 'f64' : dtype;

export const arrayDtypes: readonly ArrayDtype[] = [...(Object.keys(numberTypes) as NumberType[]), 'c64', 'c128'];

/** Type of the numbers of a typed array; undefined for types that arrays do not support. */
export function numberTypeOf(data: unknown): NumberType | undefined {
  return (Object.keys(numberTypes) as NumberType[]).find((type) => data instanceof numberTypes[type]);
}

/** The typed array of a dtype. */
export type NumbersOf<D extends ArrayDtype> = {
  [E in D]: NumberArrays[E extends 'c64' ? 'f32' : E extends 'c128' ? 'f64' : E & NumberType];
}[D];

/** The dtypes whose numbers a typed array can hold. */
export type DtypesOf<T extends ArrayNumbers> = {
  [E in ArrayDtype]: T extends NumbersOf<E> ? E : never;
}[ArrayDtype];
