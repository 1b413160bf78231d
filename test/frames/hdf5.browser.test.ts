// @module-tag nightly: Chromium.
/**
 * HDF5 in a browser tab: File objects, no server of ours, the shipped build with wasm codecs and the platform's gzip.
 */
import { expect, test } from 'vitest';
import { blobSource, open } from '../../dist/data.browser.js';
import { open as openHdf5 } from '../../dist/hdf5.browser.js';
import { isHdf5, type Sample, summary } from './samples.js';

const data = import.meta.env.EWALD_TEST_DATA as string;

async function file(folder: string, name: string): Promise<File> {
  const response = await fetch(`${data}/${folder}/${encodeURIComponent(name)}`);
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return new File([await response.arrayBuffer()], name);
}

type Hdf5Sample = Sample & {
  readonly hdf5?: readonly { path: string; shape?: readonly number[]; sha256?: string }[];
};

test.skipIf(!data)('every array of the HDF5 samples has the values of other readers', async () => {
  const samples: readonly Hdf5Sample[] = await (await file('formats-em', 'expect.json')).text().then(JSON.parse);
  const wrong: string[] = [];
  let compared = 0;
  for (const sample of samples.filter(isHdf5)) {
    if (sample.file.startsWith('bitshuffle_regression')) continue; // byte strings, no frames
    const siblings = await Promise.all((sample.companions ?? []).map((name) => file('formats-em', name)));
    const source = blobSource(await file('formats-em', sample.file), { siblings });
    // Of several arrays, any may be opened first.
    const dataset = await open(source, { dataset: 0 });
    await dataset.read(0, 1);
    const velox = dataset.meta.header?.dialect === 'Velox EMD';
    const names = dataset.arrays.map(({ name }: { name: string }) => name);
    await dataset.dispose();
    for (const stored of sample.hdf5 ?? []) {
      if (!stored.sha256 || !names.includes(stored.path) || stored.path.endsWith('bf16')) continue;
      if (velox && stored.path.endsWith('/Data')) continue; // frames along the last axis are transposed
      const one = await open(source, { dataset: stored.path });
      const found = await summary(one as never);
      if (found.sha256 !== stored.sha256) wrong.push(`${sample.file} ${stored.path}`);
      compared++;
      await one.dispose();
    }
  }
  expect(wrong).toEqual([]);
  expect(compared).toBeGreaterThan(80);
});

test.skipIf(!data)('gzip and bitshuffle of one frame agree', async () => {
  const sums: number[] = [];
  for (const name of ['u16', 'u32', 'gzip', 'plain']) {
    const dataset = await open(await file('formats', 'bslz4.h5'), { dataset: `/${name}` });
    const frames = await dataset.read(0, dataset.frames);
    sums.push(frames.reduce((sum: number, value: number | bigint) => sum + Number(value), 0));
    await dataset.dispose();
  }
  expect(sums).toEqual([3022376, 3022376, 3022376, 3022376]);
});

test.skipIf(!data)('a master without its data file names that file', async () => {
  await expect(open(await file('formats-em', 'test_00_master.h5'))).rejects.toThrow(/test_00_data_000001\.h5/);
});

test('`ewald/hdf5` reads a part of a File, packed by scale-offset', async () => {
  const h5wasm = await import('h5wasm');
  const { FS } = (await h5wasm.ready) as unknown as { FS: { readFile(path: string): Uint8Array } };
  const made = new h5wasm.File('made.h5', 'w');
  const numbers = Int32Array.from({ length: 60 }, (_, i) => i * i);
  const shape = [4, 3, 5];
  made.create_dataset({
    name: 'data',
    data: numbers,
    shape,
    chunks: [1, 3, 5],
    compression: 6,
    compression_opts: [2, 0],
  });
  made.close();
  const scaled = new File([FS.readFile('made.h5') as Uint8Array<ArrayBuffer>], 'scaled.h5');
  const file = await openHdf5(scaled);
  const data = await file.get('/data');
  if (data?.kind !== 'dataset') throw new Error('it is no dataset');
  expect(data.filters).toMatchObject([{ id: 6 }]);
  expect(await data.read([[1, 3], 2, [0, 5, 2]])).toEqual(Int32Array.of(625, 729, 841, 1600, 1764, 1936));
  await file.dispose();
});
