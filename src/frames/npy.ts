/**
 * NumPy's .npy files as arrays of floats: magic bytes, a version, a header in the form of a Python dict, then the
 * numbers.
 *
 * Read: b1, i1 … i8, u1 … u8, f2, f4, f8, c8, c16 of either byte order, C and Fortran order; 64-bit integers that a
 * double cannot hold exactly are rejected. Written: f4, f8, c8, c16, little-endian, C order. Format: NEP 1.
 */

import { swapBytes } from '../bytes/byte-order.js';
import { bytesOfArray, type DataType, numberBytes, viewAs } from '../bytes/dtype.js';
import { expects, expectsMembers } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
import type { OwnBytes } from '../util/globals.js';
import { halfToNumber, littleEndianMachine } from '../util/number-bytes.js';
import { inOrder, reversedAxes } from './axis-order.js';
import { numpyTypes } from './numpy-types.js';

/** An array of a .npy file, in C order. */
export interface NpyArray {
  readonly shape: readonly number[];
  /** f4 and c8 (and small integers) become single precision, the others double; complex numbers are interleaved. */
  readonly data: Float32Array | Float64Array;
  readonly complex: boolean;
}

/** The contents of the header of a .npy file. */
export interface NpyHeader {
  readonly shape: readonly number[];
  /** NumPy's name without the byte order: f4, c16 … */
  readonly dtype: string;
  readonly little: boolean;
  readonly fortran: boolean;
  readonly complex: boolean;
  /** Numbers in the array (two per complex element), and bytes of each in the file. */
  readonly numbers: number;
  readonly width: number;
  /** Byte offset of the numbers in the file. */
  readonly offset: number;
}

const single = new Set(['f2', 'f4', 'c8', 'b1', 'i1', 'u1', 'i2', 'u2']);
/** Whether the numbers of a file are read as single precision. */
export const isSingle = ({ dtype }: NpyHeader): boolean => single.has(dtype);
/** The types that are read, for messages. */
const readable = 'b1, i1, u1, i2, u2, f2, i4, u4, i8, u8, f4, f8, c8, c16';

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const fail = (name: string, message: string): EwaldError =>
  new EwaldError('Format', `${name}: ${message}`, { detail: { path: name } });

/**
 * Where the numbers of a .npy file start, from its first bytes: twelve of them, or all bytes of a shorter file. Throws
 * `Format` if it is not a .npy file.
 */
export function npyOffset(bytes: Uint8Array, name: string): number {
  const wide = (bytes[6] ?? 0) >= 2;
  if (bytes.length < (wide ? 12 : 10) || magic.some((byte, i) => bytes[i] !== byte))
    throw fail(name, 'this is not a .npy file: it does not start with \\x93NUMPY');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return wide ? 12 + view.getUint32(8, true) : 10 + view.getUint16(8, true);
}

/** Reads the header; `bytes` holds at least `npyOffset` bytes of a file of `size`. Throws `Format`. */
export function npyHeader(bytes: Uint8Array, size: number, name: string): NpyHeader {
  const offset = npyOffset(bytes, name);
  const start = (bytes[6] ?? 0) >= 2 ? 12 : 10;
  if (offset > bytes.length)
    throw fail(name, `the header claims ${offset - start} bytes, but the file ends before that`);
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, offset));
  // Python 2 writes texts as u'…' and b'…', and whole numbers as 12L.
  const descr = /'descr'\s*:\s*[ub]?'([<>|=])?([a-zA-Z]\d+)'/.exec(header);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header);
  const dims = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(header);
  if (!descr || !order || !dims)
    throw fail(
      name,
      `the header cannot be parsed: ${header.trim().slice(0, 120)}; expected plain numbers (no structured or ` +
        'object arrays)',
    );
  const dtype = descr[2] ?? '';
  const type = numpyTypes[dtype];
  if (!type) throw fail(name, `dtype ${dtype} cannot be read; expected one of ${readable}`);
  const width = numberBytes(type);
  const shape = (dims[1] ?? '')
    .split(',')
    .map((part) => part.trim().replace(/^(\d+)L$/, '$1'))
    .filter(Boolean)
    .map(Number);
  const complex = dtype.startsWith('c');
  const numbers = shape.reduce((product, n) => product * n, complex ? 2 : 1);
  if (!(size - offset >= numbers * width))
    throw fail(
      name,
      `shape (${shape.join(', ')}) of ${dtype} needs ${numbers * width} bytes of data, but the file ` +
        `holds ${size - offset}`,
    );
  return { shape, dtype, little: descr[1] !== '>', fortran: order[1] === 'True', complex, numbers, width, offset };
}

/** Whether the numbers in the file are stored exactly like those of the array; half floats, for example, are not. */
export const isDirect = ({ dtype, little }: NpyHeader): boolean =>
  /^(f[48]|c)/.test(dtype) && little && littleEndianMachine;

