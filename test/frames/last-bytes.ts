/**
 * The same numbers packed by every codec that ends with a checksum, and damaged copies of the ends of their streams.
 */

import { expect } from 'vitest';

/** 12 × 20 pixels, and their bytes. */
export const pixels = Uint16Array.from({ length: 240 }, (_, i) => (i * i) % 61);
const plain = new Uint8Array(pixels.buffer);

const joined = (...parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(parts.flatMap((part) => Array.from(part)));
const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const decoded = (text: string): Uint8Array => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

async function packed(kind: 'gzip' | 'deflate', bytes = plain): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream(kind));
  return new Uint8Array(await new Response(stream as ReadableStream).arrayBuffer());
}
/** By zstd 1.5 (--check) and bzip2 1.0.8. */
const zstd = decoded(
  'KLUv/WTgAHUCAKIHEQ4QnzmW3zQu1GwqIPLKFF2g8Lh0Wt/kc6ukEqNDKRLbLGahTGNQe61Op9WrNmhkQrPFJhYpHUaJVOX2mXytzuVRCHQHAQD6WK' +
    '+GKPRM1jQ=',
);
const bzip2 = decoded(
  'QlpoOTFBWSZTWVL3zL8AAAP4AG4nzSgUs+R0IACQMYAAAAAKpKAeoZGTT0nlHpJRjuOESKmJ0jkXMDGOhqalSRcoUMjzGBcmVPRsdyx4PpkTKlDAmU' +
    'MzIqVLEi5cucTY3mZofjmWOpoZkyx8MDYiER/F3JFOFCQUvfMvwA==',
);

/** A file with others beside it, and how it is opened. */
export interface Packed {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly files?: Readonly<Record<string, Uint8Array>>;
  readonly options?: { readonly format: 'raw'; readonly dtype: 'u16'; readonly sigShape: readonly number[] };
}

/** A stream that ends with a checksum, and the file that holds it. */
export interface Ending {
  readonly name: string;
  readonly stream: Uint8Array;
  readonly file: (stream: Uint8Array) => Packed;
  /** Whether its format allows these bytes to follow. Default: nothing may. */
  readonly allows?: (longer: Uint8Array) => boolean;
}

const zarr2 = (compressor: object) => (chunk: Uint8Array) => ({
  name: '.zarray',
  bytes: json({
    ...{ zarr_format: 2, shape: [12, 20], chunks: [12, 20], dtype: '<u2', compressor },
    ...{ fill_value: 0, order: 'C', filters: null },
  }),
  files: { '0.0': chunk },
});

const little = { name: 'bytes', configuration: { endian: 'little' } };
/** One chunk in a shard. */
const shard = (chunk: Uint8Array): Packed => ({
  name: 'zarr.json',
  bytes: json({
    ...{ zarr_format: 3, node_type: 'array', shape: [12, 20], data_type: 'uint16', fill_value: 0 },
    chunk_grid: { name: 'regular', configuration: { chunk_shape: [12, 20] } },
    chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
    codecs: [
      {
        name: 'sharding_indexed',
        configuration: { chunk_shape: [12, 20], codecs: [little, { name: 'gzip' }], index_codecs: [little] },
      },
    ],
  }),
  files: { 'c/0/0': joined(chunk, words(0, 0, chunk.length, 0)) },
});

/** Blosc: one block of one stream, packed by zlib (3) or Zstandard (4). */
const blosc = (codec: 3 | 4) => (stream: Uint8Array) =>
  zarr2({ id: 'blosc' })(
    joined([2, 1, 16 | (codec << 5), 2], words(480, 480, 24 + stream.length, 20, stream.length), stream),
  );

