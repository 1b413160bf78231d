/** What a page loads, as docs/install.md states it. */
import { expect, test } from 'vitest';
import { measureLoads, tableOfLoads, writtenTable } from '../../scripts/loads.mjs';

const cellsOf = (table: string): string[][] =>
  table
    .split('\n')
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

test('docs/install.md lists the entry points with what they load, to a tenth', () => {
  const measured = cellsOf(tableOfLoads(measureLoads()));
  const written = cellsOf(writtenTable());
  expect(measured.length).toBeGreaterThan(10);
  expect(
    written.map(([entry]) => entry),
    'node scripts/loads.mjs writes the table',
  ).toEqual(measured.map(([entry]) => entry));
  for (const [row, [entry, ...sizes]] of measured.entries())
    for (const [column, size] of sizes.entries()) {
      const stated = written[row]?.[column + 1];
      const what = `${entry}, column ${column + 1}: stated ${stated} kB, measured ${size} kB; run node scripts/loads.mjs`;
      if (size === '–') expect(stated, what).toBe('–');
      else expect(Math.abs(Number(stated) - Number(size)), what).toBeLessThanOrEqual(2 + 0.1 * Number(size));
    }
});

test('the scripts and the module of transforms are less than 300 kB, compressed', () => {
  const fft = measureLoads().find(({ entry }) => entry === 'ewald/fft');
  expect((fft?.allCompressed ?? Number.NaN) + (fft?.wasmCompressed ?? Number.NaN)).toBeLessThan(300_000);
});
