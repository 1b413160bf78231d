/**
 * HDF5 files designed to keep a reader busy: each is refused, read with bounded work, or stopped by its signal. No test
 * relies on the clock: a file that never ends would hang the test run.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { memorySource } from '../../dist/data.node.js';
import { type OpenOptions, openSource } from '../../src/frames/open.js';
import { chunks, fields, type MadeAxis, MadeFile, type MadePart, space, u8, virtual } from './hdf5-made.js';
import { codecsHere } from './hdf5-support.js';

const codecs = await codecsHere();
type Siblings = Readonly<Record<string, Uint8Array>>;
const open = (bytes: Uint8Array, options: OpenOptions = {}, siblings: Siblings = {}, name = 'a.h5') =>
  openSource(memorySource(bytes, name, siblings), { codecs, ...options });

/** A file with one u8 dataset at /data. */
const one = (shape: readonly number[], parts: (file: MadeFile) => readonly MadePart[], most = shape): Uint8Array => {
  const file = new MadeFile();
  const data = file.object([space(shape, most), u8, virtual(file, parts(file))]);
  return file.finish(file.group({ data }));
};
const all = (file: string, path = '/data'): MadePart => ({ file, path, source: 'all', target: 'all' });
const endless: readonly MadeAxis[] = [
  [0, 1, Infinity, 1],
  [0, 1, 1, 4],
  [0, 1, 1, 4],
];

describe('virtual datasets', () => {
  test('parts are read', async () => {
    const file = new MadeFile();
    const plain = file.object([space([2, 4, 4]), u8, chunks([1, 4, 4])]);
    const layout = virtual(file, [all('.', '/plain')]);
    const whole = file.finish(file.group({ plain, data: file.object([space([2, 4, 4]), u8, layout]) }));
    const dataset = await open(whole, { dataset: '/data' });
    expect(Array.from((await dataset.read(0, 2)) as Uint8Array)).toEqual(new Array(32).fill(0));
    await dataset.dispose();
  });

  test.each<[string, () => [Uint8Array, Siblings?]]>([
    ['of themselves', () => [one([2, 4, 4], () => [all('.')])]],
    ['of themselves, by the name of their file', () => [one([2, 4, 4], () => [all('a.h5')])]],
    ['of each other', () => [one([2, 4, 4], () => [all('b.h5')]), { 'b.h5': one([2, 4, 4], () => [all('a.h5')]) }]],
    ['of themselves, many times', () => [one([2, 4, 4], () => new Array(50).fill(all('.')))]],
    [
      'without end, of themselves',
      () => [one([1, 4, 4], () => [{ ...all('.'), source: endless, target: endless }], [Infinity, 4, 4])],
    ],
    [
      'without end, of each other',
      () => [
        one([1, 4, 4], () => [{ ...all('b.h5'), source: endless, target: endless }], [Infinity, 4, 4]),
        { 'b.h5': one([1, 4, 4], () => [{ ...all('a.h5'), source: endless, target: endless }], [Infinity, 4, 4]) },
      ],
    ],
  ])('%s: refused', async (_, made) => {
    const [bytes, siblings = {}] = made();
    const known = { 'a.h5': bytes, ...siblings };
    const reading = (async () => {
      const dataset = await open(bytes, {}, known);
      try {
        await dataset.read(0, 1);
      } finally {
        await dataset.dispose();
      }
    })();
    await expect(reading).rejects.toMatchObject({ tag: 'Format', message: expect.stringContaining('contains itself') });
  });

  test('in a chain deeper than the limit: refused', async () => {
    const siblings: Record<string, Uint8Array> = {};
    for (let i = 0; i < 40; i++) siblings[`${i}.h5`] = one([2, 4, 4], () => [all(`${i + 1}.h5`)]);
    const dataset = await open(siblings['0.h5'] as Uint8Array, {}, siblings, '0.h5');
    await expect(dataset.read(0, 1)).rejects.toThrow('nested in 16 others');
    await dataset.dispose();
  });

  test('that multiply at each level: the work is bounded', async () => {
    const siblings: Record<string, Uint8Array> = {};
    for (let i = 0; i < 10; i++) siblings[`${i}.h5`] = one([2, 4, 4], () => new Array(20).fill(all(`${i + 1}.h5`)));
    const file = new MadeFile();
    siblings['10.h5'] = file.finish(file.group({ data: file.object([space([2, 4, 4]), u8, chunks([1, 4, 4])]) }));
    const dataset = await open(siblings['0.h5'] as Uint8Array, {}, siblings, '0.h5');
    await expect(dataset.read(0, 1)).rejects.toThrow('whose parts overlap');
    await dataset.dispose();
  });

  test('whose file name pattern matches one file for every number: stopped by the signal', async () => {
    const made = one([1, 4, 4], () => [{ file: 'x%b/../a.h5', path: '/plain', source: 'all', target: endless }], [
      Infinity,
      4,
      4,
    ]);
    const file = new MadeFile();
    const siblings = {
      'a.h5': file.finish(file.group({ plain: file.object([space([1, 4, 4]), u8, chunks([1, 4, 4])]) })),
    };
    const end = new AbortController();
    setTimeout(() => end.abort(), 20);
    await expect(open(made, { signal: end.signal }, siblings, 'b.h5')).rejects.toMatchObject({ tag: 'Aborted' });
  });
});