/** One strip of `rows` rows, of which the first 12 are the image. */
const tiff =
  (compression: number, rows = 12) =>
  (stream: Uint8Array): Packed => {
    const tags: readonly (readonly [tag: number, type: number, value: number])[] = [
      [256, 3, 20],
      [257, 3, 12],
      [258, 3, 16],
      [259, 3, compression],
      [262, 3, 1],
      [273, 4, 8],
      [277, 3, 1],
      [278, 3, rows],
      [279, 4, stream.length],
    ];
    const at = 8 + stream.length + (stream.length % 2);
    const file = new DataView(new ArrayBuffer(at + 2 + 12 * tags.length + 4));
    new Uint8Array(file.buffer).set(stream, 8);
    file.setUint32(0, 0x002a4949, true);
    file.setUint32(4, at, true);
    file.setUint16(at, tags.length, true);
    for (const [i, [tag, type, value]] of tags.entries()) {
      file.setUint16(at + 2 + 12 * i, tag, true);
      file.setUint16(at + 4 + 12 * i, type, true);
      file.setUint32(at + 6 + 12 * i, 1, true);
      file.setUint32(at + 10 + 12 * i, value, true);
    }
    return { name: 'a.tif', bytes: new Uint8Array(file.buffer) };
  };

const whole =
  (ending: string) =>
  (stream: Uint8Array): Packed => ({
    name: `a.raw.${ending}`,
    bytes: stream,
    options: { format: 'raw', dtype: 'u16', sigShape: [12, 20] },
  });

/** What writers of TIFF may leave after a strip. */
const padding = (more: Uint8Array): boolean => more.length <= 3;

/** Every codec that any platform reads. */
export async function endings(): Promise<Ending[]> {
  const [gzip, zlib] = [await packed('gzip'), await packed('deflate')];
  const spare = await packed('deflate', joined(plain, plain.subarray(0, 160)));
  return [
    { name: 'Zarr, gzip', stream: gzip, file: zarr2({ id: 'gzip' }) },
    { name: 'Zarr, zlib', stream: zlib, file: zarr2({ id: 'zlib' }) },
    { name: 'Zarr, Zstandard', stream: zstd, file: zarr2({ id: 'zstd' }) },
    { name: 'Zarr, gzip in a shard', stream: gzip, file: shard },
    { name: 'Zarr, Blosc with zlib', stream: zlib, file: blosc(3) },
    { name: 'Zarr, Blosc with Zstandard', stream: zstd, file: blosc(4) },
    { name: 'TIFF, deflate', stream: zlib, file: tiff(8), allows: padding },
    { name: 'TIFF, deflate of more rows than the image', stream: spare, file: tiff(8, 16), allows: padding },
    { name: 'TIFF, Zstandard', stream: zstd, file: tiff(50000), allows: padding },
    {
      name: 'a file in gzip',
      stream: gzip,
      file: whole('gz'),
      allows: (more) => more.every((byte) => byte === 0),
    },
    {
      name: 'a file in bzip2',
      stream: bzip2,
      file: whole('bz2'),
    },
  ];
}

/** A damaged copy of a stream, and whether it is whole but for bytes that follow its end. */
export interface Damage {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly longer?: Uint8Array;
}

/** Copies with one of the last 16 bytes changed, with fewer bytes, and with more. */
export function* damages(stream: Uint8Array): Generator<Damage> {
  const end = stream.length;
  for (let back = 1; back <= 16; back++) {
    for (const flip of [0x01, 0x02, 0x10, 0x80, 0xff])
      yield {
        what: `byte −${back} ^ ${flip}`,
        bytes: stream.map((byte, i) => (i === end - back ? byte ^ flip : byte)),
      };
    yield { what: `${back} bytes fewer`, bytes: stream.subarray(0, end - back) };
  }
  const more = [
    [0],
    [0, 0, 0],
    [0, 0, 0, 0],
    [0x41],
    [0x41, 0x42, 0x43, 0x44],
    [0x1f, 0x8b, 8, 0, 1],
    new Uint8Array(16),
  ];
  for (const longer of more.map((bytes) => joined(bytes)))
    yield { what: `${longer.join(' ')} more`, bytes: joined(stream, longer), longer };
  yield { what: 'the same again', bytes: joined(stream, stream) };
}

/** Reads each damaged copy: the outcome is a `Format` error or the undamaged numbers, an error if bytes were added. */
export async function checkEnd(row: Ending, read: (file: Packed) => Promise<unknown>): Promise<void> {
  for (const { what, bytes, longer } of damages(row.stream)) {
    const outcome = await read(row.file(bytes)).catch((error) => error);
    if (outcome instanceof Error) expect(outcome, what).toMatchObject({ name: 'EwaldError', tag: 'Format' });
    else expect(outcome, what).toEqual(pixels);
    if (longer && !row.allows?.(longer)) expect(outcome, what).toBeInstanceOf(Error);
  }
}
