/** Types, shapes and attributes for writing. */

import { bytesOfArray, type DataType, elementBytes, elements, type FrameArray } from '../bytes/dtype.js';
import { EwaldError } from '../util/errors.js';
import { Writer } from './write-fields.js';

/** An attribute: a text, texts, a number (float64) or an array of numbers. */
export type WriteAttribute = string | readonly string[] | number | FrameArray;

/** A shape; [] is a scalar. */
export function dataspace(shape: readonly number[]): Uint8Array {
  const out = new Writer().u8(2, shape.length, 0, shape.length === 0 ? 0 : 1);
  for (const n of shape) out.u64(n);
  return out.bytes;
}

/** The datatype of numbers. Complex ones are a pair r, i, as h5py writes them. */
export function datatype(dtype: DataType): Uint8Array {
  const size = elementBytes(dtype);
  if (dtype.startsWith('c')) {
    const part = datatype(dtype === 'c64' ? 'f32' : 'f64');
    const out = new Writer().u8(0x36, 2, 0, 0).u32(size);
    for (const [name, offset] of [
      ['r', 0],
      ['i', size / 2],
    ] as const)
      out.text(`${name}\0`).u8(offset).put(part);
    return out.bytes;
  }
  if (dtype.startsWith('f')) {
    const [sign, exponentAt, exponent, bias] = { f16: [15, 10, 5, 15], f32: [31, 23, 8, 127], f64: [63, 52, 11, 1023] }[
      dtype as 'f16' | 'f32' | 'f64'
    ] as [number, number, number, number];
    const out = new Writer()
      .u8(0x11, 0x20, sign, 0)
      .u32(size)
      .u16(0)
      .u16(size * 8);
    return out.u8(exponentAt, exponent, 0, exponentAt).u32(bias).bytes;
  }
  return new Writer()
    .u8(0x10, dtype.startsWith('i') ? 8 : 0, 0, 0)
    .u32(size)
    .u16(0)
    .u16(size * 8).bytes;
}

/** Bytes of a UTF-8 text with a terminating zero, so that no reader has to guess where it ends. Throws `Argument`. */
function textBytes(text: string): Uint8Array {
  if (text.includes('\0') || /\p{Cs}/u.test(text))
    throw new EwaldError(
      'Argument',
      `${JSON.stringify(text.slice(0, 80))} contains a zero or half a character; HDF5 texts end at the first zero`,
    );
  return new TextEncoder().encode(`${text}\0`);
}

const isTexts = (value: WriteAttribute): value is readonly string[] => Array.isArray(value);

/** Type, bytes and number of elements of a value. */
export function encoded(value: WriteAttribute): { type: Uint8Array; data: Uint8Array; length: number } {
  if (typeof value === 'string') {
    const data = textBytes(value);
    return { type: new Writer().u8(0x13, 0x10, 0, 0).u32(data.length).bytes, data, length: 1 };
  }
  if (isTexts(value)) {
    const texts = value.map(textBytes);
    const size = texts.reduce((most, { length }) => Math.max(most, length), 1);
    const data = new Uint8Array(size * texts.length);
    for (const [i, text] of texts.entries()) data.set(text, i * size);
    return { type: new Writer().u8(0x13, 0x10, 0, 0).u32(size).bytes, data, length: texts.length };
  }
  const array = typeof value === 'number' ? Float64Array.of(value) : value;
  const dtype = (Object.keys(elements) as DataType[]).find(
    (name) => elements[name].array === array.constructor && name !== 'f16',
  );
  if (!dtype) throw new EwaldError('Argument', 'an array to be written must hold numbers');
  return { type: datatype(dtype), data: bytesOfArray(array), length: array.length };
}

/** The message of an attribute. */
export function attribute(name: string, value: WriteAttribute): Uint8Array {
  const { type, data, length } = encoded(value);
  const text = textBytes(name);
  const space = dataspace(typeof value === 'object' ? [length] : []);
  const out = new Writer().u8(3, 0).u16(text.length).u16(type.length).u16(space.length).u8(1);
  return out.put(text).put(type).put(space).put(data).bytes;
}
