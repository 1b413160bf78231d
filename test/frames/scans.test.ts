/** Several scans in one file, their shapes as reported by other readers, and datasets selected by name. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memorySource, open } from '../../dist/data.node.js';
import type { OpenOptions } from '../../src/entries/data.node.js';
import { npyHeadOf } from '../../src/frames/npy.js';
import { writers } from '../../src/frames/write.js';
import { Hdf5Writer, type WriteNode } from '../../src/hdf5/writer.js';
import { ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';
import { codecsHere } from './hdf5-support.js';
import { expected, type Sample, summary } from './samples.js';
import { zipOf } from './zip-of.js';

const em = (name: string): string => join(dataFolder ?? '', 'formats-em', name);

async function summaryOf(input: Parameters<typeof open>[0], options: OpenOptions = {}) {
  const dataset = await open(input, { ...options, codecs: await codecsHere() });
  try {
    return { ...(await summary(dataset)), navigation: dataset.shape.nav, axes: dataset.meta.axes };
  } finally {
    await dataset.dispose();
  }
}

describe.skipIf(!dataFolder)('samples', () => {
  const samples: readonly Sample[] = dataFolder ? JSON.parse(readFileSync(em('expect.json'), 'utf8')) : [];
  const wanted = (file: string) => {
    const array = samples.find((sample) => sample.file === file)?.datasets[0];
    if (!array) throw new Error(`${file} is not in expect.json`);
    return expected(array);
  };

  it('stacks the datacubes of a Prismatic file, as the other reader does', async () => {
    const name = 'emd_Si100_4D.emd';
    const whole = await summaryOf(em(name));
    expect(whole).toMatchObject({ ...wanted(name), navigation: [2, 11, 11] });
    expect(whole.axes?.map(({ name: axis }) => axis)).toEqual(['depth', 'R_x', 'R_y', 'Q_x', 'Q_y']);
    const stack = await open(em(name));
    const cubes = stack.arrays
      .filter(({ shape }) => shape.length === 4)
      .map(({ name: path }) => path.split('/').at(-2));
    expect(cubes).toEqual(['CBED_array_depth0000', 'CBED_array_depth0001']);
    await stack.dispose();
    // One of them by a part of its path, and the stack by its full name.
    const one = await summaryOf(em(name), { dataset: 'CBED_array_depth0001' });
    expect(one.shape).toEqual([11, 11, 8, 8]);
    const dataset = await open(em(name));
    const last = await dataset.read(241, 1);
    await dataset.dispose();
    const second = await open(em(name), { dataset: 'CBED_array_depth0001' });
    expect(await second.read(120, 1)).toEqual(last);
    await second.dispose();
    expect((await summaryOf(em(name), { dataset: '/4DSTEM_simulation/data/datacubes' })).sha256).toBe(whole.sha256);
  });

  it('takes the scan shape of an Arina master from the file beside it', async () => {
    const { shape } = wanted('test_00_master.h5');
    expect((await summaryOf(em('test_00_master.h5'))).shape).toEqual(shape);
    expect((await summaryOf(em('test_00_master.h5'), { navShape: [2, 8] })).navigation).toEqual([2, 8]);
    // Without that file the frames are a plain series.
    const bytes = (name: string) => readFileSync(em(name));
    const alone = memorySource(bytes('test_00_master.h5'), 'test_00_master.h5', {
      'test_00_data_000001.h5': bytes('test_00_data_000001.h5'),
    });
    expect((await summaryOf(alone)).navigation).toEqual([16]);
  });

  it('gives the axes of EMD as they are stored in the file, or reversed on request', async () => {
    const name = 'emd_type1_stringDims.h5';
    const turned = await summaryOf(em(name), { order: 'navigation' });
    expect(turned).toMatchObject({ ...wanted(name), navigation: [6, 5] });
    expect(turned.axes?.map(({ name: axis }) => axis)).toEqual(['dim4', 'dim3', 'dim2', 'dim1']);
    expect((await summaryOf(em(name))).shape).toEqual([3, 4, 5, 6]);
  });
});

it('reads an MRC stack of volumes as a scan of two axes', async () => {
  const { header } = (writers.mrc as NonNullable<typeof writers.mrc>)({
    shape: { nav: [6], sig: [4, 5] },
    dtype: 'u16',
    frames: 6,
    meta: {},
  });
  const pixels = Uint16Array.from({ length: 120 }, (_, i) => i);
  const file = (spaceGroup: number, sections: number) => {
    const bytes = Buffer.concat([header, new Uint8Array(pixels.buffer)]);
    bytes.writeInt32LE(spaceGroup, 88);
    bytes.writeInt32LE(sections, 36);
    return new Uint8Array(bytes);
  };
  expect((await summaryOf(file(401, 3))).shape).toEqual([2, 3, 4, 5]);
  expect((await summaryOf(file(0, 3))).shape).toEqual([6, 4, 5]);
  expect((await summaryOf(file(401, 3), { navShape: [6] })).shape).toEqual([6, 4, 5]);
  const odd = await open(file(401, 4));
  expect(odd.shape.nav).toEqual([6]);
  expect(odd.notes.map(({ text }) => text).join()).toMatch(/of 4 sections each, but there are 6 sections/);
  await odd.dispose();
});

it.each([0, 8] as const)('lists the arrays of an npz (method %i) and opens each by its name', async (method) => {
  const array = (shape: number[], value: number): Uint8Array =>
    Buffer.concat([npyHeadOf('|u1', shape), new Uint8Array(shape.reduce((a, b) => a * b, 1)).fill(value)]);
  const file = zipOf({ 'first.npy': array([3, 4, 5], 1), 'second.npy': array([2, 4, 5], 2) }, method);
  for (const [dataset, value] of [
    ['first', 1],
    ['second', 2],
    ['second.npy', 2],
  ] as const) {
    const opened = await open(memorySource(file, 'a.npz'), { dataset });
    expect((await opened.read(0, 1))[0]).toBe(value);
    expect(opened.arrays.map(({ name, shape, chosen }) => [name, shape, chosen])).toEqual([
      ['first', [3, 4, 5], value === 1],
      ['second', [2, 4, 5], value === 2],
    ]);
    await opened.dispose();
  }
});

describe('two datacubes in one file', () => {
  let folder = '';
  const cube = (value: number): WriteNode => ({
    attributes: { emd_group_type: 1 },
    children: { data: { value: Uint16Array.from({ length: 36 }, (_, i) => value + i), shape: [2, 3, 2, 3] } },
  });
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ewald-cubes-'));
    let bytes = Buffer.alloc(0);
    const sink = {
      append: async (more: Uint8Array) => {
        bytes = Buffer.concat([bytes, more]);
      },
      patch: async (at: number, more: Uint8Array) => void bytes.set(more, at),
    };
    const writer = await Hdf5Writer.create(sink as never, await codecsHere());
    await writer.finish({ root: { children: { before: cube(100), after: cube(200) } } });
    writeFileSync(join(folder, 'two.emd'), bytes);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(['after', '/root/after', 'root/after', '/root/after/data', 'after/data'])(
    'opens dataset %s',
    async (name) => {
      const dataset = await open(join(folder, 'two.emd'), { dataset: name });
      expect(dataset.shape).toEqual({ nav: [2, 3], sig: [2, 3] });
      expect([...(await dataset.read(0, 1))].map(Number)).toEqual([200, 201, 202, 203, 204, 205]);
      expect(dataset.arrays.map((array) => [array.name, array.chosen])).toEqual([
        ['/root/after/data', true],
        ['/root/before/data', false],
      ]);
      await dataset.dispose();
    },
  );

  it('names the datasets that an ambiguous name could mean, and all that exist', async () => {
    const file = join(folder, 'two.emd');
    await expect(open(file, { dataset: 'data' })).rejects.toThrow(
      /matches 2 arrays; choose one: .*before.*after|after.*before/,
    );
    await expect(open(file, { dataset: 'during' })).rejects.toThrow(/not found; arrays: .*\/root\/before\/data/);
  });

  it('lists both in ewald info, and selects one by --dataset', async () => {
    const file = join(folder, 'two.emd');
    const [listed, chosen] = await Promise.all([
      ewald(['info', file, '--json']),
      ewald(['info', file, '--dataset', 'after', '--json']),
    ]);
    const names = (out: string) =>
      JSON.parse(out)[0]
        .arrays.map(({ name }: { name: string }) => name)
        .sort();
    expect(names(listed.out)).toEqual(['/root/after/data', '/root/before/data']);
    expect(JSON.parse(chosen.out)[0].firstFrame.min).toBe(200);
  });
});
