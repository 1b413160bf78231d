/** Table 1 says where the data end. */
import { expect, test } from 'vitest';
import { formatTable1, table1Rows } from '../../src/merging/formats/table1.js';

test('the outermost shell of Table 1 is one with reflections, and a limit beyond the data is said', () => {
  const shell = (dMax: number, dMin: number, unique: number) =>
    ({ dMax, dMin, unique, measurements: 3 * unique, multiplicity: 3, completeness: unique / 100, snr: 5 }) as never;
  const rows = (...uniques: number[]): string =>
    formatTable1(
      table1Rows(
        {
          cell: [50, 50, 60, 90, 90, 90],
          wavelengthA: 1,
          merged: 9,
          counts: { frames: 9 } as never,
          statistics: {
            overall: shell(20, 1, 180),
            shells: uniques.map((unique, i) => shell(20 / (i + 1), 20 / (i + 2), unique)),
            wilson: { temperatureFactor: 20 },
          } as never,
        },
        { spaceGroup: 'P 4' },
      ),
      'text',
    );
  expect(rows(100, 80, 0, 0)).toMatch(
    /Resolution .* \(10\.00–6\.67\)\nNo reflections beyond \(Å\) +6\.67[\s\S]*Unique .* 180 \(80\)/,
  );
  expect(rows(100, 80)).not.toContain('beyond');
});
