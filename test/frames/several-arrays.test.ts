/** Files with several arrays: the only scan is opened, otherwise the user has to choose; `navigate` divides axes. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inspect, memorySource, open } from '../../dist/data.node.js';
import type { Codecs } from '../../src/bytes/codecs/codecs.js';
import { npyHeadOf } from '../../src/frames/npy.js';
import { Hdf5Writer, type WriteNode } from '../../src/hdf5/writer.js';
import { ewald, ewaldTogether } from '../support/cli.js';
import { dataFolder } from '../support/data.js';
import { refused } from '../support/refused.js';
import { codecsHere } from './hdf5-support.js';
import { zipOf } from './zip-of.js';

let codecs: Codecs;
let folder = '';
beforeAll(async () => {
  codecs = await codecsHere();
  folder = await mkdtemp(join(tmpdir(), 'ewald-several-'));
});
afterAll(async () => {
  await codecs.dispose();
  await rm(folder, { recursive: true });
});

type Tree = { readonly [name: string]: readonly number[] | Tree | { attributes: Record<string, never>; tree: Tree } };
const group = (tree: Tree, attributes: Record<string, string | number>) => ({ tree, attributes }) as never;

/** An HDF5 file with arrays of u8 of these shapes, of u16 if they are images or lines. */
async function hdf5(tree: Tree): Promise<Uint8Array> {
  const bytes: number[] = [];
  const sink = {
    async append(more: Uint8Array) {
      for (const byte of more) bytes.push(byte);
    },
    async patch(at: number, more: Uint8Array) {
      for (const [i, byte] of more.entries()) bytes[at + i] = byte;
    },
  };
  const writer = await Hdf5Writer.create(sink, codecs);
  const nodes = async (part: Tree): Promise<Record<string, WriteNode>> => {
    const out: Record<string, WriteNode> = {};
    for (const [name, value] of Object.entries(part)) {
      if (Array.isArray(value)) {
        const shape = value as readonly number[];
        if (shape.length < 3) {
          out[name] = { value: new Uint16Array(shape.reduce((a, b) => a * b, 1)), shape };
          continue;
        }
        const [navigation, signal] = [shape.slice(0, -2), shape.slice(-2)];
        const count = navigation.reduce((a, b) => a * b, 1);
        const series = writer.series({ frames: count, navigation, signal, dtype: 'u8', packing: 'none' });
        await series.write(new Uint8Array(shape.reduce((a, b) => a * b, 1)));
        out[name] = { frames: series };
      } else if ('attributes' in value)
        out[name] = {
          children: await nodes(value.tree as Tree),
          attributes: value.attributes as Record<string, never>,
        };
      else out[name] = { children: await nodes(value as Tree) };
    }
    return out;
  };
  await writer.finish(await nodes(tree), {});
  return Uint8Array.from(bytes);
}

const openHdf5 = async (tree: Tree, options = {}) => open(memorySource(await hdf5(tree), 'several.h5'), options);
const shapeOf = async (tree: Tree, options = {}) => {
  const dataset = await openHdf5(tree, options);
  await dataset.dispose();
  return dataset.shape;
};
/** Axes of hyperspy, which belong to the scan if `navigate` is 1. */
const axes = (...navigate: number[]): Tree =>
  Object.fromEntries(
    navigate.map((value, i) => [`axis-${i}`, group({}, { navigate: value, name: `a${i}`, scale: 2 })]),
  );

