/**
 * The HDF5 samples of the shared data: our reader returns, for every dataset, the values stored by independent readers
 * (h5py, rosettasciio and others).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Hdf5Dataset } from '../../src/hdf5/dataset.js';
import { dataFolder, dataRequired } from '../support/data.js';
import { openHdf5, readAll, sha256 } from './hdf5-support.js';

interface Stored {
  readonly path: string;
  readonly shape?: readonly number[];
  readonly sha256?: string;
  readonly filterIds?: readonly number[];
  readonly chunks?: readonly number[];
  readonly dtype?: string;
}
interface Sample {
  readonly file: string;
  readonly companions?: readonly string[];
  readonly hdf5?: readonly Stored[];
  readonly hdf5Data?: readonly Stored[];
  readonly hdf5Companion?: readonly Stored[];
}

if (!dataFolder) test.skipIf(!dataRequired)('absent: the shared data', () => expect(dataFolder).toBeDefined());

const folder = join(dataFolder ?? '', 'formats-em');
const samples: Sample[] = dataFolder ? JSON.parse(readFileSync(join(folder, 'expect.json'), 'utf8')) : [];
const cases = samples.flatMap(({ file, companions = [], hdf5, hdf5Data, hdf5Companion }) => [
  ...(hdf5 ? [[file, hdf5] as const] : []),
  ...(hdf5Data ? [[companions.find((name) => name.includes('_data_')) ?? '', hdf5Data] as const] : []),
  ...(hdf5Companion ? [[companions[0] ?? '', hdf5Companion] as const] : []),
]);

test.each(cases)('%s', async (name, stored) => {
  const file = await openHdf5(join(folder, name));
  for (const wanted of stored) {
    const dataset = await file.get(wanted.path);
    expect(dataset, wanted.path).toBeInstanceOf(Hdf5Dataset);
    if (!(dataset instanceof Hdf5Dataset)) continue;
    // The stored values give no shape for records, and bfloat16 is widened.
    if (!wanted.shape || wanted.path.endsWith('bf16')) continue;
    expect(dataset.shape, wanted.path).toEqual(wanted.shape);
    if (wanted.filterIds) expect(dataset.filters.map(({ id }) => id)).toEqual(wanted.filterIds);
    if (wanted.sha256) expect(sha256(await readAll(dataset)), `${wanted.path} ${dataset.summary}`).toBe(wanted.sha256);
  }
  await file.source.close();
});
