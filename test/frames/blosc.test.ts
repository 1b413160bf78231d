/** Blosc with each of its codecs: chunks that numcodecs 0.16 has written, and streams made by hand. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unpackBloscLz } from '../../src/bytes/codecs/blosclz.js';
import type { Codecs } from '../../src/bytes/codecs/codecs.js';
import { unpackSnappy } from '../../src/bytes/codecs/snappy.js';
import { filterName, pipelineOf } from '../../src/hdf5/filters.js';
import { codecsHere } from './hdf5-support.js';

/** 2400 numbers of u16. */
const pixels = Uint16Array.from({ length: 2400 }, (_, i) => (i >= 200 && i < 260 ? 5 : Math.floor(((i * i) % 61) / 9)));
const plain = new Uint8Array(pixels.buffer);
const written: Readonly<Record<string, string>> = {
  'BloscLZ, bytes shuffled':
    'AgEBAsASAADAEgAAiAAAABQAAABXAAAAPwAAAAEBAgQFAAIEBgIFAQQBBQIGAwEGBAMBAAYFBQUFCQUFBgABAwQGAQPAHgoGBAIABQQCAQEA' +
    'AOCCPAAF4DEAAAXgr/Phrqrg////////57YCAgYDFQAAACMAAAAA4P///////////1kDAgAAAA==',
  'BloscLZ, bits shuffled':
    'AgEEAsASAADAEgAALwEAABQAAAD+AAAAP5hgM/Mzs0EGE2xmfmY2yGCCzczPzAYZTLD/////////HD8zPzMbZDDBZuZnZoMMJtjM/MxskMEE' +
    'm5mfmQ0y4A88CLCZ+ZnZIIMJNuDEPB+bIBpcCaQOFgFEgyuB1MEigGhwJZA6WAQQDQAAAAAAAB0AwJVA6mARQDS4EkgdLAKIBlcCqYNFANHg' +
    'SiB1sAjgDzwIDa4EUgeLAKLB4MQ8H+DArMr4x1TNAJhVGf+YqhkAsyrjH1M1A2BW////////Hf+vjH9M1QyAWZXxj6maATCrMv4xVTMAZlXG' +
    'P6ZqBuAPPAhWZfxjqmYAzKrgxDwBVQDg///////UAAIAAAAVAAAAIwAAAADg////////////WQMCAAAA',
  LZ4:
    'AgEhAsASAADAEgAAiwAAABQAAABbAAAA8Q4AAAABAQIEBQACBAYCBQEEAQUCBgMBBgQDAQAGBQEAhQYAAQMEBgEDHwCQBAIABQQCAQEAAQAP' +
    'PQB2AawADwIAIw/0AKYPqwGkD7cA////////2lABBQIGAxQAAAAfAAEA////////////UFAAAAAAAA==',
  zlib:
    'AgFhAsASAADAEgAAeAAAABQAAABDAAAAeNrtzzEOgFAQQkFgWe5/ZKOFF7D5JryWTAEAUl7I0dJcZRgPkX0KOA7nnS2sReLuGPyh334uLi4u' +
    'Li4uPhJfvLscHBkAAAB42u3BMQEAAADCoPVPbQlPoAAAeBoJYAAB',
  'Zstandard, in blocks':
    'AgGRAsASAAAACAAAwQAAABwAAABYAAAAjQAAADgAAAAotS/9YAAHdQEAAkMFhSERET+Q8UzohMsOrVBDDEyXuQB/BwD830p4uQrUYwngJJAA' +
    'MEVCFe8CTjEAAAAotS/9YAAHPQEAQsMFhRIREW+mutMoi7Wuhm+mC7g8PiOyhgEEAPyhAoIDoZSgxwroMAAAACi1L/1gwAE1AQACQwWFIRER' +
    'lx1aoWUuwP9AxrOGGJgKnXAEAFxOFRAAq+uK01CoJw==',
};
const bytesOf = (text: string): Uint8Array => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

let codecs: Codecs;
beforeAll(async () => {
  codecs = await codecsHere('wasm');
});
afterAll(() => codecs.dispose());

const filter = (codec: number) =>
  ({ id: 32001, name: 'Blosc', optional: true, values: [2, 2, 2, plain.length, 9, 1, codec] }) as const;

/** A chunk of HDF5 that filter 32001 has packed. */
async function unpacked(stored: Uint8Array): Promise<Uint8Array> {
  const chunk = new Uint8Array(plain.length);
  const pipeline = pipelineOf([filter(0)], 2);
  pipeline.checkSize(stored.length, 0, chunk.length);
  await pipeline.decode(codecs, stored, 0, chunk);
  return chunk;
}

