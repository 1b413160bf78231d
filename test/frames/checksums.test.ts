/**
 * Checksums in files: one flipped bit causes an error for its frame with each kind of checksum, and a switch disables
 * the check.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memorySource, open } from '../../dist/data.node.js';
import { isEwaldError } from '../../dist/index.node.js';
import { md5 } from '../../src/bytes/checksums/md5.js';
import type { OpenOptions } from '../../src/entries/data.node.js';
import { npyHeadOf } from '../../src/frames/npy.js';
import { Hdf5Writer } from '../../src/hdf5/writer.js';
import { adler32 } from '../../src/util/adler32.js';
import { crc32 } from '../../src/util/crc32.js';
import { ewald } from '../support/cli.js';
import { codecsHere } from './hdf5-support.js';
import { zipOf } from './zip-of.js';

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
/** 12 × 10 pixels whose differences fit into a byte. */
const pixels = Int32Array.from({ length: 120 }, (_, i) => (i * i) % 61);
const plain = new Uint8Array(pixels.buffer);

/** A CBF of one or several sections; `digest` computes its Content-MD5 line. */
function cbf(compression: 'none' | 'byte_offset', sections: number, digest: (bytes: Uint8Array) => string) {
  const steps = Int8Array.from(pixels, (value, i) => value - (pixels[i - 1] ?? 0));
  const stored = compression === 'none' ? plain : new Uint8Array(steps.buffer);
  const parts: Uint8Array[] = [latin1('###CBF: VERSION 1.5\r\ndata_x\r\n')];
  for (let i = 0; i < sections; i++)
    parts.push(
      latin1(
        '_array_data.data\r\n;\r\n--CIF-BINARY-FORMAT-SECTION--\r\nContent-Type: application/octet-stream;\r\n' +
          `     conversions="x-CBF_${compression.toUpperCase()}"\r\nContent-Transfer-Encoding: BINARY\r\n` +
          `X-Binary-Size: ${stored.length}\r\nX-Binary-ID: 1\r\nX-Binary-Element-Type: "signed 32-bit integer"\r\n` +
          `X-Binary-Element-Byte-Order: LITTLE_ENDIAN\r\n${digest(stored)}X-Binary-Number-of-Elements: 120\r\n` +
          'X-Binary-Size-Fastest-Dimension: 12\r\nX-Binary-Size-Second-Dimension: 10\r\n\r\n\x0c\x1a\x04\xd5',
      ),
      stored,
      latin1('\r\n--CIF-BINARY-FORMAT-SECTION----\r\n;\r\n'),
    );
  return { bytes: joined(...parts), data: (parts[0]?.length ?? 0) + (parts[1]?.length ?? 0) };
}
const stated = (bytes: Uint8Array): string => `Content-MD5: ${createHash('md5').update(bytes).digest('base64')}\r\n`;

/** A .npz of one array. */
function npz(method: 0 | 8): { bytes: Uint8Array; data: number } {
  const member = joined(npyHeadOf('<i4', [10, 12]), plain);
  return { bytes: zipOf({ 'data.npy': member }, method), data: 30 + 'data.npy'.length + (method === 8 ? 0 : 128) };
}

/** A TIFF with one deflate strip, followed by `padding` bytes. */
function tiff(padding = 0): { bytes: Uint8Array; data: number } {
  const stored = joined(new Uint8Array(zlib.deflateSync(plain)), new Uint8Array(padding));
  const tags: [number, number, number][] = [
    [256, 3, 12],
    [257, 3, 10],
    [258, 3, 32],
    [259, 3, 8],
    [262, 3, 1],
    [273, 4, 8],
    [277, 3, 1],
    [278, 3, 10],
    [279, 4, stored.length],
    [339, 3, 2],
  ];
  const room = stored.length + (stored.length % 2);
  const file = new DataView(new ArrayBuffer(8 + room + 2 + 12 * tags.length + 4));
  new Uint8Array(file.buffer).set(stored, 8);
  file.setUint32(0, 0x002a4949, true);
  file.setUint32(4, 8 + room, true);
  file.setUint16(8 + room, tags.length, true);
  for (const [i, [tag, type, value]] of tags.entries()) {
    const at = 8 + room + 2 + 12 * i;
    file.setUint16(at, tag, true);
    file.setUint16(at + 2, type, true);
    file.setUint32(at + 4, 1, true);
    file.setUint32(at + 8, value, true);
  }
  return { bytes: new Uint8Array(file.buffer), data: 8 };
}