/** An array for the numbers of a file. Throws `OutOfMemory`. */
export function npyNumbers(header: NpyHeader, name: string): Float32Array | Float64Array {
  const { numbers } = header;
  try {
    return isSingle(header) ? new Float32Array(numbers) : new Float64Array(numbers);
  } catch (cause) {
    const bytes = numbers * (isSingle(header) ? 4 : 8);
    throw new EwaldError('OutOfMemory', `${name}: not enough memory for its ${numbers} numbers (${bytes} bytes)`, {
      cause,
    });
  }
}

/** Converts the bytes of whole numbers into `out` from index `at` on. Throws `Format` for integers beyond 2⁵³. */
export function decodeNpy(
  { dtype, little, width }: NpyHeader,
  bytes: Uint8Array,
  out: Float32Array | Float64Array,
  at: number,
  name: string,
): void {
  const numbers = viewAs(little === littleEndianMachine ? bytes : swapped(bytes, width), numpyTypes[dtype] as DataType);
  const numberOf = dtype === 'b1' ? (x: unknown) => Number(x !== 0) : dtype === 'f2' ? halfToNumber : Number;
  for (let i = 0; i < numbers.length; i++) {
    const stored = numbers[i] as number | bigint;
    const value = numberOf(stored as number);
    if (typeof stored === 'bigint' && Math.abs(value) >= 2 ** 53 && BigInt(value) !== stored)
      throw fail(
        name,
        `element ${at + i} is ${stored}, which a double cannot hold exactly; ` +
          'convert the file to f8 if rounding is acceptable',
      );
    out[at + i] = value;
  }
}

/** A copy with the bytes of each number in reverse. */
function swapped(bytes: Uint8Array, width: number): Uint8Array {
  const copy = bytes.slice();
  swapBytes(copy, width, {});
  return copy;
}

/** The numbers in C order: unchanged, or transposed if the file is in Fortran order. */
export function inCOrder(
  { fortran, shape, complex }: NpyHeader,
  data: Float32Array | Float64Array,
): Float32Array | Float64Array {
  if (!fortran || shape.length < 2) return data;
  const width = (complex ? 2 : 1) * data.BYTES_PER_ELEMENT;
  const { buffer } = inOrder(bytesOfArray(data), shape, reversedAxes(shape.length), width);
  return data instanceof Float32Array ? new Float32Array(buffer) : new Float64Array(buffer);
}

/** Reads a .npy file from its bytes. Throws `Format` with the name and what was found, `OutOfMemory`. */
export function readNpy(bytes: Uint8Array, name = 'the file'): NpyArray {
  expects(bytes instanceof Uint8Array, 'readNpy: the first argument', bytes, 'the bytes of a file, a Uint8Array');
  const header = npyHeader(bytes, bytes.length, name);
  const data = npyNumbers(header, name);
  decodeNpy(header, bytes.subarray(header.offset, header.offset + header.numbers * header.width), data, 0, name);
  return { shape: header.shape, data: inCOrder(header, data), complex: header.complex };
}

/** The head of a .npy file (version 1.0), for numbers that are little-endian and in C order. */
export function npyHead({ shape, data, complex }: NpyArray): OwnBytes {
  return npyHeadOf(data instanceof Float32Array ? (complex ? '<c8' : '<f4') : complex ? '<c16' : '<f8', shape);
}

/** The same for any dtype in NumPy's spelling, such as '<u2'. */
export function npyHeadOf(dtype: string, shape: readonly number[]): OwnBytes {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dict = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${dims}), }`;
  // The data start at a multiple of 64 bytes; the header ends with a line feed.
  const padded = `${dict}${' '.repeat((64 - ((10 + dict.length + 1) % 64)) % 64)}\n`;
  return Uint8Array.of(...magic, 1, 0, padded.length & 255, padded.length >> 8, ...new TextEncoder().encode(padded));
}

/** The numbers as little-endian bytes: the array's own memory on a little-endian host. */
export function npyBytes({ data }: NpyArray): Uint8Array {
  const bytes = bytesOfArray(data);
  return littleEndianMachine ? bytes : swapped(bytes, data.BYTES_PER_ELEMENT);
}

/**
 * Writes a .npy file (version 1.0), little-endian, C order. Throws `Argument` for data that are no floats, or not as
 * many as the shape has.
 */
export function formatNpy(array: NpyArray): OwnBytes {
  const floats = 'a Float32Array or Float64Array';
  expectsMembers('formatNpy: the array', array, ['shape', 'data'], `{ shape, data }, data ${floats}`);
  const { shape, data, complex } = array;
  // A header of floats over the bytes of integers would be a file of other numbers.
  expects(data instanceof Float32Array || data instanceof Float64Array, 'formatNpy: data', data, floats);
  const numbers = shape.reduce((product, n) => product * n, complex ? 2 : 1);
  expects(data.length === numbers, 'formatNpy: the number of data', data.length, `${numbers} for the shape ${shape}`);
  const head = npyHead(array);
  const out = new Uint8Array(head.length + array.data.byteLength);
  out.set(head);
  out.set(npyBytes(array), head.length);
  return out;
}
