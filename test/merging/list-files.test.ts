/** Lists in the forms of the next program: read back by gemmi, by us, and refused where they are damaged. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { readCell } from '../../dist/index.node.js';
import { formatReflections, readReflections } from '../../dist/merging.js';
import { cifValue, readCif } from '../../src/merging/formats/cif.js';
import { askGemmi, gemmi } from './gemmi.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-lists-'));
afterAll(() => rmSync(folder, { recursive: true }));
const cell = readCell('52,52,44,90,90,90');
const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;

/** Reflections of 4/m with negative and large intensities. */
const rows: (readonly [number, number, number, number, number])[] = [];
for (let h = 0; h < 6; h++)
  for (let k = h === 0 ? 0 : 1; k < 6; k++)
    for (let l = 0; l < 6; l++)
      if (h + k + l > 0)
        rows.push([
          h,
          k,
          l,
          Number((900 * Math.sin(h * 7 + k * 3 + l) + 700).toFixed(2)),
          1 + ((h + 2 * k + 3 * l) % 7),
        ]);
const list = {
  symmetry: '4/m',
  count: rows.length,
  indices: Int16Array.from(rows.flatMap((row) => row.slice(0, 3))),
  intensity: Float64Array.from(rows, ([, , , x]) => x),
  sigma: Float64Array.from(rows, ([, , , , x]) => x),
  measurements: new Float64Array(rows.length).fill(3),
};

