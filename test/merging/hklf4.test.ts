/** HKLF 4 in the variants that programs write, read by its columns as SHELX does. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readReflections } from '../../dist/merging.js';

const read = (text: string) => readReflections(new TextEncoder().encode(text), { symmetry: '-1', name: 'a.hkl' });
const int = (x: number, width = 4) => String(x).padStart(width);
const real = (x: number) => x.toFixed(2).padStart(8);

test('a list is the same with and without batch numbers, its end, carriage returns and text behind it', () => {
  const index = fc.integer({ min: -999, max: 9999 });
  fc.assert(
    fc.property(
      fc.uniqueArray(
        fc.record({
          h: fc.integer({ min: 1, max: 9999 }),
          k: index,
          l: index,
          i: fc.integer({ min: -99_999, max: 9_999_999 }),
          s: fc.integer({ min: 1, max: 9_999_999 }),
        }),
        {
          minLength: 1,
          maxLength: 12,
          selector: ({ h, k, l }) => `${h} ${k} ${l}`,
        },
      ),
      fc.record({
        hasBatch: fc.boolean(),
        end: fc.constantFrom('', '0', 'text'),
        ending: fc.constantFrom('\n', '\r\n', '\r'),
        isTrimmed: fc.boolean(),
        isLeft: fc.boolean(),
      }),
      (rows, { hasBatch, end, ending, isTrimmed, isLeft }) => {
        // A program that fills its fields from the left leaves rows of 21 to 28 characters.
        const error = (x: number) => (isLeft ? x.toFixed(2).padEnd(8) : real(x));
        const line = (h: number, k: number, l: number, i: number, s: number) =>
          (int(h) + int(k) + int(l) + real(i / 100) + error(s / 100) + (hasBatch ? int(1) : '')).trimEnd();
        const lines = rows.map(({ h, k, l, i, s }) => line(h, k, l, i, s));
        if (end !== '') lines.push(isTrimmed ? `   0   0   0${real(0)}${real(0)}` : line(0, 0, 0, 0, 0));
        if (end === 'text') lines.push('TITL what SHELX reads', 'CELL 0.71073 5 6 7 90 90 90');
        const { list, kind, remarks } = read(lines.join(ending) + (isTrimmed ? '' : ending));
        expect([kind, list.count, remarks]).toEqual(['shelx', rows.length, []]);
        const found = new Map(
          Array.from({ length: list.count }, (_, i) => [
            list.indices.subarray(3 * i, 3 * i + 3).join(' '),
            [list.intensity[i], list.sigma[i]],
          ]),
        );
        for (const { h, k, l, i, s } of rows) expect(found.get(`${h} ${k} ${l}`)).toEqual([i / 100, s / 100]);
      },
    ),
    { numRuns: 60, seed: 7 },
  );
});

describe('HKLF 4', () => {
  test('without any point is read by its columns, and says that the last two digits are decimals', () => {
    const { list, kind, remarks } = read(' -10   0   0    1063      54   1\n  -9  -4  -2     405      21   1\n');
    expect([kind, [...list.intensity], [...list.sigma]]).toEqual(['shelx', [10.63, 4.05], [0.54, 0.21]]);
    expect(remarks.join()).toMatch(/last two digits are decimals/);
  });

  test('without a point has two decimals, and one anywhere is where it is, as Fortran reads F8.2', () => {
    const { list } = read('   1   2   3    12.5     .25\n   1   2   4    1250      25\n   1   2   5 1.25D+1 2.5E-01\n');
    expect([...list.intensity]).toEqual([12.5, 12.5, 12.5]);
    expect([...list.sigma]).toEqual([0.25, 0.25, 0.25]);
  });

  test('says how many observations are averaged, and which rows stand behind its end', () => {
    const row = '   1   2   3  100.00    1.00   1\n';
    const { list, remarks } = read(`${row}${row}   0   0   0    0.00    0.00   0\n${row}`);
    expect([list.count, list.measurements[0]]).toEqual([1, 2]);
    expect(remarks.join(' ')).toMatch(
      /^2 observations are averaged .* Not read: 1 row of numbers behind the end, 0 0 0 in line 3\./,
    );
  });

  test('with a test set is read, and HKLF 5 is refused by its name', () => {
    const rows = (...batches: number[]) =>
      batches.map((batch, i) => `   1   2${int(i)}  100.00    1.00${int(batch)}\n`).join('');
    expect(read(rows(1, -1, 1)).remarks.join()).toMatch(/^1 observation of a test set/);
    for (const batches of [
      [-2, 1, 1],
      [-1, 2, 1],
    ])
      expect(() => read(rows(...batches))).toThrow(/a\.hkl is HKLF 5: its negative batch numbers/);
  });

  test.each([
    ['in other columns', '1 2 3 100.0 1.0\n', /not in its columns/],
    ['in narrower columns', '  1  2  3 100.00 1.00\n', /not in its columns/],
    [
      'with a word',
      '   1   2   3  100.00    1.00\n   1   2   4  100.00     one\n',
      /a\.hkl:2: .* is not a row of HKLF 4/,
    ],
    ['with a negative sigma', '   1   2   3  100.00    1.00\n   1   2   4  100.00   -1.00\n', /a\.hkl:2: /],
    ['without a sigma', '   1   2   3  100.00    1.00\n   1   2   4  100.00\n', /a\.hkl:2: /],
  ])('%s is refused', (_, text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});
