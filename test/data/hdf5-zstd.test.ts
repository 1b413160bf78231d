/** Frames compressed by bitshuffle + Zstandard and by Zstandard alone, written by other libraries. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { open } from '../../dist/data.node.js';
import { dataFolder } from '../support/data.js';

const folder = resolve(dataFolder ?? '', 'reports', 'zstd');

test.skipIf(!dataFolder).each(['bszstd', 'bszstd-i4', 'bszstd-u1', 'zstd', 'bslz4'])('%s', async (name) => {
  const expected = JSON.parse(readFileSync(resolve(folder, 'expected.json'), 'utf8'))[name];
  const dataset = await open(resolve(folder, `${name}.h5`));
  const [frames, ...signal] = expected.shape;
  expect(dataset.shape).toEqual({ nav: [frames], sig: signal });
  for (let i = 0; i < frames; i++) {
    const frame = Array.from((await dataset.read(i, 1)) as Uint16Array);
    expect(frame.reduce((sum, one) => sum + one, 0)).toBe(expected.sums[i]);
    expect(frame.reduce((sum, one, k) => sum + one * (k + 1), 0)).toBe(expected.weighted[i]);
  }
  await dataset.dispose();
});