describe('a list', () => {
  test.each(['cif', 'xds'] as const)('states its cell and centring in %s', (kind) => {
    const centred = { ...readCell('52,60,44,90,90,90'), centring: 'C' } as const;
    const { content } = formatReflections({ ...list, symmetry: 'mmm' }, kind, { cell: centred });
    const { centring, parameters } = readReflections(bytesOf(content));
    expect([centring, parameters]).toEqual(['C', [52, 60, 44, 90, 90, 90]]);
  });

  test('is scaled down for HKLF 4 until no field touches another, and says the factor', () => {
    const big = { ...list, intensity: list.intensity.map((x, i) => (i === 3 ? 250_000 : i === 4 ? -12_000 : x)) };
    const { content, remarks } = formatReflections(big, 'shelx', { cell });
    expect(remarks[0]).toMatch(/multiplied by 0\.039/);
    const lines = (content as string).trimEnd().split('\n');
    // By columns, as Fortran reads 3I4, 2F8.2, I4: a point in the field is where it is.
    for (const [i, line] of lines.slice(0, -1).entries()) {
      expect(line).toMatch(/^[ \d-]{12}( *-?\d+\.\d{2,}){2} +\d+$/);
      expect([line.length, line[12], line[20]]).toEqual([32, expect.not.stringMatching(/\d/), ' ']);
      const [intensity, sigma] = [12, 20].map((at) => Number(line.slice(at, at + 8))) as [number, number];
      const error = 0.039 * (big.sigma[i] as number);
      expect(Math.abs(intensity - 0.039 * (big.intensity[i] as number))).toBeLessThan(0.011 * error);
      expect(sigma / error).toBeCloseTo(1, 1.9);
    }
    expect(lines.at(-1)).toBe('   0   0   0    0.00    0.00   0');
  });

  test('with an index beyond the columns of HKLF 4 is refused, wherever it stands', () => {
    const of = (...indices: number[]) => ({ ...list, count: 1, indices: Int16Array.from(indices) });
    for (const indices of [
      [10_000, 0, 1],
      [-100, -1000, 0],
    ])
      expect(() => formatReflections(of(...indices), 'shelx', { cell })).toThrow(/HKLF 4 has four columns/);
    const { content } = formatReflections(of(-999, 9999, -100), 'shelx', { cell });
    expect(content).toMatch(/^-9999999-100 /);
  });

  test('with numbers beyond single precision is refused as MTZ', () => {
    for (const unit of [1e38, 1e-40]) {
      const far = { ...list, intensity: list.intensity.map((x) => x * unit), sigma: list.sigma.map((x) => x * unit) };
      expect(() => formatReflections(far, 'mtz', { cell })).toThrow(/single precision/);
    }
  });

  test('without sigmas is refused where programs take them for weights', () => {
    const exact = { ...list, sigma: new Float64Array(list.count) };
    for (const kind of ['shelx', 'xds'] as const)
      expect(() => formatReflections(exact, kind, { cell })).toThrow(/no reflection has a sigma above 0/);
  });

  test('whose mates have no sigmas has the mean of both', () => {
    const mates = {
      ...list,
      symmetry: '4',
      count: 2,
      indices: Int16Array.of(1, 2, 3, -1, -2, -3),
      intensity: Float64Array.of(100, 300),
      sigma: new Float64Array(2),
    };
    const { content } = formatReflections(mates, 'cif', { cell });
    expect(content).toMatch(/ 1 2 3 o 200\.000 \? 100\.000 \? 300\.000 \?\n/);
  });

  test('says why reflections have no amplitude', () => {
    const amplitudes = (of: typeof list) =>
      formatReflections(of, 'cif', { cell, frenchWilson: true }).remarks.join(' ');
    expect(amplitudes({ ...list, count: 12 })).toMatch(/need the mean intensity of 20 reflections, and there are 12/);
    const partly = { ...list, sigma: list.sigma.map((x, i) => (i < 5 ? 0 : x)) };
    expect(amplitudes(partly)).toMatch(
      /^5 of 185 reflections .* has \? for them\. 5 reflections have no sigma above 0, and/,
    );
  });

  test.skipIf(!gemmi)('as mmCIF is read by gemmi with every number, and with amplitudes beside intensities', () => {
    const { content } = formatReflections(list, 'cif', {
      cell,
      wavelengthA: 1.3,
      frenchWilson: true,
      spaceGroup: 'P 41',
    });
    const path = join(folder, 'a.cif');
    writeFileSync(path, content);
    const said = JSON.parse(
      askGemmi(`
import gemmi, json
b = gemmi.as_refln_blocks(gemmi.cif.read('${path}'))[0]
f = b.make_float_array('F_meas_au'); h = b.make_miller_array()
print(json.dumps([b.spacegroup.hm, b.wavelength, [b.cell.a, b.cell.c], [[int(x) for x in m] for m in h],
  [float(x) for x in b.make_float_array('intensity_meas')], [None if x != x else float(x) for x in f]]))`),
    ) as [string, number, number[], number[][], number[], (number | null)[]];
    expect(said.slice(0, 3)).toEqual(['P 41', 1.3, [52, 44]]);
    expect(said[3].length).toBe(list.count);
    expect([...said[4]].sort((a, b) => a - b)).toEqual([...list.intensity].sort((a, b) => a - b));
    // The amplitude of a strong reflection is nearly its root, and none is 0; the axis of 4₁ has none but 0 0 4n.
    for (const [i, f] of said[5].entries()) {
      const [h, k, l = 0] = said[3][i] as number[];
      if (h === 0 && k === 0 && l % 4 !== 0) {
        expect(f).toBeNull();
        continue;
      }
      if (f === null) throw new Error(`${said[3][i]} has no amplitude`);
      expect(f).toBeGreaterThan(0);
      if ((said[4][i] as number) > 1000) expect((f * f) / (said[4][i] as number)).toBeCloseTo(1, 2);
    }
  });

  test.skipIf(!gemmi)('as MTZ with amplitudes has them behind the intensities, which stay', () => {
    const plain = formatReflections(list, 'mtz', { cell }).content as Uint8Array;
    const { content } = formatReflections(list, 'mtz', { cell, frenchWilson: true });
    const [a, b] = [plain, content as Uint8Array].map((bytes, i) => {
      const path = join(folder, `${i}.mtz`);
      writeFileSync(path, bytes);
      return askGemmi(`
import gemmi
m = gemmi.read_mtz_file('${path}')
print([(c.label, c.type) for c in m.columns], [float(x) for x in m.column_with_label('IMEAN')])`);
    });
    expect(b).toContain("('N', 'I'), ('F', 'F'), ('SIGF', 'Q')");
    expect(b?.split('] ')[1]).toBe(a?.split('] ')[1]);
  });
});