describe('HDF5', () => {
  test('opens the only scan, or the array that is larger by far', async () => {
    expect(await shapeOf({ a: [2, 3, 4, 5], b: [9, 8, 9], c: { d: [1, 40, 50] } })).toEqual({
      nav: [2, 3],
      sig: [4, 5],
    });
    expect(await shapeOf({ a: [1, 2, 4, 5], b: [90, 8, 9] })).toEqual({ nav: [90], sig: [8, 9] });
    expect(await shapeOf({ a: [40, 4, 5], gain: [2, 4, 5] })).toEqual({ nav: [40], sig: [4, 5] });
  });

  test('asks the user to choose among several, with shapes and types', { tags: 'all' }, async () => {
    const tree = { a: [2, 3, 4, 5], x: { b: [2, 2, 4, 5] }, small: [9, 4, 5] } as const;
    await refused(() => openHdf5(tree), 'Argument', 'several.h5 has 2 arrays that may hold the frames; name one');
    await refused(() => openHdf5(tree), 'Argument', '/a (2 × 3 × 4 × 5 u8), /x/b (2 × 2 × 4 × 5 u8)');
    expect(await shapeOf(tree, { dataset: '/x/b' })).toEqual({ nav: [2, 2], sig: [4, 5] });
    const file = join(folder, 'several.h5');
    await writeFile(file, await hdf5(tree));
    const report = await inspect(file);
    expect(report.arrays.map(({ name, shape }) => [name, shape])).toEqual([
      ['/a', [2, 3, 4, 5]],
      ['/small', [9, 4, 5]],
      ['/x/b', [2, 2, 4, 5]],
    ]);
    expect(report.notes[0]).toMatchObject({ kind: 'warning', option: 'dataset' });
    const { code, err } = await ewald(['run', 'sum', file, '-o', join(folder, 'sum.npy')]);
    expect(code).toBe(2);
    expect(err).toContain('name one with --dataset: /a (2 × 3 × 4 × 5 u8)');
  });

  test('of images asks as well: results of a run, detectors of Velox, images of DM5', async () => {
    const results = { results: { x: [6, 5], y: [6, 5], log: [40] } };
    await refused(() => openHdf5(results), 'Argument', '2 arrays that may', '/results/x (6 × 5 u16), /results/y');
    expect(await shapeOf({ data: [60, 50], mask: [6, 5] })).toEqual({ nav: [], sig: [60, 50] });
    const velox = { Data: { Image: { p: { Data: [6, 5, 3] }, q: { Data: [6, 5, 2] } } } };
    await refused(() => openHdf5(velox), 'Argument', '/Data/Image/p/Data (6 × 5 × 3 u8), /Data/Image/q/Data');
    const wanted = { nav: [2], sig: [6, 5] };
    expect(await shapeOf(velox, { dataset: '/Data/Image/q/Data' })).toEqual(wanted);
    expect(await shapeOf({ Data: { Image: { q: velox.Data.Image.q } } })).toEqual(wanted);
    const image = (...shape: number[]) => ({ ImageData: { Data: shape } });
    const dm5 = { ImageList: { '[0]': image(9, 9), '[1]': image(6, 5), '[2]': image(6, 4) } };
    await refused(() => openHdf5(dm5), 'Argument', '2 arrays', '/ImageList/[1]/ImageData/Data (6 × 5 u16)');
    const { '[2]': _, ...two } = dm5.ImageList;
    expect(await shapeOf({ ImageList: two })).toEqual({ nav: [], sig: [6, 5] });
  });

  test('of lines alone asks as well', async () => {
    await refused(() => openHdf5({ a: [9], b: [8] }), 'Argument', '/a (9 u16), /b (8 u16)');
  });

  test('of hyperspy has the scan that its axes state, in the experiment that is named', async () => {
    const far = { Experiments: { a: { data: [2, 3], ...axes(0, 0) }, z: { data: [9, 3, 4], ...axes(1, 0, 0) } } };
    expect(await shapeOf(far)).toEqual({ nav: [9], sig: [3, 4] });
    const experiments = {
      Experiments: { p: { data: [2, 3, 4], ...axes(1, 0, 0) }, q: { data: [2, 3, 5], ...axes(1, 1, 0) } },
    };
    await refused(() => openHdf5(experiments), 'Argument', '/Experiments/q/data (2 × 3 × 5 u8)');
    expect(await shapeOf(experiments, { dataset: '/Experiments/p/data' })).toEqual({ nav: [2], sig: [3, 4] });
    expect(await shapeOf(experiments, { dataset: '/Experiments/q/data' })).toEqual({ nav: [2, 3], sig: [5] });
  });

  test('of NeXus has its default data', async () => {
    const data = (n: number) => group({ data: [n, 2, 3] }, { NX_class: 'NXdata', signal: 'data' });
    const entry = (attributes: Record<string, string>) =>
      ({ entry: group({ one: data(4), two: data(5) }, { NX_class: 'NXentry', ...attributes }) }) as Tree;
    const image = group({ data: [30, 40] }, { NX_class: 'NXdata', signal: 'data' });
    const deepest = { entry: group({ image, scan: data(5) }, { NX_class: 'NXentry' }) } as Tree;
    expect(await shapeOf(deepest)).toEqual({ nav: [], sig: [30, 40] });
    const similar = {
      entry: group(
        { image: group({ data: [6, 6] }, { NX_class: 'NXdata', signal: 'data' }), scan: data(5) },
        { NX_class: 'NXentry' },
      ),
    } as Tree;
    expect(await shapeOf(similar)).toEqual({ nav: [5], sig: [2, 3] });
    await refused(() => openHdf5(entry({})), 'Argument', '/entry/two/data (5 × 2 × 3 u8), /entry/one/data');
  });
});

