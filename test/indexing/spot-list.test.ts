import { describe, expect, it } from 'vitest';
import { cellFromParameters } from '../../src/crystal/cell.js';
import { formatSpotList, parseSpotList } from '../../src/data/spot-list.js';
import { isEwaldError } from '../../src/errors.js';

const good = '# made by hand\n40 0 0 0 50 0 0 0 60\n0.1 0.2 -0.3\n\n# another comment\n 1e-2\t0,0.25\n';

describe('spot lists', () => {
  it('are read with comments, blank lines, tabs and commas', () => {
    const { cell, spots } = parseSpotList(good, 'a.txt');
    expect(cell).toEqual([
      [40, 0, 0],
      [0, 50, 0],
      [0, 0, 60],
    ]);
    expect([...spots]).toEqual([...Float32Array.of(0.1, 0.2, -0.3, 0.01, 0, 0.25)]);
  });

  it('come back from their own text to float32', () => {
    const cell = cellFromParameters(50, 62, 73, 82, 77, 71);
    const spots = Float32Array.from({ length: 300 }, (_, i) => Math.fround(Math.sin(i * 12.9898) * 0.4));
    expect([...parseSpotList(formatSpotList(cell, spots, ['x']), 'b.txt').spots]).toEqual([...spots]);
  });

  it.each([
    ['a word', '40 0 0 0 50 0 0 0 60\n0.1 zwei 0.3\n', 'c.txt:2: "zwei" is not a finite number'],
    ['NaN', '40 0 0 0 50 0 0 0 60\n0.1 0.2 NaN\n', 'c.txt:2: "NaN"'],
    ['infinity', '40 0 0 0 50 0 0 0 60\n0.1 0.2 Infinity\n', 'c.txt:2: "Infinity"'],
    ['an empty file', '', 'c.txt: the file is empty'],
    ['comments alone', '# nothing\n', 'c.txt: the file is empty'],
    ['a short cell line', '1 2 3\n', 'c.txt:1: the first line holds 3 numbers'],
    ['a flat cell', '# c\n40 0 0 80 0 0 0 0 60\n', 'c.txt:2: the known cell has zero volume'],
    ['a zero cell', '0 0 0 0 0 0 0 0 0\n', 'c.txt:1: the known cell has zero volume'],
    ['a spot of two numbers', '40 0 0 0 50 0 0 0 60\n0.1 0.2\n', 'c.txt:2: a spot holds 2 numbers'],
  ])('refuse %s, with file and line', (_, text, message) => {
    try {
      parseSpotList(text, 'c.txt');
      expect.unreachable();
    } catch (error) {
      expect(isEwaldError(error, 'Format')).toBe(true);
      expect((error as Error).message).toContain(message);
    }
  });
});
