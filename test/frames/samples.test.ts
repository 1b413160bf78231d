/** Every sample that is not HDF5 opens with 'auto' and has the content that other readers found. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memorySource, open } from '../../dist/data.node.js';
import { isEwaldError } from '../../dist/index.node.js';
import type { Codecs } from '../../src/bytes/codecs/codecs.js';
import { dataFolder, dataRequired, listData, readData } from '../support/data.js';
import known from './frames-known.json' with { type: 'json' };
import { codecsHere } from './hdf5-support.js';
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

const samples: readonly Sample[] = dataFolder ? JSON.parse(readData('formats-em', 'expect.json')) : [];
if (dataRequired) test('the samples are here', () => expect(samples.length).toBeGreaterThan(100));

let codecs: Codecs;
beforeAll(async () => {
  codecs = await codecsHere();
});
afterAll(() => codecs.dispose());

const path = (file: string): string => join(dataFolder ?? '', 'formats-em', file);

for (const sample of samples.filter((candidate) => !isHdf5(candidate))) {
  const { file, datasets } = sample;
  test(file, async () => {
    const why = refused[file];
    if (why) {
      // What a codec refuses is known when a frame is read.
      const error = await open(path(file))
        .then((dataset) => dataset.read(0, 1).finally(() => dataset.dispose()))
        .catch((caught: unknown) => caught);
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
        if (array.navigationShape) expect(dataset.shape.nav).toEqual(array.navigationShape);
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
  test(`one frame stored as ${file}`, async () => {
    const raw = file.endsWith('.raw');
    const dataset = await open(
      join(dataFolder ?? '', 'formats', file),
      raw ? { format: 'raw', dtype: 'u16', sigShape: shape } : {},
    );
    const [y = 0, x = 0] = dataset.shape.sig;
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

for (const one of known as readonly Known[])
  test.skipIf(!dataFolder)(`${one.folder}/${one.file} ${one.dataset ?? ''}: the values of ${one.reader}`, async () => {
    const path = join(dataFolder ?? '', one.folder, one.file);
    const dataset = await open(path, { codecs, ...(one.dataset ? { dataset: one.dataset } : {}) });
    expect(await summary(dataset)).toEqual(wanted(one));
    await dataset.dispose();
  });

test.skipIf(!dataFolder)('a CBF of four packed sections is reported as such', async () => {
  const dataset = await open(join(dataFolder ?? '', 'real', 'frames', 'idx-20130301060858401.cbf'));
  expect(dataset.filters).toEqual(['packed']);
  await dataset.dispose();
});

test.skipIf(!dataFolder)('no file of frames is left out', () => {
  const kinds = /\.(h5|cbf|tif|edf|img|npy|raw)$/;
  for (const folder of ['sim', 'real/frames', 'formats'])
    for (const file of listData(folder, '').filter((name) => kinds.test(name) && !name.endsWith('.raw')))
      expect(
        known.some((one) => one.folder === folder && one.file === file),
        `${folder}/${file}`,
      ).toBe(true);
  const folder = listData('formats-em', '');
  const companions = samples.flatMap((sample) => [sample.file, ...(sample.companions ?? [])]);
  const rest = folder.filter((name) => !companions.includes(name) && !/^(expect\.json|README\.md)$/.test(name));
  expect(rest).toEqual([]);
});
