/** The line of progress fits into the terminal, however narrow it is. */
import { describe, expect, test, vi } from 'vitest';
import { progressText } from '../../src/pipeline/progress-text.js';
import { RunSummary } from '../../src/pipeline/summary.js';
import { columnGroups, progressLine } from '../../src/util/amounts.js';

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

test('the status states the last minute beside the whole run, once there is a minute', () => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  try {
    const summary = new RunSummary(undefined, []);
    const frame = (hit: boolean): void =>
      summary.add({
        ...{ hit, peaks: { count: 0 }, spots: new Float32Array(0), backends: {}, origin: {} },
        ...{ crystals: [], ms: { read: 0, peaks: 0, index: 0, integrate: 0 } },
      } as never);
    // Two frames a second: hits for 100 seconds, none after that.
    for (let ms = 0; ms < 50_000; ms += 500) {
      clock.mockReturnValue(ms);
      frame(true);
    }
    expect(progressText(summary)).toBe('100 frames, 2.0/s, hits 100 %, indexed 0 %');
    for (let ms = 50_000; ms < 200_000; ms += 500) {
      clock.mockReturnValue(ms);
      frame(ms < 100_000);
    }
    expect(progressText(summary)).toBe('400 frames, 2.0/s, hits 50 % (1 min: 0 %), indexed 0 % (0 %)');
    expect(progressText(summary).length + 'index 0 % '.length).toBeLessThan(80);
  } finally {
    clock.mockRestore();
  }
});

test('the columns of a wide table are printed in groups that fit, each with the first column', () => {
  const merge = [12, 6, 7, 4, 4, 5, 8, 6, 6, 8, 5, 6, 6];
  expect(columnGroups(merge, Number.POSITIVE_INFINITY)).toEqual([merge.map((_, i) => i)]);
  for (const columns of [40, 60, 80, 100]) {
    const groups = columnGroups(merge, columns);
    expect(groups.flatMap((group, i) => (i === 0 ? group : group.slice(1)))).toEqual(merge.map((_, i) => i));
    for (const group of groups) {
      expect(group[0]).toBe(0);
      expect(group.reduce((sum, i) => sum + (merge[i] ?? 0) + 2, -2)).toBeLessThanOrEqual(columns);
    }
  }
  // A column that is wider than the terminal is not divided.
  expect(columnGroups([10, 200], 80)).toEqual([[0, 1]]);
});
