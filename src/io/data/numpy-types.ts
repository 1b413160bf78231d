/** The types of numbers in the short notation of NumPy, without the byte order: u2, f4, c8. */
import type { DataType } from './dtype.js';

/** The element type of each short name: a letter for the kind and the number of bytes. */
export const numpyTypes: Readonly<Record<string, DataType>> = {
  b1: 'u8',
  u1: 'u8',
  i1: 'i8',
  u2: 'u16',
  i2: 'i16',
  u4: 'u32',
  i4: 'i32',
  u8: 'u64',
  i8: 'i64',
  f2: 'f16',
  f4: 'f32',
  f8: 'f64',
  c8: 'c64',
  c16: 'c128',
};

const longNames: Readonly<Record<string, DataType>> = {
  uint8: 'u8',
  uint16: 'u16',
  uint32: 'u32',
  uint64: 'u64',
  int8: 'i8',
  int16: 'i16',
  int32: 'i32',
  int64: 'i64',
  float16: 'f16',
  float32: 'f32',
  float64: 'f64',
  complex64: 'c64',
  complex128: 'c128',
};

/**
 * NumPy's words for types of numbers, and the options that they stand for: `uint16`, `<u2`, `>u2`, `|u1`. Short names
 * without a byte order are not among them: u8 has eight bits here, and eight bytes there.
 */
export const numpyWords: Readonly<Record<string, Readonly<Record<string, string>>>> = Object.fromEntries([
  ...Object.entries(longNames).map(([name, dtype]) => [name, { dtype }] as const),
  ...Object.entries(numpyTypes).flatMap(([name, dtype]) =>
    (
      [
        ['<', { dtype, endian: 'little' }],
        ['>', { dtype, endian: 'big' }],
        ['|', { dtype }],
        ['=', { dtype }],
      ] as const
    ).map(([order, stands]) => [`${order}${name}`, stands] as const),
  ),
]);
