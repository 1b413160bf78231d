/** Frames in the files of other programs, written here from the descriptions of the formats: { files, name, options }. */
import { deflateSync } from 'node:zlib';
import { crc32 } from './crc32.mjs';

/** A kind of number: bytes, NumPy's letter, and how a DataView sets it. */
export const kinds = {
  u8: { bytes: 1, numpy: 'u1', set: 'setUint8', array: Uint8Array, least: 0, most: 255 },
  i8: { bytes: 1, numpy: 'i1', set: 'setInt8', array: Int8Array, least: -128, most: 127 },
  u16: { bytes: 2, numpy: 'u2', set: 'setUint16', array: Uint16Array, least: 0, most: 65535 },
  i16: { bytes: 2, numpy: 'i2', set: 'setInt16', array: Int16Array, least: -32768, most: 32767 },
  u32: { bytes: 4, numpy: 'u4', set: 'setUint32', array: Uint32Array, least: 0, most: 2 ** 32 - 1 },
  i32: { bytes: 4, numpy: 'i4', set: 'setInt32', array: Int32Array, least: -(2 ** 31), most: 2 ** 31 - 1 },
  f32: { bytes: 4, numpy: 'f4', set: 'setFloat32', array: Float32Array, least: -Infinity, most: Infinity },
  f64: { bytes: 8, numpy: 'f8', set: 'setFloat64', array: Float64Array, least: -Infinity, most: Infinity },
};

/** The numbers as bytes. */
export function bytesOf(numbers, dtype, little) {
  const { bytes, set } = kinds[dtype];
  const view = new DataView(new ArrayBuffer(bytes * numbers.length));
  for (let i = 0; i < numbers.length; i++) view[set](bytes * i, numbers[i], little);
  return new Uint8Array(view.buffer);
}
const ascii = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));
export const joined = (...parts) => {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};
/** The numbers with the axes reversed, as Fortran has them. */
function reversed(numbers, shape) {
  const out = new Array(numbers.length);
  const place = shape.map(() => 0);
  for (let i = 0; i < numbers.length; i++) {
    let at = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) at = at * shape[axis] + place[axis];
    out[at] = numbers[i];
    for (let axis = shape.length - 1; axis >= 0 && ++place[axis] === shape[axis]; axis--) place[axis] = 0;
  }
  return out;
}

