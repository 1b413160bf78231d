// @module-tag nightly: Chromium.
/** The samples in a browser tab: File objects, no server of ours, the shipped build. */
import { expect, test } from 'vitest';
import { blobSource, type Dataset, fileSource, formatsOf, open } from '../../dist/data.browser.js';
import known from './frames-known.json' with { type: 'json' };
import {
  deviations,
  expected,
  generated,
  isHdf5,
  type Known,
  refused,
  type Sample,
  summary,
  wanted,
} from './samples.js';

const data = import.meta.env.EWALD_TEST_DATA as string;

async function file(folder: string, name: string): Promise<File> {
  const response = await fetch(`${data}/${folder}/${encodeURIComponent(name)}`);
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return new File([await response.arrayBuffer()], name);
}

test.skipIf(!data)('every sample except HDF5 opens with auto and has the values of other readers', async () => {
  const samples: readonly Sample[] = await (await file('formats-em', 'expect.json')).text().then(JSON.parse);
  const wrong: string[] = [];
  let opened = 0;
  for (const sample of samples.filter((candidate) => !isHdf5(candidate))) {
    const made = sample.generate ? Object.entries(generated(sample.generate)) : [];
    const siblings = [
      ...(await Promise.all((sample.companions ?? []).map((name) => file('formats-em', name)))),
      ...made.map(([name, bytes]) => new File([bytes as Uint8Array<ArrayBuffer>], name)),
    ];
    const source = blobSource(await file('formats-em', sample.file), { siblings });
    for (const [i, array] of sample.datasets.entries()) {
      let dataset: Dataset | undefined;
      try {
        dataset = await open(source, sample.datasets.length > 1 ? { dataset: i } : {});
        const found = JSON.stringify(await summary(dataset as never));
        const wanted = JSON.stringify(deviations[sample.file] ?? expected(array));
        if (found !== wanted) wrong.push(`${sample.file}: ${found}, not ${wanted}`);
        opened++;
      } catch (error) {
        if (!refused[sample.file]) wrong.push(`${sample.file}: ${error}`);
      } finally {
        await dataset?.dispose();
      }
    }
  }
  expect(wrong).toEqual([]);
  expect(opened).toBeGreaterThan(130);
});

test.skipIf(!data)('every file of sim, real and formats has the values of independent readers', async () => {
  for (const one of known as readonly Known[]) {
    const dataset = await open(await file(one.folder, one.file), one.dataset ? { dataset: one.dataset } : {});
    expect(await summary(dataset as never), `${one.folder}/${one.file}`).toEqual(wanted(one));
    await dataset.dispose();
  }
});

test.skipIf(!data)('a file is read over HTTP, whether the server supports ranges or not', async () => {
  const dataset = await open(new URL(`${data}/formats/frame.npy`, location.href));
  const frame = await dataset.read(0, 1);
  expect(frame.reduce((sum: number, value: number | bigint) => sum + Number(value), 0)).toBe(1511188);
});

test('a path is refused in a browser, with advice', async () => {
  await expect(fileSource('scan.mib')).rejects.toThrow(/pass a File, a Blob or a URL/);
});

test('bytes above 127 of a signature are not letters of some code page', async () => {
  const npy = new Uint8Array(128);
  npy.set([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, 118, 0]);
  npy.set(new TextEncoder().encode(`{'descr': '|u1', 'fortran_order': False, 'shape': (0,), }`), 10);
  expect(await formatsOf(npy)).toMatchObject([{ format: 'npy' }]);
});