describe('a file of reflections', () => {
  const cif = formatReflections(list, 'cif', { cell }).content as string;
  const xds = formatReflections(list, 'xds', { cell }).content as string;
  test.each([
    ['a page', '<!doctype html>', /begins no list of reflections/],
    ['HKLF 4 without a group', formatReflections(list, 'shelx', { cell }).content as string, /states no point group/],
    ['mmCIF that is cut in a row', cif.slice(0, -12), /is incomplete|has no value/],
    ['mmCIF without a space group', cif.replace(/_symmetry.*\n/g, ''), /states no space group/],
    ['mmCIF without intensities', cif.replaceAll('intensity_', 'phase_'), /no intensities/],
    ['XDS_ASCII that is cut', xds.slice(0, xds.lastIndexOf('!END')), /no "!END_OF_DATA"/],
    ['XDS_ASCII with words for numbers', xds.replaceAll(/E\+00\n/g, 'EE00\n'), /is not a reflection of the items/],
  ])('that is %s is refused with what is wrong', (_, text, message) => {
    expect(() => readReflections(new TextEncoder().encode(text), { name: 'list' })).toThrow(message);
  });

  test('whose rows repeat a reflection says how many, before they are averaged', () => {
    const said = (of: typeof list, kind: 'hkl' | 'mtz' = 'hkl') =>
      readReflections(bytesOf(formatReflections(of, kind, { cell }).content)).remarks.join(' ');
    expect(said(list)).not.toMatch(/repeat/);
    expect(said(list, 'mtz')).not.toMatch(/repeat/);
    const again = { ...list, indices: list.indices.slice() };
    again.indices.set(list.indices.subarray(9, 12), 6);
    expect(said(again)).toMatch(/^1 row of 185 repeat a reflection of the list/);
    // Which axis of 4/m is unique is said by the cell, so that its equivalents are not known yet; those of mmm are.
    again.indices.set(
      [-1, -1, 1].map((sign, i) => sign * (list.indices[9 + i] as number)),
      6,
    );
    expect(said({ ...again, symmetry: 'mmm' })).toMatch(/1 row of 185 .* equivalent in mmm/);
  });

  test('says how many rows have no value', () => {
    const partly = { ...list, sigma: list.sigma.slice() };
    partly.sigma.fill(0, 0, 7);
    for (const kind of ['mtz', 'cif'] as const) {
      const { content } = formatReflections(partly, kind, { cell, frenchWilson: true });
      const [columns, label] = kind === 'mtz' ? ['F,SIGF', 'F'] : ['F_meas_au,F_meas_sigma_au', 'f_meas_au'];
      const { list: read, remarks } = readReflections(bytesOf(content), { columns });
      expect([read.count, remarks.join(' ')]).toEqual([
        178,
        expect.stringContaining(`7 of 185 rows have no ${label}, and`),
      ]);
    }
  });

  test('with a word in the place of a number is left out with the reflection, and many are refused', () => {
    const broken = cif.replace(/ o (\S+) (\S+)\n$/, ' o 12,5 $2\n');
    expect(readReflections(bytesOf(broken)).remarks.join()).toMatch(
      /the reflection 5 5 5 has "12,5" where a number is expected/,
    );
    expect(() => readReflections(bytesOf(cif.replaceAll(/ o (\S+)\.(\S+) /g, ' o $1,$2 ')))).toThrow(
      /where a number is expected/,
    );
  });

  test('takes the free set from the status where the flag has no value', () => {
    const rows = ['1 0 0 9 1 o ?', '2 0 0 9 1 f ?', '3 0 0 9 1 o .'];
    const items = ['index_h', 'index_k', 'index_l', 'intensity_meas', 'intensity_sigma', 'status', 'pdbx_r_free_flag'];
    const text = `data_x\n_symmetry.space_group_name_H-M 'P 4'\nloop_\n${items.map((item) => `_refln.${item}\n`).join('')}${rows.join('\n')}\n`;
    expect([...(readReflections(new TextEncoder().encode(text)).list.free ?? [])]).toEqual([1, 0, 1]);
  });

  test('of amplitudes is read as intensities with 2 F σ(F) + σ(F)²', () => {
    const text =
      "data_x\n_symmetry.space_group_name_H-M 'P 4'\nloop_\n_refln.index_h\n_refln.index_k\n_refln.index_l\n_refln.F_meas_au\n_refln.F_meas_sigma_au\n1 2 3 10 .5\n1 2 4 ? ?\n";
    const { list: read, remarks } = readReflections(new TextEncoder().encode(text));
    expect([read.symmetry, read.count, read.intensity[0], read.sigma[0]]).toEqual(['4/m', 1, 100, 10.25]);
    // Amplitudes by French and Wilson became larger each time that they were converted, without a word.
    expect(remarks.join()).toMatch(/squares of f_meas_au: .* once more/);
  });
});

test('any text survives as a value of CIF', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[\x20-\x7e]{1,30}$/), (text) => {
      fc.pre(text !== '?' && text !== '.' && text.trim() === text);
      const [block] = readCif(`data_a\n_x.y ${cifValue(text)}\n_x.z 1\n`);
      expect(block?.items.get('_x.y')).toBe(text);
      expect(block?.items.get('_x.z')).toBe('1');
    }),
    { numRuns: 300, seed: 4 },
  );
});
