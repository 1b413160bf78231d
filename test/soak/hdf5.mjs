// Runs the HDF5 reader on 10^5 damaged files: each gives an error or a result, and the memory is released.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openCodecs } from '../../build/esm/bytes/codecs/node.js';
import { elementBytes } from '../../build/esm/bytes/dtype.js';
import { memorySource } from '../../build/esm/bytes/sources/memory.js';
import { openSource } from '../../build/esm/frames/open.js';
import { isEwaldError } from '../../build/esm/util/errors.js';
import { storm } from '../frames/mutations.mjs';

export const name = 'hdf5';
export const about = '10^5 damaged HDF5 files, each refused with a tagged error or opened; the memory is released';
export const minutes = 20;

const files = [
  ['nion_ref_F_2_1.dm5'],
  ['hspy_example2_v2.2.hspy'],
  ['py4DSTEM_size2x3x4x5.h5'],
  ['hdf5_testSWMR.h5'],
  ['velox_fei_example_complex_fft.emd'],
  ['test_00_master.h5', 'test_00_data_000001.h5', 'test_00.h5'],
];

export async function run({ scale, note }) {
  const folder = join(resolve(process.env.EWALD_TEST_DATA ?? '../shared/data'), 'formats-em');
  const codecs = await openCodecs({
    addonPath: resolve(`dist/native/${process.platform}-${process.arch}/ewald_native.node`),
  });
  const open = (source, options) => openSource(source, { ...options, codecs });
  const data = { openSource: open, memorySource, elementBytes, isEwaldError };
  const first = 1 + (Date.now() % 2 ** 30);
  const bytesOf = (name) => new Uint8Array(readFileSync(join(folder, name)));
  for (const [file, ...beside] of files) {
    const siblings = Object.fromEntries(beside.map((name) => [name, bytesOf(name)]));
    const seed = { format: 'hdf5', file, bytes: bytesOf(file), siblings };
    const { opened, refused } = await storm(data, seed, Math.ceil((1e5 * scale) / files.length), first);
    globalThis.gc?.();
    const megabytes = Math.round(process.memoryUsage().rss / 2 ** 20);
    note(`${file}: ${opened} opened, ${refused} refused, ${megabytes} MiB`);
    if (megabytes > 1024) throw new Error(`${megabytes} MiB are held after ${file} (first mutation ${first})`);
  }
}
