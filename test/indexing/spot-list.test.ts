import { describe, expect, it } from 'vitest';
import { cellFromParameters, isEwaldError } from '../../dist/index.node.js';
import { formatSpotList, lengthsHint, middleOf, readSpotList, unitHint } from '../../src/frames/spot-list.js';

const good = '# made by hand\n40 0 0 0 50 0 0 0 60\n0.1 0.2 -0.3\n\n# another comment\n 1e-2\t0,0.25 # weak\n';
const five = '0.1 0 0 900 12.5\n0 0.1 0 800 9\r\n';

describe('spot lists', () => {
  it('are read with comments, blank lines, tabs and commas', () => {
    const { cell, spots } = readSpotList(good, { name: 'a.txt' });
    expect(cell).toEqual([
      [40, 0, 0],
      [0, 50, 0],
      [0, 0, 60],
    ]);
    expect([...spots]).toEqual([...Float32Array.of(0.1, 0.2, -0.3, 0.01, 0, 0.25)]);
  });

  it('need no line with a cell, and may have further columns', () => {
    expect(readSpotList('0.1 0.2 0.3\n')).toEqual({ cell: undefined, spots: Float32Array.of(0.1, 0.2, 0.3) });
    expect([...readSpotList(five).spots]).toEqual([...Float32Array.of(0.1, 0, 0, 0, 0.1, 0)]);
    expect([...readSpotList('0.1;0;0;p1\n0;0.1;0;p2\n').spots]).toEqual([...Float32Array.of(0.1, 0, 0, 0, 0.1, 0)]);
    const nine = '0.1 0 0 1 2 3 4 5 6\n0 0.1 0 1 2 3 4 5 6\n';
    expect(readSpotList(nine).cell).toBeUndefined();
    expect(readSpotList(`40 0 0 0 50 0 0 0 60\n${five}`).cell).toBeDefined();
    expect(readSpotList('40 0 0 0 50 0 0 0 60\n').spots).toHaveLength(0);
  });

  it('are converted to 1/angstrom, with a hint for numbers that look like another unit', () => {
    expect(readSpotList('1 2 3\n', { unit: '1/nm' }).spots[2]).toBeCloseTo(0.3, 6);
    expect(readSpotList('1 2 3\n', { unit: '2pi/A' }).spots[2]).toBeCloseTo(3 / (2 * Math.PI), 6);
    expect(() => readSpotList('1 2 3\n', { unit: 'nm' as never })).toThrow('expected one of 1/A, 1/nm, 2pi/A, 2pi/nm');
    expect(unitHint([3, 0, 0, 0, 2, 0])).toContain('--unit 1/nm');
    expect(unitHint([3, 0, 0, 0, 2, 0])).toContain('--unit 2pi/A');
    expect(unitHint([0.3, 0, 0, 0, 0.2, 0])).toBeUndefined();
    expect(unitHint([0.03, 0, 0, 0, 0.02, 0])).toBeUndefined();
    expect(unitHint([0.03, 0, 0, 0, 0.02, 0], '1/nm')).toContain('is --unit 1/nm the one of the numbers?');
    expect(lengthsHint(middleOf([3, 0, 0, 0, 2, 0]))).toContain('units of the geometry');
    expect(lengthsHint(middleOf([0.3, 0, 0, 0, 0.2, 0]))).toBeUndefined();
    expect(lengthsHint(middleOf([]))).toBeUndefined();
    expect(lengthsHint(1, 1.3)).toContain('81° from the beam');
    expect(lengthsHint(0.5, 1.3)).toBeUndefined();
  });

  it('survive a round trip through text to float32', () => {
    const cell = cellFromParameters(50, 62, 73, 82, 77, 71);
    const spots = Float32Array.from({ length: 300 }, (_, i) => Math.fround(Math.sin(i * 12.9898) * 0.4));
    for (const known of [cell, undefined])
      expect([...readSpotList(formatSpotList(known, spots, ['x'])).spots]).toEqual([...spots]);
  });

  it.each([
    ['a word', '40 0 0 0 50 0 0 0 60\n0.1 zwei 0.3\n', 'c.txt:2: "zwei" is not a finite number'],
    ['NaN', '40 0 0 0 50 0 0 0 60\n0.1 0.2 NaN\n', 'c.txt:2: "NaN"'],
    ['infinity', '40 0 0 0 50 0 0 0 60\n0.1 0.2 Infinity\n', 'c.txt:2: "Infinity"'],
    ['an empty file', '', 'c.txt: the list is empty'],
    ['comments alone', '# nothing\n', 'c.txt: the list is empty'],
    ['a flat cell', '# c\n40 0 0 80 0 0 0 0 60\n', 'c.txt:2: the known cell has zero volume'],
    ['a zero cell', '0 0 0 0 0 0 0 0 0\n', 'c.txt:1: the known cell has zero volume'],
    ['a spot of two numbers', '40 0 0 0 50 0 0 0 60\n0.1 0.2\n', 'c.txt:2: a spot holds 2 numbers'],
    ['decimal commas', '# c\n0,14 -0,31 0,2\n', 'c.txt:2: "0,14" seems to have a decimal comma'],
    ['a torn line', `${five}0 0 0.1 7`, 'c.txt:3: this line holds 4 columns, but the spots before it have 5'],
  ])('refuse %s, with file and line', (_, text, message) => {
    try {
      readSpotList(text, { name: 'c.txt' });
      expect.unreachable();
    } catch (error) {
      expect(isEwaldError(error, 'Format')).toBe(true);
      expect((error as Error).message).toContain(message);
    }
  });
});
