/** Zarr of both versions and LiberTEM's raw_csr: stores made here, in memory and in folders; damaged ones are refused. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memorySource, open } from '../../dist/data.node.js';
import type { Dataset, OpenOptions } from '../../src/entries/data.node.js';
import { crc32c } from '../../src/frames/zarr/crc32c.js';
import { refused } from '../support/refused.js';
import { zipOf } from './zip-of.js';

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength).slice();

const [shape, chunk] = [
  [3, 5, 6, 7],
  [2, 2, 4, 7],
] as const;
const numbers = Uint16Array.from({ length: 3 * 5 * 6 * 7 }, (_, i) => (i * 733) % 6007);
/** The places of all chunks. */
const places = (sizes: readonly number[]): number[][] =>
  shape.reduce<number[][]>(
    (list, length, axis) =>
      list.flatMap((place) =>
        Array.from({ length: Math.ceil(length / (sizes[axis] as number)) }, (_, i) => [...place, i]),
      ),
    [[]],
  );

/** The numbers of a chunk, 9 outside of the array. */
function chunkAt(place: readonly number[], sizes: readonly number[] = chunk): Uint16Array {
  const out = new Uint16Array(sizes.reduce((a, b) => a * b, 1)).fill(9);
  for (let i = 0; i < out.length; i++) {
    let rest = i;
    let [flat, stride, inside] = [0, 1, true];
    for (let axis = 3; axis >= 0; axis--) {
      const size = sizes[axis] as number;
      const at = (place[axis] as number) * size + (rest % size);
      rest = Math.floor(rest / size);
      inside &&= at < (shape[axis] as number);
      flat += at * stride;
      stride *= shape[axis] as number;
    }
    if (inside) out[i] = numbers[flat] as number;
  }
  return out;
}

const swapped = (bytes: Uint8Array): Uint8Array => bytes.map((_, i) => bytes[i ^ 1] as number);
const v2 = (more: object = {}) => ({
  zarr_format: 2,
  shape,
  chunks: chunk,
  dtype: '<u2',
  compressor: null,
  fill_value: 0,
  order: 'C',
  filters: null,
  ...more,
});
const v3 = (codecs: readonly object[], more: object = {}) => ({
  zarr_format: 3,
  node_type: 'array',
  shape,
  data_type: 'uint16',
  chunk_grid: { name: 'regular', configuration: { chunk_shape: chunk } },
  chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
  fill_value: 0,
  codecs,
  ...more,
});
const little = { name: 'bytes', configuration: { endian: 'little' } };

type Files = Record<string, Uint8Array>;
const chunksOf = (
  key: (place: readonly number[]) => string,
  pack: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes,
): Files => Object.fromEntries(places(chunk).map((place) => [key(place), pack(bytesOf(chunkAt(place)))]));
const dotted = (place: readonly number[]): string => place.join('.');
const slashed = (place: readonly number[]): string => ['c', ...place].join('/');

const opened = (metadata: object, files: Files, options: OpenOptions = {}, name = '.zarray'): Promise<Dataset> =>
  open(memorySource(encode(metadata), name, files), options);
async function read(metadata: object, files: Files, name?: string): Promise<number[]> {
  const dataset = await opened(metadata, files, {}, name);
  expect(dataset.shape).toEqual({ nav: [3, 5], sig: [6, 7] });
  const all = [...(await dataset.read(0, 15))].map(Number);
  // Single frames, the last one first, are the same.
  for (let frame = 14; frame >= 0; frame -= 3)
    expect([...(await dataset.read(frame, 1))].map(Number)).toEqual(all.slice(frame * 42, (frame + 1) * 42));
  await dataset.dispose();
  return all;
}

/** LZ4 of literals only. */
function lz4(bytes: Uint8Array): Uint8Array {
  const out = [bytes.length < 15 ? bytes.length << 4 : 0xf0];
  for (let left = bytes.length - 15; left >= 0; left -= 255) out.push(Math.min(255, left));
  return Uint8Array.from([...out, ...bytes]);
}

