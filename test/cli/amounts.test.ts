/** Counts and rates as messages state them, in commands of few frames and bytes. */
import { expect, test } from 'vitest';
import {
  counted,
  formatFirstFrames,
  framesText,
  framesWithPeaks,
  rateText,
  roughly,
  sixDigits,
} from '../../src/util/amounts.js';

test('a long time is stated in the unit that has a few of it', () => {
  expect([61, 130, 7300, 180_000, 1.4e7, 1e10].map(roughly)).toEqual([
    '61 s',
    '2 minutes',
    '2 hours',
    '2 days',
    '160 days',
    '320 years',
  ]);
});

test('one is not several', () => {
  expect([0, 1, 2].map((count) => counted(count, 'file'))).toEqual(['0 files', '1 file', '2 files']);
  expect([1, 25].map(formatFirstFrames)).toEqual(['the first frame', 'the first 25 frames']);
  expect([1, 3].map((count) => framesText(99, count))).toEqual(['frame 99', 'frames 99 … 101']);
  expect(framesWithPeaks(25, 0)).toBe('the first 25 frames, of which 0 have enough peaks');
  expect(framesWithPeaks(25, 1)).toBe('the first 25 frames, of which 1 has enough peaks');
  expect([0, 1].map((usable) => framesWithPeaks(1, usable))).toEqual([
    'the first frame, which has too few peaks',
    'the first frame, which has enough peaks',
  ]);
});

test('a computed number has no digits of rounding', () => {
  expect([0.1 + 0.2, 1e3 * (0.2 - 0.141), 1 / 3].map(sixDigits)).toEqual(['0.3', '59', '0.333333']);
});

test('a rate is in the unit in which it is one or more', () => {
  expect(rateText(2.314e9, 1)).toBe('2.31 GB/s');
  expect(rateText(41e6, 1)).toBe('41.0 MB/s');
  expect(rateText(960, 0.01)).toBe('96.0 kB/s');
  expect(rateText(0, 0)).toBe('0.0 kB/s');
});
