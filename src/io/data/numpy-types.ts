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
