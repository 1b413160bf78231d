/** Two lists side by side: worked numbers, CrystFEL's compare_hkl, and laws that hold for any list. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ReflectionList, readCell } from '../../dist/index.node.js';
import {
  checkReflections,
  compareReflections,
  convertReflections,
  formatReflections,
  readReflectionList,
} from '../../dist/merging.js';
import { ewaldTogether } from '../support/cli.js';
import { dataFolder } from '../support/data.js';
import { cell, drawn, listOf } from './drawn-lists.js';
import { unpacked } from './unpacked.js';

describe('figures of merit', () => {
  test('are the worked ones', () => {
    // Three times the four pairs, since fewer than ten have no figures.
    const indices = Array.from({ length: 12 }, (_, i) => [1 + (i % 4), 1, 1 + Math.floor(i / 4)] as const);
    const [x, y] = [
      [100, 50, 20, 5],
      [95, 55, 18, 7],
    ].map((values) =>
      listOf(
        '4/m',
        indices.map((at, i) => [...at, values[i % 4] as number, 1] as const),
      ),
    );
    const { overall } = compareReflections(x as ReflectionList, y as ReflectionList, { cell, scale: false, shells: 1 });
    for (const [name, value] of [
      ['r1', 0.08],
      ['r2', 0.06699],
      ['rSplit', 0.05657],
      ['rIso', 0.05175],
      ['k', 1],
      ['cc', 0.99547],
    ] as const)
      expect(overall[name], name).toBeCloseTo(value, 5);
  });

  test.skipIf(dataFolder === undefined)('of two halves are those of compare_hkl', () => {
    const [first, second] = ['1', '2'].map((half) =>
      readReflectionList(new TextDecoder().decode(unpacked('expected', `amb.ew.xsphere-3.hkl${half}.xz`))),
    );
    const known = readCell(readFileSync(join(dataFolder ?? '', 'merge/amb.cell'), 'utf8'));
    const { overall, ways, shells } = compareReflections(first as ReflectionList, second as ReflectionList, {
      cell: known,
    });
    expect(overall.pairs).toBe(4922);
    expect(overall.cc).toBeCloseTo(0.98467, 2.7);
    expect(overall.rSplit).toBeCloseTo(0.1118, 2);
    expect(ways.map(({ operation }) => operation)).toEqual(['h,k,l', 'k,h,-l']);
    expect(shells.slice(0, 6).map(({ cc }) => cc.toFixed(2))).toEqual(['0.99', '0.98', '0.97', '0.96', '0.94', '0.94']);
  });
});

describe.skipIf(dataFolder === undefined)('scaled by logarithms', () => {
  test.each(['amb.cf', 'amb.ew', 'ort.cf', 'ort.ew', 'sph.ew'])(
    'halves of %s have all digits of compare_hkl',
    (name) => {
      const read = (file: string): string =>
        new TextDecoder().decode(unpacked('expected', `${name}.xsphere-3.${file}.xz`));
      const [first, second] = ['hkl1', 'hkl2'].map((file) => readReflectionList(read(file)));
      const stats = readFileSync(join(dataFolder ?? '', `merge/expected/${name}.xsphere-3.stats.txt`), 'utf8');
      const said = (figure: string): string => new RegExp(`Overall ${figure} = ([\\d.]+)`).exec(stats)?.[1] ?? '';
      const known = readCell(readFileSync(join(dataFolder ?? '', `merge/${name.slice(0, 3)}.cell`), 'utf8'));
      const options = { cell: known, scaleBy: 'logarithms', shells: 1 } as const;
      const { overall } = compareReflections(first as ReflectionList, second as ReflectionList, options);
      expect([overall.cc.toFixed(7), (100 * overall.rSplit).toFixed(2)]).toEqual([said('CC'), said('Rsplit')]);
    },
  );
});

describe('a comparison', () => {
  const seeds = fc.integer({ min: 1, max: 2 ** 31 });

  test('finds the scale and the B by which a list was changed, with their sign', () => {
    fc.assert(
      fc.property(
        seeds,
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        fc.double({ min: -20, max: 20, noNaN: true }),
        (seed, k, b) => {
          const list = drawn(seed);
          const q2 = (i: number): number =>
            ((list.indices[3 * i] as number) ** 2 + (list.indices[3 * i + 1] as number) ** 2) / 52 ** 2 +
            (list.indices[3 * i + 2] as number) ** 2 / 44 ** 2;
          const factor = (i: number): number => k * Math.exp((-b * q2(i)) / 2);
          const changed = {
            ...list,
            intensity: list.intensity.map((x, i) => x / factor(i)),
            sigma: list.sigma.map((x, i) => x / factor(i)),
          };
          const { scale, relativeB, overall } = compareReflections(list, changed, { cell });
          expect(scale / k).toBeCloseTo(1, 6);
          expect(relativeB).toBeCloseTo(b, 4);
          expect(overall.r1).toBeLessThan(1e-6);
        },
      ),
      { numRuns: 10, seed: 1 },
    );
  });

  test('takes the way to index in which the second list fits, and says both', () => {
    const list = drawn(5);
    const { list: moved } = convertReflections(list, { cell, reindex: 'k,h,-l' });
    const { ways, overall } = compareReflections(list, moved, { cell });
    expect(ways.map(({ operation }) => operation)).toEqual(['k,h,-l', 'h,k,l']);
    expect(overall.cc).toBeCloseTo(1, 9);
    expect(ways[1]?.cc).toBeLessThan(0.8);
  });

  test('of a list in P1 with its merge in 4/m merges the first by 1/σ²', () => {
    const list = drawn(9);
    const { list: expanded } = convertReflections(list, { cell, expand: '-1' });
    expect(expanded.count).toBeGreaterThan(3 * list.count);
    const { overall } = compareReflections(expanded, list, { cell, symmetry: '4/m', scale: false });
    expect(overall.pairs).toBe(list.count);
    expect(overall.r1).toBeLessThan(1e-12);
  });

  test('of mates that one list has apart averages them', () => {
    const list = drawn(11, '4');
    const { overall } = compareReflections(list, drawn(11), { cell, scale: false });
    expect(overall.r1).toBeLessThan(1e-12);
    expect(overall.anomalousPairs).toBe(0);
  });

  test('says that sigmas are unknown, and that no reflection is common', () => {
    const list = drawn(13);
    const without = { ...list, sigma: new Float64Array(list.count) };
    expect(compareReflections(without, without, { cell }).remarks[0]).toMatch(/no sigmas/);
    const far = listOf('4/m', [[30, 1, 1, 5, 1]]);
    expect(() => compareReflections(list, far, { cell })).toThrow(
      /no reflection is in both lists \(.* from .* to .* Å/,
    );
  });
});

describe('what is not as it should be', () => {
  test('is said of a list in another point group, and of one without sigmas', () => {
    const list = drawn(17);
    const { list: inP1 } = convertReflections(list, { cell, expand: '-1' });
    const { remarks, overall } = compareReflections(list, inP1, { cell });
    expect(remarks).toEqual([expect.stringMatching(/second list is in -1: its equivalents in 4\/m were averaged/)]);
    expect(overall.cc).toBeGreaterThan(0.999_99);
    const without = checkReflections({ ...list, sigma: new Float64Array(list.count) }, { cell });
    expect(without.remarks).toEqual([
      expect.stringMatching(/^No reflection has a sigma: .* give a list with the sigmas/),
    ]);
    expect(without.spaceGroups.verdict).toBe('not decided');
    expect(checkReflections(list, { cell }).remarks).toEqual([]);
  });

  test('is said of an axis of which two reflections are measured', () => {
    const list = drawn(19);
    const rows = Array.from({ length: list.count }, (_, i) => i).filter((i) => {
      const [h, k, l] = list.indices.subarray(3 * i, 3 * i + 3) as unknown as [number, number, number];
      return h !== 0 || k !== 0 || l === 3 || l === 4 || l === 5;
    });
    const some = listOf(
      '4/m',
      rows.map((i) => {
        const [h, k, l] = [0, 1, 2].map((axis) => list.indices[3 * i + axis] as number) as [number, number, number];
        const isOdd = h === 0 && k === 0 && l % 2 === 1;
        return [h, k, l, isOdd ? 0.1 : (list.intensity[i] as number), list.sigma[i] as number] as const;
      }),
    );
    const checked = checkReflections(some, { cell });
    const axis = checked.spaceGroups.elements.find(({ condition }) => condition.startsWith('00l'));
    expect(axis?.absent.count).toBe(2);
    expect(checked.spaceGroups.verdict).not.toBe('decided');
  });

  test.each([
    [
      ['check', 'a.mtz', '-p', '79,79,38,90,90,90'],
      /a\.mtz states the cell 52,52,44,90,90,90, which is another one than 79,79,38.*leave -p out/,
    ],
    [['compare', 'a.mtz', 'b.cif'], /b\.cif states the cell 62,62,44,90,90,90, which is another one than 52,52,44/],
    [['check', 'a.shelx'], /HKLF 4, which states no point group and no cell; .*\(-y GROUP -p CELL in the shell\)/],
    [['check', 'a.shelx', '-y', '4/m'], /does not state its cell; give it with -p/],
    [['convert', 'a.mtz', '-o', 'c.hkl', '--reindex', '2h,k,l'], /2h,k,l, whose determinant is 2.*such as k,h,-l/],
    [['compare', 'a.mtz', 'far.hkl'], /no reflection is in both lists .* give the cell and the point group of both/],
  ])('ewald reflections %s says so', async (words, said) => {
    const { code, err } = await ewaldTogether(['reflections', ...words], { cwd: folder });
    expect([code, err]).toEqual([expect.any(Number), expect.stringMatching(said)]);
    expect(code).toBeGreaterThan(0);
  });

  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ewald-bad-lists-'));
    const list = drawn(23);
    const other = readCell('62,62,44,90,90,90');
    writeFileSync(join(folder, 'a.mtz'), formatReflections(list, 'mtz', { cell }).content);
    writeFileSync(join(folder, 'b.cif'), formatReflections(list, 'cif', { cell: other }).content);
    writeFileSync(join(folder, 'a.shelx'), formatReflections(list, 'shelx', { cell }).content);
    writeFileSync(
      join(folder, 'far.hkl'),
      formatReflections(listOf('4/m', [[30, 1, 1, 5, 1]]), 'hkl', { cell }).content,
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));
});

describe('a conversion', () => {
  test('refuses what is no change of axes, and says the determinant', () => {
    const list = drawn(3);
    expect(() => convertReflections(list, { cell, reindex: 'h+k,h-k,l' })).toThrow(/determinant is -2/);
    expect(() => convertReflections(list, { cell, reindex: 'k,h' })).toThrow(/expected three sums/);
    expect(() => convertReflections(list, { cell, expand: '4/mmm' })).toThrow(/no subgroup of 4\/m/);
    expect(() => convertReflections(list, { cell, twin: '4/m' })).toThrow(/does not contain 4\/m and more/);
    expect(() => convertReflections(list, { cell, symmetry: '6/m' })).toThrow(/does not have the symmetry 6\/m/);
  });

  test('to a twin is the mean over the cosets: 100 ± 6 and 40 ± 8 give 70 ± 5', () => {
    const list = listOf('4/m', [
      [1, 2, 3, 100, 6],
      [2, 1, 3, 40, 8],
      [1, 3, 3, 10, 1],
    ]);
    const { list: twin, withoutTwin } = convertReflections(list, { cell, twin: '4/mmm' });
    expect([twin.count, withoutTwin]).toEqual([2, 1]);
    expect([...twin.intensity, ...twin.sigma, ...twin.measurements]).toEqual([70, 70, 5, 5, 4, 4]);
  });

  test('to a twin leaves a reflection as it is that the laws do not move', () => {
    const rows: [number, number, number, number, number][] = [
      [0, 0, 1, 100, 10],
      [1, 1, 5, 90, 10],
      [2, 0, 3, 60, 10],
    ];
    const { list: twin } = convertReflections(listOf('4/m', rows), { cell, twin: '4/mmm' });
    expect([...twin.intensity, ...twin.sigma, ...twin.measurements]).toEqual([100, 90, 60, 10, 10, 10, 2, 2, 2]);
    // Of the three cosets of 4/mmm in m-3m two lead to h00, and one to 00l.
    const cubic = readCell('50,50,50,90,90,90');
    const some = listOf('4/mmm', [
      [0, 0, 2, 30, 6],
      [2, 0, 0, 90, 3],
    ]);
    const { list: mixed } = convertReflections(some, { cell: cubic, twin: 'm-3m' });
    expect([...mixed.intensity].map(Math.round)).toEqual([70, 70]);
    for (const sigma of mixed.sigma) expect(sigma).toBeCloseTo(Math.sqrt(36 + 4 * 9) / 3, 6);
  });
});