/** An HDF5 file with two frames, compressed with gzip. */
async function hdf5(): Promise<{ bytes: Uint8Array; data: number }> {
  let bytes = new Uint8Array(0);
  const sink = {
    append: async (more: Uint8Array) => {
      bytes = new Uint8Array(joined(bytes, more));
    },
    patch: async (at: number, more: Uint8Array) => bytes.set(more, at),
  };
  const writer = await Hdf5Writer.create(sink as never, await codecsHere());
  const series = writer.series({ frames: 2, signal: [10, 12], dtype: 'i32', packing: 'gzip' });
  const data = bytes.length;
  await series.write(pixels);
  await series.write(pixels);
  await writer.finish({ data: { frames: series } });
  return { bytes, data };
}

const flipped = (bytes: Uint8Array, at: number, bit = 0): Uint8Array => {
  const out = bytes.slice();
  out[at] = (out[at] ?? 0) ^ (1 << bit);
  return out;
};
async function readAll(bytes: Uint8Array, name: string, options: OpenOptions = {}, frames?: number) {
  const dataset = await open(memorySource(bytes, name), { ...options, codecs: await codecsHere() });
  try {
    return await dataset.read(0, frames ?? dataset.frames);
  } finally {
    await dataset.dispose();
  }
}

const files: Readonly<
  Record<string, { kind: string; name: string; make: () => Promise<{ bytes: Uint8Array; data: number }> }>
> = {
  'CBF, byte offset': { kind: 'MD5', name: 'a.cbf', make: async () => cbf('byte_offset', 1, stated) },
  'CBF, uncompressed': { kind: 'MD5', name: 'a.cbf', make: async () => cbf('none', 1, stated) },
  'CBF of two panels': { kind: 'MD5', name: 'a.cbf', make: async () => cbf('byte_offset', 2, stated) },
  'npz, stored': { kind: 'CRC-32', name: 'a.npz', make: async () => npz(0) },
  'npz, deflate': { kind: 'CRC-32', name: 'a.npz', make: async () => npz(8) },
  'TIFF, deflate': { kind: 'Adler-32', name: 'a.tif', make: async () => tiff() },
  'TIFF, deflate, padded': { kind: 'Adler-32', name: 'a.tif', make: async () => tiff(3) },
  'HDF5, gzip': { kind: 'Adler-32', name: 'a.h5', make: hdf5 },
};

describe.each(Object.entries(files))('%s', (_, { kind, name, make }) => {
  it('reads an undamaged file', async () => {
    const { bytes } = await make();
    const read = await readAll(bytes, name);
    expect([...read.slice(0, 120)].map(Number)).toEqual([...pixels]);
  });

  it('reports each flipped bit of the data, and never returns wrong numbers', async () => {
    const { bytes, data } = await make();
    const whole = await readAll(bytes, name);
    let sums = 0;
    for (let i = 0; i < 24; i++) {
      const result = await readAll(flipped(bytes, data + 10 + 2 * i, i % 8), name).catch((error) => error);
      // A flipped bit that changes nothing, such as padding of deflate, may go undetected.
      if (!(result instanceof Error)) expect(result).toEqual(whole);
      else {
        expect(isEwaldError(result, 'Format'), String(result)).toBe(true);
        if (result.message.includes(kind)) sums++;
      }
    }
    expect(sums).toBeGreaterThan(0);
  });

  it('names the file, the frame and both sums, and reads the frame without checksums', { tags: 'all' }, async () => {
    const { bytes, data } = await make();
    const damaged: Uint8Array[] = [];
    for (let i = 0; i < 720 && damaged.length === 0; i++) {
      const one = flipped(bytes, data + 10 + (i >> 3), i & 7);
      const error = await readAll(one, name).catch((thrown) => thrown);
      const read = await readAll(one, name, { checksums: false }).catch(() => undefined);
      if (error instanceof Error && error.message.includes(kind) && read) damaged.push(one);
    }
    const [one = bytes] = damaged;
    const error = await readAll(one, name, {}, 1).catch((thrown) => thrown);
    expect(error.message).toContain(name);
    expect(error.message).toContain(kind);
    expect(error.message.match(/[0-9a-f]{8,}/g)?.length).toBeGreaterThanOrEqual(2);
    await readAll(one, name, { checksums: false });
  });
});