describe('sizes that exceed those of any detector', () => {
  const empty = (shape: readonly number[], chunk: readonly number[], tree?: (file: MadeFile) => number): Uint8Array => {
    const file = new MadeFile();
    const data = file.object([space(shape), u8, chunks(chunk, tree?.(file))]);
    return file.finish(file.group({ data }));
  };
  /** A B-tree without any chunk. */
  const noChunks = (file: MadeFile): number =>
    file.place(
      fields()
        .text('TREE')
        .uint(1, 1, 0)
        .uint(2, 0)
        .uint(8, 0, 0)
        .uint(8, ...new Array(8).fill(0)).list,
    );

  test('frames: refused, unless the limit is raised', async () => {
    const bytes = empty([2, 40_000, 40_000], [1, 1000, 1000]);
    await expect(open(bytes)).rejects.toMatchObject({
      tag: 'Limit',
      message: expect.stringContaining('--max-frame-bytes'),
    });
    await expect(open(bytes, { maxFrameBytes: 0 })).rejects.toMatchObject({ tag: 'Argument' });
    const dataset = await open(bytes, { maxFrameBytes: 2 ** 31 });
    expect(dataset.shape.sig).toEqual([40_000, 40_000]);
    await dataset.dispose();
  });

  test('chunks: refused when they are read', async () => {
    const dataset = await open(empty([2, 100, 100], [2, 40_000, 40_000], noChunks));
    await expect(dataset.read(0, 1)).rejects.toMatchObject({ tag: 'Limit' });
    await dataset.dispose();
  });

  test('partitions: refused', async () => {
    const dataset = await open(empty([2 ** 28, 4000, 4000], [1, 1000, 1000]));
    expect(() => dataset.partitions()).toThrow(expect.objectContaining({ tag: 'Limit' }));
    await dataset.dispose();
  });

  test('too many tiny chunks are refused; many are stopped by the signal', async () => {
    const dataset = await open(empty([1, 16_384, 16_384], [1, 1, 1], noChunks));
    await expect(dataset.read(0, 1)).rejects.toThrow('which are too small to be read');
    await dataset.dispose();
    const fewer = await open(empty([1, 2048, 2048], [1, 1, 1], noChunks));
    const end = new AbortController();
    setTimeout(() => end.abort(), 20);
    await expect(fewer.read(0, 1, undefined, { signal: end.signal })).rejects.toMatchObject({ tag: 'Aborted' });
    await fewer.dispose();
  });

  test('an array that was never written has its fill value, whatever its chunks', async () => {
    const dataset = await open(empty([1, 4096, 4096], [1, 1, 1]));
    const frame = (await dataset.read(0, 1)) as Uint8Array;
    expect(frame.length).toBe(2 ** 24);
    await dataset.dispose();
  });
});

test('two files on disk that refer to each other are refused, and both are closed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-circle-'));
  try {
    writeFileSync(
      join(folder, 'a.h5'),
      one([2, 4, 4], () => [all('b.h5')]),
    );
    writeFileSync(
      join(folder, 'b.h5'),
      one([2, 4, 4], () => [all('./a.h5')]),
    );
    const { open: openPath } = await import('../../src/entries/data.node.js');
    const dataset = await openPath(join(folder, 'a.h5'), { codecs });
    await expect(dataset.read(0, 1)).rejects.toThrow('contains itself');
    await dataset.dispose();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