/** Blosc with LZ4: blocks of 64 elements, split in two streams if `split`, bytes shuffled. */
function blosc(bytes: Uint8Array, { split = false, stored = false } = {}): Uint8Array {
  const blockBytes = split ? 256 : 64;
  const head = new DataView(new ArrayBuffer(16));
  const flags = stored ? 2 : 1 | (1 << 5) | (split ? 0 : 16);
  for (const [at, value] of [2, 1, flags, 2].entries()) head.setUint8(at, value);
  head.setUint32(4, bytes.length, true);
  head.setUint32(8, blockBytes, true);
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const block = bytes.subarray(at, at + blockBytes);
    const half = block.length / 2;
    const mixed = block.map((_, i) => block[i < half ? 2 * i : 2 * (i - half) + 1] as number);
    const streams = split && block.length === blockBytes ? [mixed.subarray(0, half), mixed.subarray(half)] : [mixed];
    blocks.push(
      Uint8Array.from(
        streams.flatMap((stream) => {
          const packed = lz4(stream);
          return [...new Uint8Array(Uint32Array.of(packed.length).buffer), ...packed];
        }),
      ),
    );
  }
  const starts = new Uint32Array(blocks.length);
  let at = 16 + 4 * blocks.length;
  for (const [i, block] of blocks.entries()) {
    starts[i] = at;
    at += block.length;
  }
  const body = stored ? bytes : Uint8Array.from([...bytesOf(starts), ...blocks.flatMap((block) => [...block])]);
  head.setUint32(12, 16 + body.length, true);
  return Uint8Array.from([...new Uint8Array(head.buffer), ...body]);
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-zarr-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('zarr', () => {
  const all = [...numbers];

  test('of version 2 has the numbers of its chunks, in either byte order, with every codec', async () => {
    expect(await read(v2(), chunksOf(dotted))).toEqual(all);
    expect(await read(v2({ dtype: '>u2' }), chunksOf(dotted, swapped))).toEqual(all);
    const nested = (place: readonly number[]): string => place.join('/');
    expect(await read(v2({ dimension_separator: '/' }), chunksOf(nested))).toEqual(all);
    const packings: readonly [object, (bytes: Uint8Array) => Uint8Array][] = [
      [{ id: 'gzip', level: 1 }, (bytes) => gzipSync(bytes)],
      [{ id: 'lz4' }, (bytes) => Uint8Array.from([...bytesOf(Uint32Array.of(bytes.length)), ...lz4(bytes)])],
      [{ id: 'blosc', cname: 'lz4' }, (bytes) => blosc(bytes)],
      [{ id: 'blosc', cname: 'lz4' }, (bytes) => blosc(bytes, { split: true })],
      [{ id: 'blosc', cname: 'lz4' }, (bytes) => blosc(bytes, { stored: true })],
    ];
    for (const [compressor, pack] of packings)
      expect(await read(v2({ compressor }), chunksOf(dotted, pack)), JSON.stringify(compressor)).toEqual(all);
  });

  test('packed by gzip is read whatever its header states, and not beyond its checksum unless asked', async () => {
    const bytes = bytesOf(chunkAt([0, 0, 0, 0]));
    const packed = gzipSync(bytes);
    const fields = [4, 0, 1, 2, 3, 4];
    const name = [...new TextEncoder().encode('a.gz'), 0];
    const head = [
      ...packed.subarray(0, 3),
      2 | 4 | 8 | 16,
      ...packed.subarray(4, 10),
      ...fields,
      ...name,
      ...name,
      0,
      0,
    ];
    const full = { ...chunksOf(dotted, gzipSync), '0.0.0.0': Uint8Array.from([...head, ...packed.subarray(10)]) };
    const metadata = v2({ compressor: { id: 'gzip' } });
    expect(await read(metadata, full)).toEqual(all);
    const sum = packed.length - 8;
    const damaged = { ...full, '0.0.0.0': packed.map((byte, i) => (i === sum ? byte ^ 1 : byte)) };
    await refused(() => read(metadata, damaged), 'Format', 'chunk 0.0.0.0', 'CRC-32', '--no-checksums');
    const unchecked = await opened(metadata, damaged, { checksums: false });
    expect([...(await unchecked.read(0, 15))]).toEqual(all);
    await unchecked.dispose();
  });

  test('of version 3 has the numbers of its chunks, with checksums, and in shards', async () => {
    expect(await read(v3([little]), chunksOf(slashed), 'zarr.json')).toEqual(all);
    const summed = (bytes: Uint8Array): Uint8Array =>
      Uint8Array.from([...bytes, ...new Uint8Array(Uint32Array.of(crc32c(bytes)).buffer)]);
    const codecs = [little, { name: 'gzip', configuration: { level: 5 } }, { name: 'crc32c' }];
    expect(
      await read(
        v3(codecs),
        chunksOf(slashed, (b) => summed(gzipSync(b))),
        'zarr.json',
      ),
    ).toEqual(all);

    const registered = codecs.with(2, { name: 'numcodecs.crc32c' });
    const files = chunksOf(slashed, (b) => summed(gzipSync(b)));
    expect(await read(v3(registered), files, 'zarr.json')).toEqual(all);

    const inner = [1, 2, 2, 7];
    const configuration = { chunk_shape: inner, codecs: [little], index_codecs: [little, { name: 'crc32c' }] };
    const shards: Files = {};
    for (const place of places(chunk)) {
      const parts: number[] = [];
      const index: bigint[] = [];
      for (const i of [0, 1])
        for (const k of [0, 1]) {
          const [a = 0, b = 0, c = 0, d = 0] = place;
          const bytes = bytesOf(chunkAt([2 * a + i, b, 2 * c + k, d], inner));
          index.push(BigInt(parts.length), BigInt(bytes.length));
          parts.push(...bytes);
        }
      shards[slashed(place)] = Uint8Array.from([...parts, ...summed(bytesOf(BigUint64Array.from(index)))]);
    }
    expect(await read(v3([{ name: 'sharding_indexed', configuration }]), shards, 'zarr.json')).toEqual(all);
    const [first = ''] = Object.keys(shards);
    const broken = {
      ...shards,
      [first]: (shards[first] as Uint8Array).map((b, i, { length }) => (i > length - 9 ? b ^ 1 : b)),
    };
    await refused(
      () => read(v3([{ name: 'sharding_indexed', configuration }]), broken, 'zarr.json'),
      'Format',
      'CRC-32C',
    );
  });

  test('says which frames at its end have no chunk', async () => {
    const warningsOf = async (files: Files): Promise<string[]> => {
      const dataset = await opened(v2(), files);
      await dataset.dispose();
      return dataset.notes.filter(({ kind }) => kind === 'warning').map(({ text }) => text);
    };
    const files = chunksOf(dotted);
    expect(await warningsOf(files)).toEqual([]);
    const first = Object.fromEntries(Object.entries(files).filter(([name]) => name.startsWith('0.')));
    expect(await warningsOf(first)).toEqual([expect.stringMatching(/^the last 5 of 15 frames were never written: /)]);
    expect(await warningsOf({})).toEqual([expect.stringMatching(/^none of its 15 frames was written: /)]);
  });

  test('has the fill value where no chunk was written', async () => {
    const files = chunksOf(dotted);
    delete files['0.0.0.0'];
    const found = await read(v2({ fill_value: 77 }), files);
    expect(found).toEqual(
      all.map((value, i) => {
        const [x, y, row] = [Math.floor(i / 210), Math.floor(i / 42) % 5, Math.floor(i / 7) % 6];
        return x < 2 && y < 2 && row < 4 ? 77 : value;
      }),
    );
  });

  test('has a fill value of half floats as a number, and refuses one that JSON has rounded', async () => {
    const fillOf = async (metadata: object) => {
      const dataset = await opened(metadata, {});
      const [first] = await dataset.read(0, 1);
      await dataset.dispose();
      return first;
    };
    expect(await fillOf(v2({ dtype: '<f2', fill_value: 1.5 }))).toBe(0x3e00);
    expect(await fillOf(v2({ dtype: '<f2', fill_value: 'NaN' }))).toBe(0x7e00);
    expect(await fillOf(v2({ dtype: '<f2', fill_value: '0xbe00' }))).toBe(0xbe00);
    expect(await fillOf(v2({ dtype: '<u8', fill_value: 2 ** 53 - 1 }))).toBe(2n ** 53n - 1n);
    await refused(
      () => fillOf(v2({ dtype: '<u8', fill_value: 2 ** 64 })),
      'Format',
      'fill_value',
      '18446744073709552000',
    );
  });

  test('ends no read with the abort of another one', async () => {
    const memory = memorySource(encode(v2()), '.zarray', chunksOf(dotted));
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const slow: typeof memory = {
      ...memory,
      async sibling(path, options) {
        const file = await memory.sibling(path, options);
        return Object.assign(Object.create(file), {
          read: async (...args: Parameters<typeof file.read>) => {
            await gate;
            return file.read(...args);
          },
        });
      },
    };
    const dataset = await open(slow);
    const controller = new AbortController();
    const first = dataset.read(0, 1, undefined, { signal: controller.signal });
    const second = dataset.read(0, 1);
    controller.abort();
    const both = Promise.allSettled([first, second]);
    release();
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect([...(await second)]).toEqual(all.slice(0, 42));
    await dataset.dispose();
  });

  test('opens as a folder, a group by its largest array or by name, and a zip', async () => {
    const files: Files = {
      'a/b/.zarray': encode(v2()),
      'a/small/.zarray': encode(v2({ shape: [2, 2], chunks: [2, 2] })),
    };
    for (const [name, bytes] of Object.entries(chunksOf(dotted))) files[`a/b/${name}`] = bytes;
    const metadata = Object.fromEntries(
      ['a/b/.zarray', 'a/small/.zarray'].map((name) => [name, JSON.parse(new TextDecoder().decode(files[name]))]),
    );
    const group = { '.zgroup': encode({ zarr_format: 2 }), ...files };
    const whole: Files = { ...group, '.zmetadata': encode({ zarr_consolidated_format: 1, metadata }) };
    for (const [name, bytes] of Object.entries(whole)) {
      const path = join(folder, 'scan.zarr', name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, bytes);
    }
    const dataset = await open(join(folder, 'scan.zarr'));
    expect([...(await dataset.read(0, 15))]).toEqual(all);
    expect(dataset.arrays.map(({ name, chosen }) => [name, chosen])).toEqual([
      ['a/b', true],
      ['a/small', false],
    ]);
    await dataset.dispose();
    const small = await open(join(folder, 'scan.zarr'), { dataset: 'small' });
    expect(small.shape).toEqual({ nav: [], sig: [2, 2] });
    await small.dispose();
    // The metadata are not consolidated, so the folders are searched.
    expect((await opened({ zarr_format: 2 }, group, {}, '.zgroup')).frames).toBe(15);
    await refused(() => opened({ zarr_format: 2 }, {}, {}, '.zgroup'), 'Argument', '--dataset');
    const named = await opened({ zarr_format: 2 }, group, { dataset: 'a/b' }, '.zgroup');
    expect(named.frames).toBe(15);
    const zip = await open(memorySource(zipOf(group, 0), 'scan.zspy'));
    expect([...(await zip.read(0, 15))]).toEqual(all);
    await zip.dispose();
  });

  test('reads the chunks of a zip in a file one after the other', async () => {
    const files = { '.zarray': encode(v2()), ...chunksOf(dotted) };
    await writeFile(join(folder, 'scan.zspy'), zipOf(files, 0));
    const dataset = await open(join(folder, 'scan.zspy'));
    const found: number[] = [];
    for (let frame = 0; frame < 15; frame++) found.push(...(await dataset.read(frame, 1)).map(Number));
    expect(found).toEqual(all);
    await dataset.dispose();
  });

  test('that cannot be read is refused by name, before memory is allocated', async () => {
    const files = chunksOf(dotted);
    const cases: readonly [object, 'Format' | 'Unsupported' | 'Limit', string][] = [
      [v2({ compressor: { id: 'zfpy' } }), 'Unsupported', 'packed by zfpy'],
      [v2({ filters: [{ id: 'delta' }] }), 'Unsupported', 'packed by delta'],
      [v2({ order: 'K' }), 'Format', 'expected C or F'],
      [v2({ dtype: '|O' }), 'Format', 'dtype is "|O"'],
      [v2({ chunks: [2 ** 20, 2 ** 20, 1, 1] }), 'Limit', 'chunks of'],
      [v2({ chunks: [2, 2, 4] }), 'Format', 'its chunks are [2,2,4]'],
      [v2({ shape: [3, -1, 6, 7] }), 'Format', 'its shape is'],
      [v2({ shape: [3, 0, 6, 7] }), 'Format', 'has no frames, or none yet: its shape is 3 × 0 × 6 × 7'],
      [{ ...v2(), zarr_format: 4 }, 'Format', 'expected 2 or 3'],
      [v3([{ name: 'transpose', configuration: { order: [3, 2, 1, 1] } }, little]), 'Format', 'transpose'],
    ];
    for (const [metadata, tag, words] of cases) await refused(() => opened(metadata, files), tag, words);
    await refused(
      () => open(memorySource(new TextEncoder().encode('{"zarr_format": 2,'), '.zarray')),
      'Format',
      'JSON',
    );
    const damaged = [
      [{ id: 'gzip' }, (bytes: Uint8Array) => gzipSync(bytes).subarray(0, 30)],
      [{ id: 'blosc' }, (bytes: Uint8Array) => blosc(bytes).subarray(0, 100)],
      [{ id: 'blosc' }, (bytes: Uint8Array) => Uint8Array.from([...blosc(bytes), 0])],
      [{ id: 'blosc' }, (bytes: Uint8Array) => Uint8Array.from([...blosc(bytes, { stored: true }), 0])],
      // The second block starts where the first one does.
      [
        { id: 'blosc' },
        (bytes: Uint8Array) => blosc(bytes).map((byte, i, all) => all[i >= 20 && i < 24 ? i - 4 : i] ?? byte),
      ],
      [null, (bytes: Uint8Array) => bytes.subarray(2)],
    ] as const;
    for (const [compressor, pack] of damaged)
      await refused(() => read(v2({ compressor }), chunksOf(dotted, pack)), 'Format', 'chunk 0.0.0.0');
  });

  test('whose bytes are damaged gives numbers or a tagged error', async () => {
    const intact = chunksOf(dotted, (bytes) => blosc(bytes, { split: true }));
    let errors = 0;
    for (let i = 0; i < 80; i++) {
      const bytes = (intact['0.0.0.0'] as Uint8Array).slice();
      bytes[(i * 7) % 40] = (i * 151) & 255;
      const dataset = await opened(v2({ compressor: { id: 'blosc' } }), { ...intact, '0.0.0.0': bytes });
      const outcome = await dataset.read(0, 1).catch((error) => error);
      if (outcome instanceof Error) {
        errors++;
        expect((outcome as { tag?: string }).tag, outcome.message).toMatch(/Format|Unsupported/);
      }
      await dataset.dispose();
    }
    expect(errors).toBeGreaterThan(30);
  });
});

