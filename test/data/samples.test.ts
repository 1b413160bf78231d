/** Every sample that is not HDF5 opens with 'auto' and holds what foreign readers found in it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { memorySource, open } from '../../src/data/node.js';
import { isEwaldError } from '../../src/errors.js';
import { dataFolder, dataRequired, readData } from '../support/data.js';
import { deviations, expected, generated, isHdf5, refused, type Sample, summary } from './samples.js';

const samples: readonly Sample[] = dataFolder ? JSON.parse(readData('formats-em', 'expect.json')) : [];
if (dataRequired) test('the samples are here', () => expect(samples.length).toBeGreaterThan(100));

const path = (file: string): string => join(dataFolder ?? '', 'formats-em', file);

for (const sample of samples.filter((candidate) => !isHdf5(candidate))) {
  const { file, datasets } = sample;
  test(file, async () => {
    const why = refused[file];
    if (why) {
      const error = await open(path(file)).catch((caught: unknown) => caught);
      expect(isEwaldError(error, why.tag), String(error)).toBe(true);
      expect(String(error)).toMatch(why.says);
      return;
    }
    expect(datasets.length).toBeGreaterThan(0);
    for (const [i, array] of datasets.entries()) {
      const source = sample.generate
        ? memorySource(readFileSync(path(file)), file, generated(sample.generate))
        : path(file);
      const dataset = await open(source, datasets.length > 1 ? { dataset: i } : {});
      try {
        expect(await summary(dataset)).toEqual(deviations[file] ?? expected(array));
        if (array.navigationShape) expect(dataset.shape.navigation).toEqual(array.navigationShape);
      } finally {
        await dataset.dispose();
      }
    }
  });
}

const plain: Record<string, { sum: number; shape: number[]; probe: Record<string, number> }> = dataFolder
  ? JSON.parse(readData('formats', 'expect.json'))
  : {};

for (const [file, { sum, shape, probe }] of Object.entries(plain).filter(([name]) => !name.endsWith('.h5'))) {
  test(`one frame as ${file}`, async () => {
    const raw = file.endsWith('.raw');
    const dataset = await open(
      join(dataFolder ?? '', 'formats', file),
      raw ? { format: 'raw', dtype: 'u16', sigShape: shape } : {},
    );
    const [y = 0, x = 0] = dataset.shape.signal;
    expect([y, x]).toEqual(shape);
    expect(dataset.frames).toBe(1);
    const frame = await dataset.read(0, 1);
    let total = 0;
    for (const value of frame) total += Number(value);
    expect(total).toBe(sum);
    for (const [place, value] of Object.entries(probe)) {
      const [row, column] = JSON.parse(place) as [number, number];
      expect(frame[row * x + column]).toBe(value);
    }
    await dataset.dispose();
  });
}

test.skipIf(!dataFolder)(
  'a full CBF of a CSPAD: four packed sections of eight panels, as CBFlib 0.9.7 reads them',
  async () => {
    const dataset = await open(join(dataFolder ?? '', 'real', 'frames', 'idx-20130301060858401.cbf'));
    expect(dataset.filters).toEqual(['packed']);
    expect(await summary(dataset)).toEqual({
      shape: [4, 8, 185, 388],
      dtype: 'int32',
      sha256: 'fbe6cdb8c7bf5652dcf0c956678e9f876748f79cc9365d049dc74fdf0751ebf9',
    });
    await dataset.dispose();
  },
);
