/** HDF5 files, written here from the description of the format (HDF5 File Format Specification 3.0), as no library does. */
import { deflateSync } from 'node:zlib';
import { bytesOf, kinds } from './containers.mjs';

const absent = 0xffffffffffffffffn;
const mostChunks = 64;

/** Fields of little-endian numbers and texts, one after the other: [bytes, number] and texts. */
function fields(...all) {
  const out = [];
  for (const one of all) {
    if (typeof one === 'string') out.push(...new TextEncoder().encode(one));
    else if (one instanceof Uint8Array) for (const byte of one) out.push(byte);
    else for (let i = 0n, value = BigInt(one[1]); i < one[0]; i++) out.push(Number((value >> (8n * i)) & 255n));
  }
  return Uint8Array.from(out);
}
const padded = (bytes) => {
  const out = new Uint8Array(8 * Math.ceil(bytes.length / 8));
  out.set(bytes);
  return out;
};
const [u8, u16, u32, u64] = [1, 2, 4, 8].map((bytes) => (value) => [bytes, value]);

const rotated = (x, k) => (x << k) | (x >>> (32 - k));
/** Bob Jenkins' lookup3, the checksum of metadata. */
function lookup3(bytes) {
  const word = (at) => [3, 2, 1, 0].reduce((value, i) => (value << 8) | (bytes[at + i] ?? 0), 0);
  let [a, b, c] = [0, 0, 0].map(() => (0xdeadbeef + bytes.length) | 0);
  let [at, left] = [0, bytes.length];
  for (; left > 12; left -= 12, at += 12) {
    [a, b, c] = [(a + word(at)) | 0, (b + word(at + 4)) | 0, (c + word(at + 8)) | 0];
    for (const k of [4, 6, 8, 16, 19, 4]) {
      a = ((a - c) ^ rotated(c, k)) | 0;
      c = (c + b) | 0;
      [a, b, c] = [b, c, a];
    }
  }
  if (left === 0) return c >>> 0;
  [a, b, c] = [(a + word(at)) | 0, (b + word(at + 4)) | 0, (c + word(at + 8)) | 0];
  for (const k of [14, 11, 25, 16, 4, 14, 24]) {
    c = ((c ^ b) - rotated(b, k)) | 0;
    [a, b, c] = [b, c, a];
  }
  return b >>> 0;
}

/** The message of a type of numbers, or of a text of so many bytes. */
function typeOf({ dtype, little = true, text }) {
  if (text !== undefined) return fields(u8(0x13), u8(0), u8(0), u8(0), u32(text.length + 1));
  const { bytes } = kinds[dtype];
  const order = little ? 0 : 1;
  if (dtype[0] !== 'f')
    return fields(u8(0x10), u8(order | (dtype[0] === 'i' ? 8 : 0)), u16(0), u32(bytes), u16(0), u16(8 * bytes));
  const [exponent, mantissa, bias] = bytes === 4 ? [8, 23, 127] : [11, 52, 1023];
  return fields(
    u8(0x11),
    u8(0x20 | order),
    u8(8 * bytes - 1),
    u8(0),
    ...[u32(bytes), u16(0), u16(8 * bytes), u8(mantissa), u8(exponent), u8(0), u8(mantissa), u32(bias)],
  );
}
const spaceOf = (shape) => fields(u8(2), u8(shape.length), u8(0), u8(shape.length > 0 ? 1 : 0), ...shape.map(u64));
const contentOf = ({ text, values, dtype, little = true }) =>
  text === undefined ? bytesOf(values, dtype, little) : fields(`${text}\0`);

/** An attribute: a text or a number. */
function attributeOf(name, value) {
  const of = typeof value === 'string' ? { text: value } : { values: [value], dtype: 'f64' };
  const [type, space] = [typeOf(of), spaceOf([])];
  const sizes = [name.length + 1, type.length, space.length].map(u16);
  return [12, fields(u8(3), u8(0), ...sizes, u8(0), `${name}\0`, type, space, contentOf(of))];
}
const all = fields(u32(3), u32(1), u32(0), u32(0));

class File {
  #parts = [new Uint8Array(96)];
  #end = 96;

  place(bytes) {
    const at = this.#end;
    this.#parts.push(padded(bytes));
    this.#end += padded(bytes).length;
    return at;
  }