describe('raw_csr', () => {
  const dense = Float32Array.from({ length: 6 * 12 }, (_, i) => (i % 5 === 0 || (i >= 24 && i < 36) ? 0 : i / 4));
  const [values, where, starts]: [number[], number[], number[]] = [[], [], [0]];
  for (let frame = 0; frame < 6; frame++) {
    for (let pixel = 0; pixel < 12; pixel++)
      if (dense[frame * 12 + pixel] !== 0) {
        values.push(dense[frame * 12 + pixel] as number);
        where.push(pixel);
      }
    starts.push(values.length);
  }
  const toml = (more = '', dtypes = ['<i8', '<u2', 'float32']) => `
# frames of an event-driven detector
[params]
filetype = "raw_csr"
nav_shape = [2, 3]
sig_shape = [3, 4] # rows, columns
[raw_csr]
indptr_file = "indptr.raw"
indptr_dtype = "${dtypes[0]}"
indices_file = "indices.raw"
indices_dtype = "${dtypes[1]}"
data_file = "data.raw"
data_dtype = "${dtypes[2]}"
${more}`;
  const files: Files = {
    'indptr.raw': bytesOf(BigInt64Array.from(starts, BigInt)),
    'indices.raw': bytesOf(Uint16Array.from(where)),
    'data.raw': bytesOf(Float32Array.from(values)),
  };
  const csr = (text: string, given: Files = files): Promise<Dataset> =>
    open(memorySource(new TextEncoder().encode(text), 'scan.toml', given));

  test('has the dense frames of its matrix, and other byte orders', async () => {
    const dataset = await csr(toml());
    expect([dataset.shape, dataset.dtype]).toEqual([{ nav: [2, 3], sig: [3, 4] }, 'f32']);
    expect(await dataset.read(0, 6)).toEqual(dense);
    expect(await dataset.read(3, 2)).toEqual(dense.slice(36, 60));
    const big = { ...files, 'indices.raw': swapped(files['indices.raw'] as Uint8Array) };
    const other = await csr(toml('', ['<i8', '>u2', 'float32']), big);
    expect(await other.read(0, 6)).toEqual(dense);
  });

  test('that is damaged is refused with its frame', async () => {
    const pixel = { ...files, 'indices.raw': bytesOf(Uint16Array.from(where, (n, i) => (i === 20 ? 12 : n))) };
    const dataset = await csr(toml(), pixel);
    await refused(() => dataset.read(0, 6), 'Format', 'frame 3 is damaged', 'pixel 12 of 12');
    const order = { ...files, 'indptr.raw': bytesOf(BigInt64Array.from([...starts.slice(0, 5), -1, 3], BigInt)) };
    await refused(async () => (await csr(toml(), order)).read(0, 6), 'Format', 'frame 4 is damaged');
    await refused(() => csr(toml(), { ...files, 'data.raw': new Uint8Array(8) }), 'Format', 'expected as many');
    // Three bytes of the last number are missing: it was one frame less, without a word.
    const cut = (files['indptr.raw'] as Uint8Array).subarray(0, -3);
    await refused(() => csr(toml(), { ...files, 'indptr.raw': cut }), 'Format', 'indptr.raw', 'no multiple of the 8');
    await refused(() => csr(toml().replace('sig_shape', 'shape')), 'Format', 'no sig_shape');
    await refused(() => csr(toml('', ['<f4', '<u2', '<f4'])), 'Format', 'of integers');
    await refused(() => csr(toml('nonsense')), 'Format', 'line 14', 'incomplete key-value');
    await refused(() => csr(toml().replace('"data.raw"', '"../data.raw"')), 'File', 'outside its folder');
    const more = await csr(toml().replace('[2, 3]', '[2, 2]'));
    expect(more.notes[0]?.text).toContain('there are 6 frames');
  });
});
