// @module-tag nightly: Chromium.
/** The end of every codec's stream in a browser tab, whose decompression differs from Node's in what it verifies. */
import { expect, test } from 'vitest';
import { memorySource, open } from '../../dist/data.browser.js';
import { checkEnd, endings, type Packed, pixels } from './last-bytes.js';

const read = async ({ name, bytes, files, options }: Packed): Promise<unknown> => {
  const dataset = await open(memorySource(bytes, name, files), options);
  try {
    return await dataset.read(0, 1);
  } finally {
    await dataset.dispose();
  }
};

test.each(await endings())('$name is refused, or gives the same numbers, with a damaged end', async (row) => {
  expect(await read(row.file(row.stream))).toEqual(pixels);
  await checkEnd(row, read);
});
