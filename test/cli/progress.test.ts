/** The line of progress fits into the terminal, however narrow it is. */
import { describe, expect, test } from 'vitest';
import { progressLine } from '../../src/base/amounts.js';

const detail = '1 of 150 frames, 18.5/s, hits 100 %, indexed 100 %, 0:28 left';

describe('a line of progress', () => {
  test('is whole, with a long bar, on a wide terminal', () => {
    expect(progressLine('index', 0.25, detail, 119)).toBe(`index ██████░░░░░░░░░░░░░░░░░░ 25 % ${detail}`);
  });

  test.each([200, 119, 99, 93, 79, 72, 60, 39, 20, 5])('fits into %d columns', (columns) => {
    for (const done of [0, 0.01, 0.5, 1]) {
      const line = progressLine('index', done, detail, columns);
      expect([...line].length).toBeLessThanOrEqual(columns);
      expect('index'.startsWith(line.slice(0, 4))).toBe(true);
    }
  });

  test('gives up the bar before the text', () => {
    expect(progressLine('index', 0.5, detail, 79)).toBe(`index 50 % ${detail}`);
    expect(progressLine('index', 0.5, detail, 85)).toBe(`index ██████░░░░░░ 50 % ${detail}`);
    expect(progressLine('index', 0.5, detail, 40)).toBe('index 50 % 1 of 150 frames, 18.5/s, hit…');
  });
});
