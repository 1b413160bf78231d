/** What a list says of itself when it is read and written: nothing is lost, bent or claimed without a word. */
import { describe, expect, test } from 'vitest';
import { readCell } from '../../dist/index.node.js';
import { convertReflections, formatReflections, readReflections } from '../../dist/merging.js';

const cell = readCell('20,25,30,90,90,90');
const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;

/** A list of rows h, k, l, intensity, sigma. */
const listOf = (rows: readonly (readonly number[])[], symmetry = 'mmm') => ({
  symmetry,
  count: rows.length,
  indices: Int16Array.from(rows.flatMap((row) => row.slice(0, 3))),
  intensity: Float64Array.from(rows, (row) => row[3] as number),
  sigma: Float64Array.from(rows, (row) => row[4] as number),
  measurements: new Float64Array(rows.length).fill(4),
});
const three = [
  [1, 2, 5, 10, 1],
  [2, 2, 5, 20, 1],
  [2, 3, 5, 30, 1],
] as const;
const kinds = ['hkl', 'mtz', 'cif', 'xds', 'shelx'] as const;

describe('a list', () => {
  test('has no 0 0 0 in any format, written or read, and says so', () => {
    const given = listOf([[0, 0, 0, 500, 10], ...three]);
    for (const kind of kinds) {
      const { content, remarks } = formatReflections(given, kind, { cell });
      expect(remarks.join(), kind).toMatch(/1 row of 0 0 0/);
      expect(readReflections(bytesOf(content), { symmetry: 'mmm' }).list.count, kind).toBe(3);
    }
    const hkl = formatReflections(listOf(three), 'hkl', { cell }).content as string;
    const read = readReflections(
      bytesOf(hkl.replace(/nmeas\n/, 'nmeas\n   0    0    0     500.00        -      10.00       4\n')),
    );
    expect([read.list.count, read.remarks.join()]).toEqual([3, expect.stringMatching(/1 row of 0 0 0/)]);
  });
});