test('a tree that is too large to be searched is said to be', async () => {
  const many = Object.fromEntries(Array.from({ length: 4100 }, (_, i) => [`x${i}`, {}]));
  const dataset = await openHdf5({ data: [2, 3, 4], ...many });
  expect(dataset.notes).toContainEqual({
    kind: 'warning',
    text: expect.stringMatching(/^the file has more than the 4\d{3} objects that were looked through/),
    option: 'dataset',
  });
  await dataset.dispose();
});

test('data files of single images are as many frames', async () => {
  const images = { data_000001: [4, 6], data_000002: [4, 6], data_000003: [4, 6] };
  const dataset = await openHdf5({ entry: { data: images } });
  expect(dataset.shape).toEqual({ nav: [3], sig: [4, 6] });
  expect(await dataset.read(0, 3)).toHaveLength(3 * 24);
  await dataset.dispose();
});

describe('npz', () => {
  const member = (...shape: number[]): Uint8Array =>
    Buffer.concat([npyHeadOf('|u1', shape), new Uint8Array(shape.reduce((a, b) => a * b, 1))]);
  const opened = (members: Record<string, Uint8Array>, options = {}) =>
    open(memorySource(zipOf(members, 0), 'several.npz'), options);

  test('asks the user to choose, unless one array holds the frames by its name, axes or size', async () => {
    const two = { 'first.npy': member(3, 4, 5), 'second.npy': member(2, 4, 5) };
    const list = ['several.npz has 2 arrays that may hold the frames', 'first (3 × 4 × 5 u8), second (2 × 4 × 5 u8)'];
    await refused(() => opened(two), 'Argument', ...list);
    expect((await opened(two, { dataset: 'second' })).frames).toBe(2);
    expect((await opened(two, { dataset: 0 })).frames).toBe(3);
    expect((await opened({ ...two, 'data.npy': member(1, 4, 5) })).frames).toBe(1);
    expect((await opened({ ...two, 'scan.npy': member(2, 2, 4, 5) })).frames).toBe(4);
    expect((await opened({ ...two, 'scan.npy': member(40, 4, 5) })).frames).toBe(40);
    expect(
      (await opened({ 'frames.npy': member(3, 4, 5), 'gain.npy': member(4, 5), 'scale.npy': member() })).frames,
    ).toBe(3);
  });

  test('names an array that is damaged where it opens another one', async () => {
    // The local header of the second member: the first one tells the format.
    const whole = zipOf({ 'a.npy': member(2, 2), 'scan.npy': member(90, 4, 5), 'view.npy': member(4, 50) }, 0);
    const at = whole.findIndex((_, i) => i > 0 && String.fromCharCode(...whole.subarray(i, i + 4)) === 'PK\x03\x04');
    whole[at] = 0;
    const dataset = await open(memorySource(whole, 'several.npz'));
    expect(dataset.shape).toEqual({ nav: [], sig: [4, 50] });
    expect(dataset.notes).toContainEqual({
      kind: 'warning',
      text: expect.stringMatching(/^scan is damaged and was not considered: .*has no local header/),
      option: 'dataset',
    });
    await dataset.dispose();
  });

  test('is described by its first array, with a warning', async () => {
    const file = join(folder, 'several.npz');
    await writeFile(file, zipOf({ 'x.npy': member(4, 5), 'y.npy': member(4, 5) }, 8));
    const { notes, shape } = await inspect(file);
    expect(shape).toEqual({ nav: [], sig: [4, 5] });
    expect(notes[0]).toMatchObject({
      kind: 'warning',
      option: 'dataset',
      text: expect.stringContaining('x (4 × 5 u8)'),
    });
    const { code, err } = await ewaldTogether(['convert', file, '-o', join(folder, 'one.h5')]);
    expect([code, err]).toEqual([2, expect.stringContaining('name one with --dataset: x (4 × 5 u8), y (4 × 5 u8)')]);
  });
});

