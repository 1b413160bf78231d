/** What a list says of itself when it is read and written: nothing is lost, bent or claimed without a word. */
import { describe, expect, test } from 'vitest';
import { readCell } from '../../dist/index.node.js';
import { checkReflections, formatReflections, readReflections } from '../../dist/merging.js';
import { spaceGroupSetting } from '../../src/crystal/space-groups/groups.js';
import { spaceGroupText } from '../../src/merging/reflections/words.js';
import { rSplit } from '../../src/merging/statistics/correlations.js';

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

describe('a list', () => {
  test('that is read has no 0 0 0, and says so', () => {
    const hkl = formatReflections(listOf(three), 'hkl', { cell }).content as string;
    const read = readReflections(
      bytesOf(hkl.replace(/nmeas\n/, 'nmeas\n   0    0    0     500.00        -      10.00       4\n')),
    );
    expect([read.list.count, read.remarks.join()]).toEqual([3, expect.stringMatching(/1 row of 0 0 0/)]);
  });

  test('has the same Wilson B and twin test whatever shells are asked for', () => {
    const all: number[][] = [];
    for (let h = 0; h < 8; h++)
      for (let k = 0; k < 8; k++)
        for (let l = 1; l < 10; l++) {
          const q2 = (h / 20) ** 2 + (k / 25) ** 2 + (l / 30) ** 2;
          all.push([h, k, l, 900 * Math.exp(-5 * q2) * (1 + Math.sin(7 * h + 3 * k + l)), 5]);
        }
    const [whole, limited] = [{}, { highres: 3.4, shells: 4 }].map((limits) =>
      checkReflections(listOf(all), { cell, spaceGroups: 'chiral', ...limits }),
    );
    for (const key of ['wilson', 'twinning', 'spaceGroups', 'outliers'] as const)
      expect(limited?.[key], key).toEqual(whole?.[key]);
    expect(limited?.overall.unique).toBeLessThan(whole?.overall.unique as number);
  });

  test('with a bad row among many is read without it, and says which; with many it is refused', () => {
    const all: number[][] = [];
    for (let h = 0; h < 6; h++) for (let k = 0; k < 6; k++) for (let l = 1; l < 4; l++) all.push([h, k, l, 50, 2]);
    const mtz = formatReflections(listOf(all), 'mtz', { cell }).content as Uint8Array;
    const view = new DataView(mtz.buffer, mtz.byteOffset);
    const spoilt = {
      hkl: (text: string, n: number) => text.replaceAll('      2.00 ', (x) => (n-- > 0 ? '     -2.00 ' : x)),
      cif: (text: string, n: number) => text.replaceAll(' 50.000 ', (x) => (n-- > 0 ? ' 50,000 ' : x)),
      xds: (text: string, n: number) => text.replaceAll(' 5.000E+01', (x) => (n-- > 0 ? ' 5.000EE01' : x)),
      shelx: (text: string, n: number) => text.replaceAll('    2.00   1', (x) => (n-- > 0 ? '   -2.00   1' : x)),
    } as const;
    const read = (content: string | Uint8Array) => readReflections(bytesOf(content), { symmetry: 'mmm', name: 'a' });
    for (const [kind, spoil] of Object.entries(spoilt)) {
      const text = formatReflections(listOf(all), kind as 'hkl', { cell }).content as string;
      const { list, badRows, remarks } = read(spoil(text, 2));
      expect([list.count, badRows], kind).toEqual([all.length - 2, 2]);
      expect(remarks.join(), kind).toMatch(
        /2 of 108 rows are no reflections, and are left out; the first one: .*[-,E]/,
      );
      expect(() => read(spoil(text, 20)), kind).toThrow(/^a:/);
    }
    // SIGIMEAN is the fifth of six columns.
    view.setFloat32(80 + 4 * (6 * 40 + 4), -2, true);
    expect(read(mtz)).toMatchObject({ badRows: 1, list: { count: all.length - 1 } });
  });

  test('names all space groups that have the same absences, and suggests whole sentences', () => {
    const names = ['P 1', 'P 2', 'P 21', 'P -1', 'P m', 'P c', 'P 2/m', 'P 21/m', 'P 21/c', 'P 21/n'];
    const [first] = [{ names, isUntold: false }];
    const said = spaceGroupText({
      spaceGroups: { classes: [first], verdict: 'decided', margin: 9, elements: [] } as never,
    });
    for (const name of ['P 1', 'P m', 'P 21/m', 'P 21/c']) expect(said).toContain(name);
    expect(said).toMatch(/^Space group decided: one of 9, P 1, /);
    expect(() => spaceGroupSetting('B 2')).toThrow(/did you mean "[^"]+"\? Expected a name/);
  });
});

test('an R value is none where the intensities are those of errors', () => {
  expect(rSplit([100, -99], [-101, 100.2])).toBeNaN();
  expect(rSplit([100, 90], [110, 100])).toBeCloseTo(20 / 200 / Math.SQRT2, 12);
  expect(rSplit([-5, -6], [-5, -7])).toBeNaN();
});