it('reads the other frames of an HDF5 file', async () => {
  const { bytes, data } = await hdf5();
  const dataset = await open(memorySource(flipped(bytes, data + 30), 'a.h5'), { codecs: await codecsHere() });
  await expect(dataset.read(0, 1)).rejects.toMatchObject({ tag: 'Format', detail: { frame: 0 } });
  expect(await dataset.read(1, 1)).toEqual(pixels);
  await dataset.dispose();
});

it('opens CBF without an MD5, and refuses an invalid MD5', async () => {
  for (const digest of ['', 'Content-MD5:\r\n', 'Content-MD5: \r\n'])
    expect(await readAll(cbf('none', 1, () => digest).bytes, 'a.cbf')).toEqual(pixels);
  const nonsense = cbf('none', 1, () => 'Content-MD5: no digest\r\n').bytes;
  await expect(readAll(nonsense, 'a.cbf')).rejects.toThrow(/"no digest", which is not an MD5/);
  expect(await readAll(nonsense, 'a.cbf', { checksums: false })).toEqual(pixels);
  await expect(readAll(nonsense, 'a.cbf', { checksums: 'no' as never })).rejects.toMatchObject({ tag: 'Argument' });
});

it('computes the digests of RFC 1321, RFC 1950 and zip, at every length and position', () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i * 73 + (i >> 3)) & 255);
  for (let length = 0; length < 130; length++)
    for (const from of [0, 1]) {
      const part = bytes.subarray(from, from + length);
      expect(Buffer.from(md5(part)).toString('hex')).toBe(createHash('md5').update(part).digest('hex'));
      const stored = zlib.deflateSync(part, { level: 0 });
      expect(adler32(part)).toBe(stored.readUInt32BE(stored.length - 4));
      const gzip = zlib.gzipSync(part, { level: 0 });
      expect(crc32(part)).toBe(gzip.readUInt32LE(gzip.length - 8));
    }
  expect(crc32(bytes.subarray(100), crc32(bytes.subarray(0, 100)))).toBe(crc32(bytes));
  // Checksums that need a final reduction, and a digest over more than one piece.
  const long = new Uint8Array(70_001).fill(255);
  const stored = zlib.deflateSync(long);
  expect(adler32(long)).toBe(stored.readUInt32BE(stored.length - 4));
  expect(Buffer.from(md5(long.subarray(1))).toString('hex')).toBe(
    createHash('md5').update(long.subarray(1)).digest('hex'),
  );
});

describe('the command', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ewald-checksums-'));
    const { bytes, data } = cbf('byte_offset', 1, stated);
    writeFileSync(join(folder, 'a.cbf'), flipped(bytes, data + 20));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('refuses a damaged frame, and converts it with --no-checksums', { tags: 'all' }, async () => {
    const [file, out] = [join(folder, 'a.cbf'), join(folder, 'a.npy')];
    const refused = await ewald(['convert', file, '-o', out]);
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(
      /the MD5 stored with the picture is [0-9a-f]{32}, but the bytes have .*--no-checksums/s,
    );
    expect((await ewald(['convert', file, '-o', out, '--no-checksums'])).code).toBe(0);
  });
});
