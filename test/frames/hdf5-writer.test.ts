/** Files of our writer, read by our reader, by h5wasm and by h5py: the written values are returned to the bit. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memorySource, open } from '../../dist/data.node.js';
import { isEwaldError } from '../../dist/index.node.js';
import { decodeBitshuffleZstd, encodeBitshuffleZstd } from '../../src/bytes/codecs/bitshuffle-zstd.js';
import type { Codecs } from '../../src/bytes/codecs/codecs.js';
import { allocateFrames, bytesOfArray, type DataType, dataTypes } from '../../src/bytes/dtype.js';
import type { Metadata } from '../../src/frames/dataset.js';
import { nxmxTree } from '../../src/frames/hdf5/nxmx.js';
import type { Hdf5Dataset } from '../../src/hdf5/dataset.js';
import { Hdf5Writer, type Packing, type WriteNode } from '../../src/hdf5/writer.js';
import { codecsHere, openHdf5, readAll, sha256 } from './hdf5-support.js';

let codecs: Codecs;
const folder = mkdtempSync(join(tmpdir(), 'ewald-hdf5-'));
beforeAll(async () => {
  codecs = await codecsHere();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await codecs.dispose();
});

/** A file in memory. */
function memory() {
  let bytes = new Uint8Array(0);
  return {
    sink: {
      async append(more: Uint8Array) {
        const grown = new Uint8Array(bytes.length + more.length);
        grown.set(bytes);
        grown.set(more, bytes.length);
        bytes = grown;
      },
      async patch(at: number, more: Uint8Array) {
        bytes.set(more, at);
      },
    },
    bytes: () => bytes,
  };
}

/** Frames with small counts and a few large values. */
function frames(dtype: DataType, length: number) {
  const out = allocateFrames(dtype, length);
  for (let i = 0; i < out.length; i++) {
    const value = i % 101 === 0 ? (i * 7919) % 30000 : i % 5;
    out[i] = (typeof out[0] === 'bigint' ? BigInt(value) : value) as never;
  }
  return out;
}

async function write(
  dtype: DataType,
  packing: Packing,
  count: number,
  signal: number[],
  tree?: (node: WriteNode) => Record<string, WriteNode>,
): Promise<Uint8Array> {
  const { sink, bytes } = memory();
  const writer = await Hdf5Writer.create(sink, codecs);
  const series = writer.series({ frames: count, signal, dtype, packing });
  const data = frames(dtype, count * signal.reduce((a, b) => a * b, 1));
  const half = (data.length / count) * Math.ceil(count / 2);
  await series.write(data.subarray(0, half));
  await series.write(data.subarray(half));
  const size = await writer.finish(tree ? tree({ frames: series }) : { data: { frames: series } });
  expect(size).toBe(bytes().length);
  return bytes();
}

const meta: Metadata = {
  detector: 'EIGER 16M, Å',
  wavelengthA: 1.2345,
  distanceM: 0.123,
  pixelSizeM: { x: 75e-6, y: 100e-6 },
  beamCentrePx: { x: 11.5, y: 7.25 },
  exposureS: 0.01,
  saturation: 65000,
  underload: 0,
  sensor: { material: 'Si', thicknessM: 3.2e-4 },
};

test('every dtype and packing by our own reader', async () => {
  for (const dtype of dataTypes.filter((name) => name !== 'f16'))
    for (const packing of ['bitshuffle', 'gzip', 'none'] as const) {
      const dataset = await open(memorySource(await write(dtype, packing, 5, [9, 16]), 'a.h5'), { codecs });
      expect(dataset.shape).toEqual({ nav: [5], sig: [9, 16] });
      expect(dataset.dtype).toBe(dtype);
      const found = bytesOfArray(await dataset.read(0, 5));
      expect(sha256(found), `${dtype} ${packing}`).toBe(sha256(bytesOfArray(frames(dtype, 5 * 144))));
      await dataset.dispose();
    }
});

test('frames that are not compressed may come in pieces that end anywhere, but not too many or a part of one', async () => {
  const data = frames('u16', 5 * 144) as Uint16Array;
  const whole = await write('u16', 'none', 5, [9, 16]);
  const series = async (pieces: readonly Uint16Array[]): Promise<Uint8Array> => {
    const { sink, bytes } = memory();
    const append = async (some: Uint8Array) => sink.append(await new Promise((end) => setImmediate(end, some)));
    const writer = await Hdf5Writer.create({ ...sink, append }, codecs);
    const one = writer.series({ frames: 5, signal: [9, 16], dtype: 'u16', packing: 'none' });
    await one.write(pieces);
    await writer.finish({ data: { frames: one } });
    return bytes();
  };
  const cut = (...ends: number[]) => ends.map((end, i) => data.subarray(ends[i - 1] ?? 0, end));
  expect(await series(cut(1, 144, 150, 150, 719, 720))).toEqual(whole);
  await expect(series(cut(1, 719))).rejects.toThrow(/1438 bytes are 4\.99\d* frames; there is room for 5/);
  await expect(series([data, data.subarray(0, 144)])).rejects.toThrow('1728 bytes are 6 frames; there is room for 5');
});