/** Writers: each takes { numbers, nav, sig, dtype, little }, and returns undefined for what the format cannot hold. */
export const containers = {
  raw({ numbers, nav, sig, dtype, little }) {
    const pixels = sig[0] * sig[1];
    const frames = numbers.length / pixels;
    const piece = (f) => bytesOf(numbers.slice(f * pixels, (f + 1) * pixels), dtype, little);
    const parts = Array.from({ length: frames }, (_, f) => [ascii('head'), piece(f), ascii('end')]).flat();
    const options = { format: 'raw', dtype, sigShape: sig, navShape: nav, endian: little ? 'little' : 'big' };
    return {
      bytes: joined(ascii('begin'), ...parts),
      options: { ...options, offset: 5, frameHeader: 4, frameFooter: 3 },
    };
  },
  npy({ numbers, nav, sig, dtype, little }) {
    return { bytes: npyOf(numbers, [...nav, ...sig], dtype, little, false), options: {} };
  },
  'npy in Fortran order'({ numbers, nav, sig, dtype, little }) {
    return { bytes: npyOf(numbers, [...nav, ...sig], dtype, little, true), options: {} };
  },
  tiff({ numbers, nav, sig, dtype, little }) {
    return { bytes: tiffOf(numbers, sig, dtype, little), options: { navShape: nav } };
  },
  'tiff with the lowest bit first'({ numbers, nav, sig, dtype, little }) {
    return { bytes: tiffOf(numbers, sig, dtype, little, true), options: { navShape: nav } };
  },
  mrc({ numbers, nav, sig, dtype, little }) {
    const mode = { i8: 0, i16: 1, f32: 2, u16: 6 }[dtype];
    if (mode === undefined) return undefined;
    const frames = numbers.length / (sig[0] * sig[1]);
    const head = new DataView(new ArrayBuffer(1024));
    for (const [i, x] of [sig[1], sig[0], frames, mode].entries()) head.setInt32(4 * i, x, little);
    for (const [i, x] of [sig[1], sig[0], frames].entries()) head.setInt32(28 + 4 * i, x, little);
    for (const [i, x] of [1, 2, 3].entries()) head.setInt32(64 + 4 * i, x, little);
    head.setInt32(108, 20140, little);
    const bytes = new Uint8Array(head.buffer);
    bytes.set(ascii('MAP '), 208);
    bytes.set(little ? [0x44, 0x44] : [0x11, 0x11], 212);
    return { bytes: joined(bytes, bytesOf(numbers, dtype, little)), options: { navShape: nav } };
  },
  edf({ numbers, nav, sig, dtype, little }) {
    const name = {
      u8: 'UnsignedByte',
      u16: 'UnsignedShort',
      i16: 'SignedShort',
      u32: 'UnsignedInteger',
      i32: 'SignedInteger',
      f32: 'FloatValue',
      f64: 'DoubleValue',
    }[dtype];
    if (!name) return undefined;
    const pixels = sig[0] * sig[1];
    const parts = [];
    for (let f = 0; f < numbers.length / pixels; f++) {
      const head = `{\nHeaderID = EH:${String(f + 1).padStart(6, '0')}:000000:000000 ;\nByteOrder = ${little ? 'LowByteFirst' : 'HighByteFirst'} ;\nDataType = ${name} ;\nDim_1 = ${sig[1]} ;\nDim_2 = ${sig[0]} ;\nSize = ${pixels * kinds[dtype].bytes} ;\n`;
      parts.push(ascii(`${head.padEnd(510)}}\n`), bytesOf(numbers.slice(f * pixels, (f + 1) * pixels), dtype, little));
    }
    return { bytes: joined(...parts), options: { navShape: nav } };
  },
  mib({ numbers, nav, sig, dtype, bits }) {
    const type = { u8: 'U08', u16: 'U16', u32: 'U32' }[dtype];
    if (!type) return undefined;
    const pixels = sig[0] * sig[1];
    const parts = [];
    for (let f = 0; f < numbers.length / pixels; f++) {
      const size = [sig[1], sig[0]].map((n) => String(n).padStart(4, '0'));
      const counter = bits === undefined ? '' : `MQ1A,2018-01-25T17:00:07.870000Z,1000000ns,${bits}`;
      const head = `MQ1,${String(f + 1).padStart(6, '0')},00384,01,${size.join()},${type},   1x1,01,2018-01-25 18:00:07,0.001000,0,0,0,0.000000E+0,${counter},`;
      parts.push(ascii(head.padEnd(384, '\0')), bytesOf(numbers.slice(f * pixels, (f + 1) * pixels), dtype, false));
    }
    return { bytes: joined(...parts), options: { navShape: nav } };
  },
  zarr({ numbers, nav, sig, dtype, little }) {
    const shape = [...nav, ...sig];
    const meta = {
      zarr_format: 2,
      shape,
      chunks: shape.map((n, i) => (i < nav.length ? 1 : n)),
      order: 'C',
      fill_value: 0,
      filters: null,
      dtype: kinds[dtype].bytes === 1 ? `|${kinds[dtype].numpy}` : `${little ? '<' : '>'}${kinds[dtype].numpy}`,
      compressor: { id: 'zlib', level: 1 },
    };
    const members = { '.zarray': ascii(JSON.stringify(meta)) };
    const pixels = sig[0] * sig[1];
    for (let f = 0; f < numbers.length / pixels; f++) {
      const place = nav.length === 2 ? [Math.floor(f / nav[1]), f % nav[1]] : [f];
      const packed = deflateSync(bytesOf(numbers.slice(f * pixels, (f + 1) * pixels), dtype, little));
      members[[...place, 0, 0].join('.')] = packed;
    }
    return { bytes: zipOf(members), name: 'scan.zarr.zip', options: {} };
  },
  npz({ numbers, nav, sig, dtype, little }) {
    return {
      bytes: zipOf({ 'frames.npy': npyOf(numbers, [...nav, ...sig], dtype, little, false) }),
      name: 'scan.npz',
      options: {},
    };
  },
};

