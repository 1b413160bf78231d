/**
 * NumPy's .npy files: a magic, a version, a header that is a Python dict, then the numbers.
 *
 * Read: b1, i1 … i4, u1 … u4, f4, f8, c8, c16 of either byte order, C and Fortran order; 64-bit integers where they fit
 * a double exactly.
 * Written: f4, f8, c8, c16, little-endian, C order. Format: NEP 1.
 */
import { EwaldError } from '../errors.js';

/** An array of a .npy file, C order. */
export interface NpyArray {
  readonly shape: readonly number[];
  /** f4 and c8 (and small integers) become single precision, the others double; complex numbers are interleaved. */
  readonly data: Float32Array | Float64Array;
  readonly complex: boolean;
}

const single = new Set(['f4', 'c8', 'b1', 'i1', 'u1', 'i2', 'u2']);
type Reader = (view: DataView, at: number, little: boolean) => number;
const readers: Record<string, readonly [bytes: number, read: Reader]> = {
  b1: [1, (v, at) => (v.getUint8(at) === 0 ? 0 : 1)],
  i1: [1, (v, at) => v.getInt8(at)],
  u1: [1, (v, at) => v.getUint8(at)],
  i2: [2, (v, at, e) => v.getInt16(at, e)],
  u2: [2, (v, at, e) => v.getUint16(at, e)],
  i4: [4, (v, at, e) => v.getInt32(at, e)],
  u4: [4, (v, at, e) => v.getUint32(at, e)],
  i8: [8, (v, at, e) => Number(v.getBigInt64(at, e))],
  u8: [8, (v, at, e) => Number(v.getBigUint64(at, e))],
  f4: [4, (v, at, e) => v.getFloat32(at, e)],
  f8: [8, (v, at, e) => v.getFloat64(at, e)],
  c8: [4, (v, at, e) => v.getFloat32(at, e)],
  c16: [8, (v, at, e) => v.getFloat64(at, e)],
};

/** Reads a .npy file. Throws `Format` with the name and what was found. */
export function readNpy(bytes: Uint8Array, name = 'the file'): NpyArray {
  const fail = (message: string): EwaldError =>
    new EwaldError('Format', `${name}: ${message}`, { detail: { path: name } });
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (bytes.length < 10 || magic.some((byte, i) => bytes[i] !== byte))
    throw fail('this is no .npy file: it does not begin with \\x93NUMPY');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = (bytes[6] ?? 0) >= 2;
  const start = wide ? 12 : 10;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (start + length > bytes.length) throw fail(`the header says ${length} bytes, the file ends before them`);
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, start + length));
  const descr = /'descr'\s*:\s*'([<>|=])?([a-zA-Z]\d+)'/.exec(header);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header);
  const dims = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(header);
  if (!descr || !order || !dims)
    throw fail(
      `the header is not understood: ${header.trim().slice(0, 120)}; needed are plain numbers (no structured or object arrays)`,
    );
  const dtype = descr[2] ?? '';
  const reader = readers[dtype];
  if (!reader) throw fail(`dtype ${dtype} cannot be read; known are ${Object.keys(readers).join(', ')}`);
  const shape = (dims[1] ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean)
    .map(Number);
  const elements = shape.reduce((product, n) => product * n, 1);
  const complex = dtype.startsWith('c');
  const numbers = elements * (complex ? 2 : 1);
  const [width, read] = reader;
  if (bytes.length - start - length < numbers * width) {
    throw fail(
      `shape (${shape.join(', ')}) of ${dtype} needs ${numbers * width} bytes of data, the file holds ${bytes.length - start - length}`,
    );
  }
  const data = single.has(dtype) ? new Float32Array(numbers) : new Float64Array(numbers);
  const little = descr[1] !== '>';
  const base = start + length;
  for (let i = 0; i < numbers; i++) data[i] = read(view, base + i * width, little);
  return { shape, data: order[1] === 'True' ? toCOrder(data, shape, complex) : data, complex };
}

function toCOrder(
  data: Float32Array | Float64Array,
  shape: readonly number[],
  complex: boolean,
): Float32Array | Float64Array {
  const out = data.slice();
  const width = complex ? 2 : 1;
  const index = new Array<number>(shape.length).fill(0);
  for (let place = 0; place < data.length / width; place++) {
    let from = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--)
      from = from * (shape[axis] as number) + (index[axis] as number);
    for (let part = 0; part < width; part++) out[place * width + part] = data[from * width + part] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      index[axis] = 0;
    }
  }
  return out;
}

/** Writes a .npy file (version 1.0), little-endian, C order. */
export function formatNpy({ shape, data, complex }: NpyArray): Uint8Array {
  const dtype = data instanceof Float32Array ? (complex ? '<c8' : '<f4') : complex ? '<c16' : '<f8';
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dict = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${dims}), }`;
  // The data begins at a multiple of 64 bytes; the header ends with a line feed.
  const padded = `${dict}${' '.repeat((64 - ((10 + dict.length + 1) % 64)) % 64)}\n`;
  const out = new Uint8Array(10 + padded.length + data.byteLength);
  out.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length & 255, padded.length >> 8]);
  out.set(new TextEncoder().encode(padded), 10);
  const view = new DataView(out.buffer);
  const base = 10 + padded.length;
  const isSingle = data instanceof Float32Array;
  for (let i = 0; i < data.length; i++) {
    if (isSingle) view.setFloat32(base + 4 * i, data[i] as number, true);
    else view.setFloat64(base + 8 * i, data[i] as number, true);
  }
  return out;
}