test('the metadata of the experiment survive a round trip through NXmx', async () => {
  const mask = new Uint8Array(24 * 32);
  mask[40] = 1;
  const bytes = await write('u16', 'bitshuffle', 3, [24, 32], (node) =>
    nxmxTree({ frames: (node as { frames: never }).frames, meta, mask }),
  );
  const dataset = await open(memorySource(bytes, 'a.h5'), { codecs });
  expect(dataset.meta).toMatchObject(meta);
  expect(dataset.meta.header?.dialect).toBe('NeXus NXmx');
  expect(dataset.filters).toEqual(['bitshuffle + LZ4']);
  expect(await dataset.mask?.()).toEqual(mask);
  expect(dataset.notes.filter(({ kind }) => kind !== 'guess')).toEqual([]);
  await dataset.dispose();
});

test('a chunk that is packed with bitshuffle and Zstandard unpacks to itself', async () => {
  // A frame of Zstandard with one block that is stored as it is.
  const stored = (bytes: Uint8Array): Uint8Array => {
    const head = new DataView(new ArrayBuffer(12));
    head.setUint32(0, 0xfd2fb528, true);
    head.setUint8(4, 0xa0);
    head.setUint32(5, bytes.length, true);
    head.setUint8(9, ((bytes.length << 3) | 1) & 0xff);
    head.setUint16(10, bytes.length >> 5, true);
    return Uint8Array.from([...new Uint8Array(head.buffer), ...bytes]);
  };
  for (const [dtype, elements] of [
    ['u16', 9 * 16],
    ['u32', 1000],
    ['u8', 77],
  ] as const) {
    const bytes = bytesOfArray(frames(dtype, elements));
    const elementBytes = bytes.length / elements;
    const packed = await encodeBitshuffleZstd(codecs, bytes, elementBytes, 64, stored);
    const unpacked = new Uint8Array(bytes.length);
    await decodeBitshuffleZstd(codecs, packed, unpacked, { elementBytes });
    expect(sha256(unpacked), dtype).toBe(sha256(bytes));
  }
  const without = { ...codecs, zstd: undefined };
  const refused = encodeBitshuffleZstd(without, new Uint8Array(64), 2, 64);
  await expect(refused).rejects.toSatisfy((error) => isEwaldError(error, 'Unsupported'));
});

test('a series has as many frames as were written, checksums, and one place under two names', async () => {
  for (const packing of ['bitshuffle', 'shuffledGzip'] as const) {
    const { sink, bytes } = memory();
    const writer = await Hdf5Writer.create(sink, codecs);
    const series = writer.series({ signal: [9, 16], dtype: 'i32', packing, checksums: true });
    await series.write(frames('i32', 3 * 144));
    const data: WriteNode = { frames: series };
    await writer.finish({ data, again: { children: { same: data, texts: { value: ['a', 'longer'] } } } });
    const file = await openHdf5(memorySource(bytes(), 'a.h5'));
    const [one, other] = (await Promise.all([file.need('/data'), file.need('/again/same')])) as Hdf5Dataset[];
    expect([one?.address, one?.shape]).toEqual([other?.address, [3, 9, 16]]);
    expect(sha256(await readAll(one as never)), packing).toBe(sha256(bytesOfArray(frames('i32', 3 * 144))));
    const damaged = bytes().slice();
    damaged[60] = (damaged[60] as number) ^ 1;
    const wrong = await openHdf5(memorySource(damaged, 'b.h5'));
    const read = wrong.need('/data').then((found) => readAll(found as never));
    await expect(read).rejects.toSatisfy((error) => isEwaldError(error, 'Format'));
  }
});

test('more frames than a page of the index holds', async () => {
  const bytes = await write('u8', 'bitshuffle', 3000, [4, 4]);
  const file = await openHdf5(memorySource(bytes, 'a.h5'));
  expect(sha256(await readAll((await file.need('/data')) as never))).toBe(sha256(bytesOfArray(frames('u8', 48000))));
});

test('a link to another file leads to its object, for our reader and for h5wasm', async () => {
  const { sink, bytes } = memory();
  const writer = await Hdf5Writer.create(sink, codecs);
  const link = { file: 'linked-data.h5', path: '/data' };
  await writer.finish({ entry: { children: { data_000001: { link }, n: { value: 7 } } } });
  const master = join(folder, 'linked.h5');
  writeFileSync(master, bytes());
  writeFileSync(join(folder, link.file), await write('u16', 'none', 2, [3, 4]));
  const file = await openHdf5(master);
  const found = await readAll((await file.need('/entry/data_000001')) as never);
  expect(sha256(found)).toBe(sha256(bytesOfArray(frames('u16', 24))));
  const { default: h5wasm } = await import('h5wasm/node');
  await h5wasm.ready;
  const other = new h5wasm.File(master, 'r');
  expect((other.get('/entry') as unknown as { keys(): string[] }).keys()).toEqual(['data_000001', 'n']);
  const data = other.get('/entry/data_000001') as unknown as { shape: number[] };
  expect(data.shape).toEqual([2, 3, 4]);
  other.close();
});