test.each(Object.keys(written))('a chunk of HDF5 in %s', async (name) => {
  expect(await unpacked(bytesOf(written[name] as string))).toEqual(plain);
});

test('a chunk of HDF5 in Snappy', async () => {
  // One block that is not split: literals alone.
  const size = plain.length;
  const packed = [(size & 127) | 128, size >> 7, 61 << 2, (size - 1) & 255, (size - 1) >> 8, ...plain];
  const chunk = new DataView(new ArrayBuffer(16 + 4 + 4 + packed.length));
  for (const [at, byte] of [2, 1, (2 << 5) | 0x10, 2].entries()) chunk.setUint8(at, byte);
  for (const [at, word] of [size, size, chunk.byteLength, 20, packed.length].entries())
    chunk.setUint32(4 + 4 * at, word, true);
  const stored = new Uint8Array(chunk.buffer);
  stored.set(packed, 24);
  expect(await unpacked(stored)).toEqual(plain);
});

test('the codec is named', () => {
  expect([0, 1, 3, 5].map((codec) => filterName(filter(codec)))).toEqual([
    ...['Blosc (BloscLZ)', 'Blosc (LZ4)', 'Blosc (Snappy)', 'Blosc (Zstandard)'],
  ]);
});

test('a damaged chunk is refused, or has other numbers of the same size', async () => {
  for (const text of Object.values(written))
    for (let i = 0; i < 60; i++) {
      const stored = bytesOf(text);
      stored[(i * 7) % stored.length] = (i * 151) & 255;
      await unpacked(stored).catch((error) => expect(error.tag, error.message).toMatch(/Format|Unsupported/));
    }
});

/** Literals, 32 at a time, and then one match. */
const literals = (count: number): number[] => Array.from({ length: count }, (_, i) => (i * i * 7) % 251);
const lzOf = (bytes: readonly number[], ...match: number[]): Uint8Array =>
  Uint8Array.from([
    ...Array.from({ length: bytes.length / 32 }, (_, i) => [31, ...bytes.slice(32 * i, 32 * i + 32)]).flat(),
    ...match,
  ]);

test.each([
  ['near', [0x20, 9], 10, 3],
  ['overlapping', [0xe0, 30, 2], 3, 39],
  ['far', [0xff, 60, 255, 1, 9], 8192 + 256 + 9, 69],
  ['farther than literals reach', [0xff, 60, 255, 9, 9], 0, 0],
  ['cut', [0xe0, 255], 0, 0],
])('a match of BloscLZ that is %s', (_, match, distance, length) => {
  const before = literals(9600);
  const out = new Uint8Array(before.length + length);
  const unpack = (): void => unpackBloscLz(lzOf(before, ...match), out);
  if (length === 0) return expect(unpack).toThrow(/^BloscLZ: |^a match/);
  unpack();
  const expected = [...before];
  for (let i = 0; i < length; i++) expected.push(expected[expected.length - distance] as number);
  expect(out).toEqual(Uint8Array.from(expected));
});

test('Snappy: literals of each length, and copies of each kind', () => {
  const before = literals(300);
  // The size, 300 literals with their length in two bytes, a copy with 11, 16 and 32 bits of distance.
  const packed = (copies: readonly number[], size: number): Uint8Array =>
    Uint8Array.from([(size & 127) | 128, size >> 7, 61 << 2, 299 & 255, 299 >> 8, ...before, ...copies]);
  const copies = [(1 << 5) | (3 << 2) | 1, 4, (20 << 2) | 2, 2, 0, (9 << 2) | 3, 44, 1, 0, 0, 1 << 2, 8, 9];
  const expected = [...before];
  for (const [distance, length] of [
    [260, 7],
    [2, 21],
    [300, 10],
  ] as const)
    for (let i = 0; i < length; i++) expected.push(expected[expected.length - distance] as number);
  expected.push(8, 9);
  const out = new Uint8Array(expected.length);
  unpackSnappy(packed(copies, out.length), out);
  expect(out).toEqual(Uint8Array.from(expected));
  for (const [wrong, size] of [
    [copies.slice(0, 1), 300],
    [copies, 339],
    [[2, 1, 2], 301],
    [copies.slice(0, 4), 340],
  ] as const)
    expect(() => unpackSnappy(packed(wrong, size), new Uint8Array(size))).toThrow(/^Snappy: |^a match/);
});
