/** What a list says of itself when it is read and written: nothing is lost, bent or claimed without a word. */
import { describe, expect, test } from 'vitest';
import { readCell } from '../../dist/index.node.js';
import { checkReflections, convertReflections, formatReflections, readReflections } from '../../dist/merging.js';
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

  test('keeps its free set through every format and new axes, or says what is lost', () => {
    const used: number[][] = [];
    for (let h = 1; h < 6; h++) for (let k = 1; k < 6; k++) for (let l = 0; l < 4; l++) used.push([h, k, l, 50, 2]);
    const flag = ([h = 0, k = 0, l = 0]: readonly number[]): number => (7 * h + 3 * k + l) % 5;
    const tetragonal = readCell('20,20,30,90,90,90');
    const list = { ...listOf(used, '4/m'), free: Int32Array.from(used, flag) };
    const turned = convertReflections(list, { cell: tetragonal, reindex: 'k,h,-l' }).list;
    for (const kind of ['mtz', 'cif', 'shelx'] as const)
      for (const [of, back] of [
        [list, false],
        [turned, true],
      ] as const) {
        const { content } = formatReflections(of, kind, { cell: tetragonal });
        const read = readReflections(bytesOf(content), { symmetry: '4/m' }).list;
        const own = back ? convertReflections(read, { cell: tetragonal, reindex: 'k,h,-l' }).list : read;
        // The free set is 0 of several flags; HKLF 4 has two.
        const shown = Array.from({ length: own.count }, (_, i) => [
          own.indices.subarray(3 * i, 3 * i + 3).join(),
          own.free?.[i],
        ]);
        const wanted = used.map((row) => [
          row.slice(0, 3).join(),
          kind === 'shelx' ? Number(flag(row) > 0) : flag(row),
        ]);
        expect(new Map(shown as [string, number][]), `${kind} ${back}`).toEqual(new Map(wanted as [string, number][]));
      }
    for (const kind of ['hkl', 'xds'] as const)
      expect(formatReflections(list, kind, { cell: tetragonal }).remarks.join(), kind).toMatch(
        /free set of 2\d reflections.* it is lost/,
      );
  });

  test('is counted as it is written', () => {
    const given = listOf([[0, 0, 0, 500, 10], ...three, [3, 3, 3, 40, 0], [-3, -3, -3, 41, 1]], '222');
    for (const kind of kinds) {
      const { content, reflections } = formatReflections(given, kind, { cell });
      const text = new TextDecoder('latin1').decode(bytesOf(content));
      const rows =
        kind === 'mtz'
          ? Number(/NCOL +\d+ +(\d+)/.exec(text)?.[1])
          : (text.match(/^ *(1 1 1 )?-?\d+ +-?\d+ +-?\d+ .*[\d?]$/gm)?.length ?? 0) - Number(kind === 'shelx');
      expect([reflections, kind], text).toEqual([rows, kind]);
    }
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

  test('of amplitudes keeps their signs, and the errors of those that are 0', () => {
    const text = formatReflections(listOf(three), 'cif', { cell }).content as string;
    const amplitudes = text
      .replace('intensity_meas', 'F_meas_au')
      .replace('intensity_sigma', 'F_meas_sigma_au')
      .replace(/ 10\.000 1\.000$/m, ' -3 1')
      .replace(/ 20\.000 1\.000$/m, ' 0 2');
    const { list, remarks } = readReflections(bytesOf(amplitudes));
    expect([...list.intensity]).toEqual([-9, 0, 900]);
    expect([...list.sigma]).toEqual([7, 4, 61]);
    expect(remarks.join()).toMatch(/1 value of f_meas_au is below 0/);
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
