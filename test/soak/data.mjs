// Runs each file parser on 10^5 damaged files: each gives an error or a result, and the memory is released.

import { elementBytes } from '../../build/esm/bytes/dtype.js';
import { memorySource } from '../../build/esm/bytes/sources/memory.js';
import { openSource } from '../../build/esm/frames/open.js';
import { isEwaldError } from '../../build/esm/util/errors.js';
import { openCodecs } from '../../dist/data.node.js';
import { seeds, storm } from '../frames/mutations.mjs';

export const name = 'data';
export const about = '10^5 damaged files a parser, each refused with a tagged error or opened; the memory comes back';
export const minutes = 60;

export async function run({ scale, note }) {
  const all = seeds();
  if (all.length === 0) throw new Error('the samples are absent: set EWALD_TEST_DATA');
  const codecs = await openCodecs({ backend: 'wasm' });
  // Zarr asks for codecs when it is opened; one set serves all of its files.
  const opened = (source, options = {}) =>
    openSource(source, options.format === 'zarr' ? { ...options, codecs } : options);
  const data = { openSource: opened, memorySource, elementBytes, isEwaldError };
  const first = 1 + (Date.now() % 2 ** 30);
  for (const seed of all) {
    const share = Math.ceil(
      (1e5 * scale) / (seed.cost ?? 1) / all.filter(({ format }) => format === seed.format).length,
    );
    const { opened, refused } = await storm(data, seed, share, first);
    globalThis.gc?.();
    const megabytes = Math.round(process.memoryUsage().rss / 2 ** 20);
    note(`${seed.format} ${seed.file}: ${opened} opened, ${refused} refused, ${megabytes} MiB`);
    if (megabytes > 1024) throw new Error(`${megabytes} MiB are held after ${seed.file} (first mutation ${first})`);
  }
}
