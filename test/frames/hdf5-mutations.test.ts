/**
 * Damaged HDF5 files: the outcome is a tagged error or a result, never a hang, a crash or more memory use than the file
 * justifies.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memorySource } from '../../dist/data.node.js';
import { isEwaldError } from '../../dist/index.node.js';
import type { Codecs } from '../../src/bytes/codecs/codecs.js';
import { elementBytes } from '../../src/bytes/dtype.js';
import { openSource } from '../../src/frames/open.js';
import { dataFolder, dataRequired } from '../support/data.js';
import { isQuick } from '../support/variants.js';
import { codecsHere } from './hdf5-support.js';
import { storm, tryBytes } from './mutations.mjs';

// Old and new formats; chunks in trees and arrays; gzip and bitshuffle; heaps, external links.
const files = [
  ['nion_ref_F_2_1.dm5'],
  ['hspy_example2_v2.2.hspy'],
  ['py4DSTEM_size2x3x4x5.h5'],
  ['hdf5_testSWMR.h5'],
  ['velox_fei_example_complex_fft.emd'],
  ['test_00_master.h5', 'test_00_data_000001.h5', 'test_00.h5'],
];
const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(join(dataFolder ?? '', 'formats-em', name)));

let codecs: Codecs;
beforeAll(async () => {
  codecs = await codecsHere();
});
afterAll(() => codecs.dispose());

const data = {
  openSource: (source: never, options: object) => openSource(source, { ...options, codecs }),
  memorySource,
  elementBytes,
  isEwaldError,
};

if (!dataFolder) test.skipIf(!dataRequired)('absent: the shared data', () => expect(dataFolder).toBeDefined());

describe.skipIf(!dataFolder).each(files)('%s', (file = '', ...beside) => {
  const seed = () => ({
    format: 'hdf5',
    file,
    bytes: bytesOf(file),
    siblings: Object.fromEntries(beside.map((name) => [name, bytesOf(name)])),
  });

  test('damaged copies', async () => {
    const tally = await storm(data as never, seed(), isQuick ? 60 : 200);
    expect(tally.opened).toBeGreaterThan(0);
    expect(tally.refused).toBeGreaterThan(0);
  });

  test('cut short', async () => {
    const whole = seed();
    const { length } = whole.bytes;
    for (let i = 0; i < (isQuick ? 40 : 150); i++)
      await tryBytes(data as never, whole, whole.bytes.slice(0, Math.floor((length * i) / 150)));
    expect(await tryBytes(data as never, whole, whole.bytes)).toBe('opened');
  });
});
