// @module-tag all: a thousand damaged files for each parser.
/** A thousand damaged files for each parser; a hundred thousand in the soak (test/soak/data.mjs). */
import { openCodecs } from 'ewald/data';
import { afterAll, expect, test } from 'vitest';
import type { ByteSource } from '../../src/bytes/byte-source.js';
import { elementBytes } from '../../src/bytes/dtype.js';
import { memorySource } from '../../src/bytes/sources/memory.js';
import { formats } from '../../src/frames/formats/table.js';
import { type OpenOptions, openSource } from '../../src/frames/open.js';
import { isEwaldError } from '../../src/util/errors.js';
import { dataRequired } from '../support/data.js';
import { seeds, storm, tryBytes } from './mutations.mjs';

// Zarr asks for codecs when it is opened; one set serves all of its files.
const codecs = await openCodecs({ backend: 'wasm' });
afterAll(() => codecs.dispose());
const data = {
  openSource: (source: ByteSource, options: OpenOptions = {}) =>
    openSource(source, options.format === 'zarr' ? { ...options, codecs: codecs as never } : options),
  ...{ memorySource, elementBytes, isEwaldError },
};
const all = seeds();
const parsers = [...new Set(all.map(({ format }) => format))];
const names = formats.map(({ name }) => name).filter((name) => name !== 'raw' && name !== 'hdf5');

if (all.length > 0 || dataRequired) test('every parser has a seed', () => expect(parsers.sort()).toEqual(names.sort()));

for (const seed of all) {
  const share = Math.ceil(250 / (seed.cost ?? 1) / all.filter(({ format }) => format === seed.format).length);
  test(`${seed.format}: ${share} damaged copies of ${seed.file}`, async () => {
    const tally = await storm(data, seed, share);
    // If every file or no file is refused, the damage does not reach the parser.
    expect(tally.opened).toBeGreaterThan(0);
    expect(tally.refused).toBeGreaterThan(0);
  });

  test(`${seed.format}: ${seed.file} cut at every byte of its header, and after it`, async () => {
    const { length } = seed.bytes;
    const cuts = [
      ...Array.from({ length: Math.min(length, 1100) }, (_, i) => i),
      ...Array.from({ length: 40 }, (_, i) => Math.floor((length * i) / 40)),
      length - 1,
    ];
    for (const cut of cuts) await tryBytes(data, seed, seed.bytes.slice(0, cut));
    expect(await tryBytes(data, seed, seed.bytes)).toBe('opened');
    await expect(openSource(memorySource(new Uint8Array(0), seed.file))).rejects.toMatchObject({ tag: 'Format' });
  });
}