test.skipIf(!dataFolder)('an .emi names a damaged series where it opens another one', async () => {
  const bytes = (name: string): Buffer => readFileSync(join(dataFolder ?? '', 'formats-em', name));
  const name = 'tia_16x16_STEM_BF_DF_acquire';
  const series = (number: number): [string, Buffer] => [`${name}_${number}.ser`, bytes(`${name}_${number}.ser`)];
  const cut: [string, Buffer] = [series(1)[0], series(1)[1].subarray(0, 400)];
  const siblings = Object.fromEntries([cut, series(2)]);
  const dataset = await open(memorySource(bytes(`${name}.emi`), `${name}.emi`, siblings));
  expect(dataset.notes).toContainEqual({
    kind: 'warning',
    text: expect.stringMatching(/^series 0 is damaged and was not considered: .*_1\.ser/),
    option: 'dataset',
  });
  await dataset.dispose();
});

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const array = (shape: readonly number[], more: object = {}) => ({
  ...{ zarr_format: 2, shape, chunks: shape, dtype: '|u1', compressor: null, fill_value: 0, order: 'C', filters: null },
  ...more,
});

describe('Zarr', () => {
  const store = {
    'Experiments/p/data/.zarray': json(array([2, 3, 4])),
    'Experiments/p/axis-0/.zattrs': json({ navigate: true, name: 'x', scale: 0.5, offset: 1, units: 'nm' }),
    'Experiments/p/axis-1/.zattrs': json({ navigate: false, name: 'ky' }),
    'Experiments/p/axis-2/.zattrs': json({ navigate: false, name: 'kx' }),
    'Experiments/q/data/.zarray': json(array([2, 3, 5])),
    ...Object.fromEntries([1, 1, 0].map((n, i) => [`Experiments/q/axis-${i}/.zattrs`, json({ navigate: n === 1 })])),
  };
  const opened = (files: Record<string, Uint8Array>, options = {}) =>
    open(memorySource(json({ zarr_format: 2 }), '.zgroup', files), options);

  test('whose group lists nothing is walked through, and the user chooses', async () => {
    await refused(() => opened(store), 'Argument', 'name one with dataset: Experiments/q/data (2 × 3 × 5 |u1)');
    const p = await opened(store, { dataset: 'Experiments/p/data' });
    expect(p.shape).toEqual({ nav: [2], sig: [3, 4] });
    expect(p.meta.axes?.[0]).toEqual({ name: 'x', size: 2, scale: 0.5, offset: 1, unit: 'nm' });
    const q = await opened(store, { dataset: 'q/data' });
    expect(q.shape).toEqual({ nav: [2, 3], sig: [5] });
    const only = Object.fromEntries(Object.entries(store).filter(([name]) => !name.includes('/q/data')));
    expect((await opened(only)).shape).toEqual({ nav: [2], sig: [3, 4] });
  });

  test('with consolidated metadata of either version has the same axes', async () => {
    const texts = Object.fromEntries(
      Object.entries(store).flatMap(([name, bytes]) =>
        name.includes('/q/') ? [] : [[name, JSON.parse(new TextDecoder().decode(bytes))]],
      ),
    );
    const second = await open(memorySource(json({ zarr_consolidated_format: 1, metadata: texts }), '.zmetadata'));
    expect([second.shape.nav, second.meta.axes?.[0]?.unit]).toEqual([[2], 'nm']);
    const three = (attributes: object) => ({ zarr_format: 3, node_type: 'group', attributes });
    const metadata = {
      'Experiments/p/data': {
        ...{ zarr_format: 3, node_type: 'array', shape: [2, 3, 4], data_type: 'uint8', fill_value: 3 },
        chunk_grid: { name: 'regular', configuration: { chunk_shape: [2, 3, 4] } },
        chunk_key_encoding: { name: 'default' },
        codecs: [{ name: 'bytes' }],
      },
      ...Object.fromEntries([1, 1, 0].map((n, i) => [`Experiments/p/axis-${i}`, three({ navigate: n === 1 })])),
    };
    const root = { zarr_format: 3, node_type: 'group', consolidated_metadata: { kind: 'inline', metadata } };
    const third = await open(memorySource(json(root), 'zarr.json'));
    expect(third.shape).toEqual({ nav: [2, 3], sig: [4] });
    expect([...(await third.read(0, 6))]).toEqual(new Array(24).fill(3));
  });

  test('has its numbers in any order of axes, and fill values by their bits', async () => {
    const shape = [2, 3, 4];
    const numbers = Uint16Array.from({ length: 24 }, (_, i) => 1000 + i);
    // The stored chunk has the axes in this order, slowest first.
    const stored = (order: readonly number[]): Uint8Array => {
      const out: number[] = [];
      const [a = 0, b = 0, c = 0] = order;
      const place = [0, 0, 0];
      for (place[a] = 0; (place[a] as number) < (shape[a] as number); place[a]++)
        for (place[b] = 0; (place[b] as number) < (shape[b] as number); place[b]++)
          for (place[c] = 0; (place[c] as number) < (shape[c] as number); place[c]++)
            out.push(numbers[((place[0] as number) * 3 + (place[1] as number)) * 4 + (place[2] as number)] as number);
      return new Uint8Array(Uint16Array.from(out).buffer);
    };
    const f = array(shape, { dtype: '<u2', order: 'F' });
    const fortran = await open(memorySource(json(f), '.zarray', { '0.0.0': stored([2, 1, 0]) }));
    expect(await fortran.read(0, 2)).toEqual(numbers);
    const v3 = (codecs: readonly object[], more: object = {}) => ({
      ...{ zarr_format: 3, node_type: 'array', shape, data_type: 'uint16', fill_value: 0, codecs },
      chunk_grid: { name: 'regular', configuration: { chunk_shape: shape } },
      chunk_key_encoding: { name: 'default' },
      ...more,
    });
    const little = { name: 'bytes', configuration: { endian: 'little' } };
    const turn = (order: unknown) => ({ name: 'transpose', configuration: { order } });
    for (const [codecs, order] of [
      [
        [turn([1, 2, 0]), little],
        [1, 2, 0],
      ],
      [
        [turn([2, 0, 1]), little],
        [2, 0, 1],
      ],
      // Transposed twice: the second order counts the axes of the first one.
      [
        [turn([1, 2, 0]), turn([1, 2, 0]), little],
        [2, 0, 1],
      ],
      [
        [turn('F'), little],
        [2, 1, 0],
      ],
    ] as const) {
      const dataset = await open(memorySource(json(v3(codecs)), 'zarr.json', { 'c/0/0/0': stored(order) }));
      expect(await dataset.read(0, 2), JSON.stringify(codecs)).toEqual(numbers);
    }
    await refused(() => open(memorySource(json(v3([turn([0, 0, 1]), little])), 'zarr.json')), 'Format', 'transpose');
    await refused(() => open(memorySource(json(array(shape, { order: 'K' })), '.zarray')), 'Format', 'expected C or F');
    for (const [type, bits, value] of [
      ['float32', '0x7fc00000', Number.NaN],
      ['float64', '0x3ff8000000000000', 1.5],
    ] as const) {
      const empty = await open(memorySource(json(v3([little], { data_type: type, fill_value: bits })), 'zarr.json'));
      expect((await empty.read(0, 1))[0]).toBe(value);
    }
  });
});