test('h5wasm and its plugin read the same', { tags: 'all' }, async () => {
  const { default: h5wasm } = await import('h5wasm/node');
  const module = await h5wasm.ready;
  module.insert_plugin_search_path(resolve('node_modules/h5wasm-plugins/plugins'), 0);
  for (const [dtype, packing, n] of [
    ['u16', 'bitshuffle', 3],
    ['u32', 'bitshuffle', 2000],
    ['f32', 'gzip', 4],
    ['i16', 'none', 1],
  ] as const) {
    const path = join(folder, `${dtype}-${packing}.h5`);
    writeFileSync(
      path,
      await write(dtype, packing, n, [8, 20], (node) => nxmxTree({ ...(node as never as { frames: never }), meta })),
    );
    const file = new h5wasm.File(path, 'r');
    const data = file.get('/entry/data/data') as unknown as { shape: number[]; value: ArrayBufferView };
    expect(data.shape).toEqual([n, 8, 20]);
    expect(sha256(bytesOfArray(data.value)), `${dtype} ${packing}`).toBe(sha256(bytesOfArray(frames(dtype, n * 160))));
    expect((file.get('/entry/instrument/detector/distance') as unknown as { value: number }).value).toBe(0.123);
    expect((file.get('/entry') as unknown as { attrs: Record<string, { value: unknown }> }).attrs.NX_class?.value).toBe(
      'NXentry',
    );
    file.close();
  }
});

const python = ['/usr/bin/python3', 'python3'].find((name) => spawnSync(name, ['-c', 'import h5py']).status === 0);
describe.skipIf(!python)(python ? 'h5py' : 'absent: h5py (Debian: python3-h5py)', () => {
  test.each(['gzip', 'none'] as const)('%s', { tags: 'all' }, async (packing) => {
    const path = join(folder, `py-${packing}.h5`);
    writeFileSync(
      path,
      await write('i32', packing, 7, [6, 10], (node) => nxmxTree({ ...(node as never as { frames: never }), meta })),
    );
    const script = [
      'import h5py, hashlib, json, sys',
      'f = h5py.File(sys.argv[1], "r")',
      'd = f["/entry/data/data"]',
      'm = f["/entry/instrument/detector/module/module_offset"]',
      'print(json.dumps([list(d.shape), str(d.dtype), d.compression, hashlib.sha256(d[...].tobytes()).hexdigest(),',
      '  f["/entry/definition"][()].decode(), list(m.attrs["offset"]), m.attrs["depends_on"].decode()]))',
    ].join('\n');
    const found = JSON.parse(execFileSync(python ?? '', ['-c', script, path], { encoding: 'utf8' }));
    expect(found).toEqual([
      [7, 6, 10],
      'int32',
      packing === 'gzip' ? 'gzip' : null,
      sha256(bytesOfArray(frames('i32', 420))),
      'NXmx',
      [-11.5 * 75e-6, -7.25 * 100e-6, 0],
      '/entry/instrument/detector/transformations/det_z',
    ]);
  });
});

test('invalid values are refused', async () => {
  const { sink } = memory();
  const writer = await Hdf5Writer.create(sink, codecs);
  const series = writer.series({ frames: 2, signal: [4, 4], dtype: 'u16' });
  await expect(series.write(new Uint16Array(15))).rejects.toSatisfy((e) => isEwaldError(e, 'Shape'));
  await expect(series.write(new Uint16Array(48))).rejects.toSatisfy((e) => isEwaldError(e, 'Shape'));
  await series.write(new Uint16Array(16));
  await expect(writer.finish({ data: { frames: series } })).rejects.toThrow(/has 2 frames, but only 1 were written/);
  await series.write(new Uint16Array(16));
  await expect(writer.finish({ 'a/b': { value: 1 } })).rejects.toThrow(/cannot name/);
  expect(() => writer.series({ frames: 0, signal: [4], dtype: 'u8' })).toThrow();
});

test('frames as they are are written in one call, however many there are', async () => {
  const { sink, bytes } = memory();
  const lengths: number[] = [];
  const append = (more: Uint8Array): Promise<void> => {
    lengths.push(more.length);
    return sink.append(more);
  };
  const writer = await Hdf5Writer.create({ ...sink, append }, codecs);
  const series = writer.series({ frames: 3, signal: [5], dtype: 'u16', packing: 'none' });
  await series.write(Uint16Array.from({ length: 15 }, (_, i) => i));
  expect(lengths.slice(1)).toEqual([30]);
  await writer.finish({ data: { frames: series } });
  const file = await openHdf5(memorySource(bytes(), 'rows.h5'));
  expect(file).toBeDefined();
});

test('an unfinished file is not valid HDF5', async () => {
  const { sink, bytes } = memory();
  await Hdf5Writer.create(sink, codecs);
  await expect(openHdf5(memorySource(bytes(), 'half.h5'))).rejects.toThrow(/is not an HDF5 file/);
});
