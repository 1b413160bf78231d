/** Readers of text take the bytes of a file as well, in any of their forms. */
import { expect, test } from 'vitest';
import { parseGeometry, readCell, readSpotList } from '../../dist/index.node.js';
import { readTruth } from '../../src/crystal/stream/compare.js';
import { readSplitTable } from '../../src/merging/collection/split.js';
import { readReflectionList } from '../../src/merging/lists/hkl.js';

/** What a reader returns or says. */
function outcome(read: (given: never) => unknown, given: unknown): unknown {
  try {
    return read(given as never);
  } catch (error) {
    return String(error);
  }
}

const geometry = [
  ['photon_energy = 9500', 'clen = 0.1', 'res = 10000', '0/min_fs = 0', '0/max_fs = 9', '0/min_ss = 0', '0/max_ss = 9'],
  ['0/fs = +1x', '0/ss = +1y', '0/corner_x = -5', '0/corner_y = -5'],
]
  .flat()
  .join('\n');

test.each<[string, (given: never) => unknown, string, boolean]>([
  ['readCell', readCell, '78, 79, 38, 90, 90, 90', true],
  ['readSpotList', readSpotList, '# µ\n0.1 0.2 0.3\n', true],
  ['parseGeometry', parseGeometry, geometry, true],
  ['readReflectionList', readReflectionList, 'no list', false],
  ['readTruth', readTruth, 'no truth', false],
  ['readSplitTable', (given) => [readSplitTable(given)({ filename: 'run.h5', event: '' })], 'run.h5 a\n', true],
])('%s', (_, read, text, isRead) => {
  const expected = outcome(read, text);
  expect(typeof expected === 'string').toBe(!isRead);
  const bytes = new TextEncoder().encode(text);
  for (const given of [bytes, bytes.buffer, Buffer.from(bytes)]) expect(outcome(read, given)).toEqual(expected);
  expect(outcome(read, 5)).toMatch(/expected the text of a file, or its bytes/);
});
