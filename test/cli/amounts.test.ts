/** Counts and rates as messages state them, in commands of few frames and bytes. */
import { expect, test } from 'vitest';
import { counted, firstFrames, rateText } from '../../src/base/amounts.js';

test('one is not several', () => {
  expect([0, 1, 2].map((count) => counted(count, 'file'))).toEqual(['0 files', '1 file', '2 files']);
  expect([1, 25].map(firstFrames)).toEqual(['the first frame', 'the first 25 frames']);
});

test('a rate is in the unit in which it is one or more', () => {
  expect(rateText(2.314e9, 1)).toBe('2.31 GB/s');
  expect(rateText(41e6, 1)).toBe('41.0 MB/s');
  expect(rateText(960, 0.01)).toBe('96.0 kB/s');
  expect(rateText(0, 0)).toBe('0.0 kB/s');
});