export function npyOf(numbers, shape, dtype, little, fortran) {
  const { bytes, numpy } = kinds[dtype];
  const order = bytes === 1 ? '|' : little ? '<' : '>';
  const head = `{'descr': '${order}${numpy}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${shape.join(', ')},), }`;
  const length = 64 * Math.ceil((11 + head.length) / 64) - 10;
  const begin = joined(Uint8Array.of(0x93), ascii('NUMPY'), Uint8Array.of(1, 0, length & 255, length >> 8));
  return joined(
    begin,
    ascii(`${head.padEnd(length - 1)}\n`),
    bytesOf(fortran ? reversed(numbers, shape) : numbers, dtype, little),
  );
}

const reversedBits = (byte) => Number.parseInt(byte.toString(2).padStart(8, '0').split('').reverse().join(''), 2);

/** Pages of one strip each. */
export function tiffOf(numbers, sig, dtype, little, lowestFirst = false, white = 1) {
  const { bytes } = kinds[dtype];
  const sign = dtype[0] === 'u' ? 1 : dtype[0] === 'i' ? 2 : 3;
  const pixels = sig[0] * sig[1];
  const frames = numbers.length / pixels;
  const size = pixels * bytes;
  const padded = size + (size % 2);
  const tags = (f) => [
    [256, 4, sig[1]],
    [257, 4, sig[0]],
    [258, 3, 8 * bytes],
    [259, 3, 1],
    [262, 3, white],
    ...(lowestFirst ? [[266, 3, 2]] : []),
    [273, 4, 8 + f * padded],
    [277, 3, 1],
    [278, 4, sig[0]],
    [279, 4, size],
    [339, 3, sign],
  ];
  const count = tags(0).length;
  const each = 2 + 12 * count + 4;
  const view = new DataView(new ArrayBuffer(8 + frames * (padded + each)));
  const out = new Uint8Array(view.buffer);
  out.set(ascii(little ? 'II' : 'MM'));
  view.setUint16(2, 42, little);
  view.setUint32(4, 8 + frames * padded, little);
  for (let f = 0; f < frames; f++) {
    const own = bytesOf(numbers.slice(f * pixels, (f + 1) * pixels), dtype, little);
    out.set(lowestFirst ? own.map(reversedBits) : own, 8 + f * padded);
    const at = 8 + frames * padded + f * each;
    view.setUint16(at, count, little);
    for (const [i, [tag, type, value]] of tags(f).entries()) {
      view.setUint16(at + 2 + 12 * i, tag, little);
      view.setUint16(at + 4 + 12 * i, type, little);
      view.setUint32(at + 6 + 12 * i, 1, little);
      if (type === 3) view.setUint16(at + 10 + 12 * i, value, little);
      else view.setUint32(at + 10 + 12 * i, value, little);
    }
    view.setUint32(at + each - 4, f + 1 < frames ? at + each : 0, little);
  }
  return out;
}

/** A zip archive of stored members. */
function zipOf(members) {
  const [parts, directory] = [[], []];
  let at = 0;
  for (const [name, bytes] of Object.entries(members)) {
    const common = new DataView(new ArrayBuffer(26));
    for (const [place, value] of [
      [0, 20],
      [6, 0],
      [8, 0x21],
    ])
      common.setUint16(place, value, true);
    common.setUint32(10, crc32(bytes), true);
    common.setUint32(14, bytes.length, true);
    common.setUint32(18, bytes.length, true);
    common.setUint16(22, name.length, true);
    const fields = new Uint8Array(common.buffer);
    const end = new DataView(new ArrayBuffer(14));
    end.setUint32(10, at, true);
    directory.push(ascii('PK\x01\x02'), Uint8Array.of(20, 0), fields, new Uint8Array(end.buffer), ascii(name));
    parts.push(ascii('PK\x03\x04'), fields, ascii(name), bytes);
    at += 30 + name.length + bytes.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = new DataView(new ArrayBuffer(18));
  for (const place of [4, 6]) end.setUint16(place, Object.keys(members).length, true);
  end.setUint32(8, size, true);
  end.setUint32(12, at, true);
  return joined(...parts, ...directory, ascii('PK\x05\x06'), new Uint8Array(end.buffer));
}