  #object(messages) {
    const body = fields(
      ...messages.flatMap(([type, bytes]) => [u16(type), u16(padded(bytes).length), u32(0), padded(bytes)]),
    );
    return this.place(fields(u8(1), u8(0), u16(messages.length), u32(1), u32(body.length), u32(0), body));
  }

  /** Chunks in a tree of one node; those at places for which `isThere` is false are not stored. */
  #chunks({ shape, values, dtype, little = true, chunk, gzip, isThere = () => true }) {
    const { bytes } = kinds[dtype];
    const steps = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
    const keys = [];
    const counts = shape.map((n, axis) => Math.ceil(n / chunk[axis]));
    const total = counts.reduce((product, n) => product * n, 1);
    const size = chunk.reduce((product, n) => product * n, 1);
    const placeOf = (number, of) =>
      of.map((n, axis) => Math.floor(number / of.slice(axis + 1).reduce((product, m) => product * m, 1)) % n);
    for (let number = 0; number < total; number++) {
      const at = placeOf(number, counts).map((n, axis) => n * chunk[axis]);
      if (!isThere(at)) continue;
      const own = Array.from({ length: size }, (_, i) => {
        const place = placeOf(i, chunk).map((n, axis) => n + at[axis]);
        return place.some((n, axis) => n >= shape[axis])
          ? 0
          : values[place.reduce((sum, n, axis) => sum + n * steps[axis], 0)];
      });
      const stored = gzip ? deflateSync(bytesOf(own, dtype, little)) : bytesOf(own, dtype, little);
      keys.push([stored.length, [...at, 0], this.place(stored)]);
    }
    const key = ([length, at]) => [u32(length), u32(0), ...at.map(u64)];
    const last = [0, [...shape, 0]];
    if (keys.length > mostChunks) throw new Error(`${keys.length} chunks; a node of a tree holds ${mostChunks}`);
    const node = fields(
      'TREE',
      ...[u8(1), u8(0), u16(keys.length), u64(absent), u64(absent)],
      ...keys.flatMap((one) => [...key(one), u64(one[2])]),
      ...key(last),
    );
    // A node has room for all that it may hold.
    const room = new Uint8Array(24 + mostChunks * 8 + (mostChunks + 1) * 8 * (chunk.length + 2));
    room.set(node);
    const tree = keys.length === 0 ? absent : this.place(room);
    return [
      [8, fields(u8(3), u8(2), u8(chunk.length + 1), u64(tree), ...chunk.map(u32), u32(bytes))],
      ...(gzip ? [[11, fields(u8(2), u8(1), u16(1), u16(0), u16(1), u32(6))]] : []),
    ];
  }

  /** A virtual layout: all of each source, at rows of the whole from `first` on. */
  #virtual({ shape, virtual }) {
    const part = ({ path, first, rows }) => {
      const axes = shape.flatMap((n, axis) => (axis === 0 ? [first, 1, 1, rows] : [0, 1, 1, n]));
      const target = fields(u32(2), u32(2), u8(1), u32(0), u32(shape.length), ...axes.map(u64));
      return fields('.\0', `${path}\0`, all, target);
    };
    const list = fields(u8(0), u64(virtual.length), ...virtual.map(part));
    const block = fields(list, u32(lookup3(list)));
    const object = fields(u16(1), u16(1), u32(0), u64(block.length), padded(block));
    const rest = fields(u16(0), u16(0), u32(0), u64(16));
    const heap = this.place(fields('GCOL', u32(1), u64(16 + object.length + 16), object, rest));
    return [[8, fields(u8(4), u8(3), u64(heap), u32(1))]];
  }

  #dataset(node) {
    const { shape = [], chunk, virtual } = node;
    const messages = [
      [1, spaceOf(shape)],
      [3, typeOf(node)],
      // Nothing is stored before it is written, and what is not written is 0.
      [5, fields(u8(2), u8(virtual || chunk ? 3 : 2), u8(0), u8(0))],
    ];
    if (virtual) return [...messages, ...this.#virtual(node)];
    if (chunk) return [...messages, ...this.#chunks(node)];
    const content = contentOf(node);
    return [...messages, [8, fields(u8(3), u8(1), u64(this.place(content)), u64(content.length))]];
  }

  /** A group { children } or a dataset, both with `attributes`; returns its address. */
  node({ children, attributes = {}, ...dataset }) {
    const links = Object.entries(children ?? {}).map(([name, one]) => [
      6,
      fields(u8(1), u8(0), u8(name.length), name, u64(this.node(one))),
    ]);
    const own = Object.entries(attributes).map(([name, value]) => attributeOf(name, value));
    const info = [2, fields(u8(0), u8(0), u64(absent), u64(absent))];
    return this.#object([...(children ? [info, ...links] : this.#dataset(dataset)), ...own]);
  }

  finish(root) {
    const signature = Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a);
    const head = fields(
      signature,
      ...[0, 0, 0, 0, 0, 8, 8, 0].map(u8),
      ...[u16(4), u16(16), u32(0)],
      ...[0, absent, this.#end, absent, 0, root].map(u64),
      ...[u32(0), u32(0), u64(0), u64(0)],
    );
    const out = new Uint8Array(this.#end);
    let at = 0;
    for (const part of this.#parts) {
      out.set(part, at);
      at += part.length;
    }
    out.set(head);
    return out;
  }
}

/**
 * A file of groups { children } and datasets { shape, dtype, values } or { text }. A dataset may have `little`, `chunk` with
 * `gzip` and `isThere`, or instead of values `virtual`, parts { path, first, rows } along its first axis. All have
 * `attributes`, texts and numbers.
 */
export function hdf5Of(children) {
  const file = new File();
  return file.finish(file.node({ children }));
}

const numbers = (values, dtype, shape = [values.length]) => ({ shape, dtype, values });
const measured = (value, units) => ({ ...numbers([value], 'f64', []), attributes: { units } });
const group = (name, children) => ({ attributes: { NX_class: name }, children });

/**
 * Frames as NXmx has them. `detector` has what is stated: mask (1 is bad), saturation, underload, error, distanceM,
 * centrePx, pixelM; wavelengthA; `energies` of the frames in eV.
 */
export function nxmxOf(frames, { shape, dtype, wavelengthA = 1.3, ...stated }) {
  const { mask, saturation, underload, error, distanceM = 0.02, centrePx, pixelM = 75e-6, energies } = stated;
  const limit = (value) => numbers([value], 'f64', []);
  const detector = group('NXdetector', {
    distance: measured(distanceM, 'm'),
    x_pixel_size: measured(pixelM, 'm'),
    y_pixel_size: measured(pixelM, 'm'),
    ...(centrePx && { beam_center_x: measured(centrePx[0], 'pixel'), beam_center_y: measured(centrePx[1], 'pixel') }),
    ...(mask && { pixel_mask: numbers(mask, 'u32', shape.slice(-2)) }),
    ...(saturation !== undefined && { saturation_value: limit(saturation) }),
    ...(underload !== undefined && { underload_value: limit(underload) }),
    ...(error !== undefined && { error_value: limit(error) }),
  });
  return hdf5Of({
    entry: group('NXentry', {
      definition: { text: 'NXmx' },
      data: group('NXdata', { data: { shape, dtype, ...(Array.isArray(frames) ? { values: frames } : frames) } }),
      instrument: group('NXinstrument', {
        detector,
        beam: group('NXbeam', { incident_wavelength: measured(wavelengthA, 'angstrom') }),
      }),
      ...(energies && { energies: numbers(energies, 'f64') }),
    }),
  });
}

const file = (bytes) => ({ bytes, name: 'scan.h5', options: {} });
/** Writers as those of containers.mjs. */
export const hdf5Containers = {
  'HDF5 in one piece': ({ numbers, nav, sig, dtype, little }) =>
    file(hdf5Of({ frames: { shape: [...nav, ...sig], dtype, little, values: numbers } })),
  'HDF5 in chunks': ({ numbers, nav, sig, dtype, little }) => {
    const chunk = [...nav.map((n) => Math.min(n, 2)), ...sig.map((n) => Math.ceil(n / 2))];
    return file(hdf5Of({ frames: { shape: [...nav, ...sig], dtype, little, values: numbers, chunk, gzip: true } }));
  },
  'virtual HDF5': ({ numbers, nav, sig, dtype, little }) => {
    const shape = [...nav, ...sig];
    const each = numbers.length / nav[0];
    const own = (from, rows) => ({
      shape: [rows, ...shape.slice(1)],
      dtype,
      little,
      values: numbers.slice(from * each, (from + rows) * each),
    });
    const virtual = [
      { path: '/parts/a', first: 0, rows: 1 },
      { path: '/parts/b', first: 1, rows: nav[0] - 1 },
    ];
    return nav[0] < 2
      ? undefined
      : {
          bytes: hdf5Of({
            frames: { shape, dtype, little, virtual },
            parts: { children: { a: own(0, 1), b: own(1, nav[0] - 1) } },
          }),
          name: 'scan.h5',
          options: { dataset: '/frames' },
        };
  },
};
