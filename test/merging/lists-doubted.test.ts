/** What contradicts a list is said: another symmetry, another centring, mates, settings and parts of a file that are not read. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCell } from '../../dist/index.node.js';
import {
  checkReflections,
  compareReflections,
  convertReflections,
  formatReflections,
  powderRings,
  readReflections,
  transformCell,
} from '../../dist/merging.js';
import { ewaldTogether } from '../support/cli.js';
import { cell, drawn, listOf } from './drawn-lists.js';

type Check = ReturnType<typeof checkReflections>;
const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;

/** Rows of a list, some of them changed or left out. */
function changed(list: ReturnType<typeof drawn>, of: (row: [number, number, number, number, number]) => number[][]) {
  const rows = Array.from({ length: list.count }, (_, i) =>
    of([
      ...([...list.indices.subarray(3 * i, 3 * i + 3)] as [number, number, number]),
      list.intensity[i] as number,
      list.sigma[i] as number,
    ]),
  ).flat() as [number, number, number, number, number][];
  return listOf(list.symmetry, rows);
}

test('a twin of which no reflection has its partners is refused', () => {
  const alone = { ...drawn(12), count: 1, indices: Int16Array.of(1, 2, 3) };
  expect(() => convertReflections(alone, { cell, twin: '4/mmm' })).toThrow(/no reflection has its partners of 4\/mmm/);
});

describe('a list of another point group', () => {
  test('is checked in the group that is asked for, of which no reflection is counted twice', { tags: 'all' }, () => {
    const list = drawn(31);
    for (const symmetry of ['4/mmm', '4/m', '2/m', '-1']) {
      const { overall, remarks, reflections } = checkReflections(list, { cell, symmetry });
      expect(overall.completeness).toBeLessThan(1);
      expect(overall.unique).toBe(reflections);
      expect(remarks.length > 0).toBe(symmetry !== '4/m');
    }
    const { overall } = checkReflections(list, { cell });
    expect(checkReflections(list, { cell, symmetry: '-1' }).overall.completeness).toBeCloseTo(overall.completeness, 1);
  });

  test('is averaged with a word on how its reflections agree, and not written where they do not', () => {
    const list = drawn(33);
    const { list: apart } = convertReflections(list, { cell, expand: '-1' });
    // Copies with errors of their own are equivalents, and reflections related by k,h,-l are none.
    let state = 7;
    const noise = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state + 0.5) / 2 ** 32 - 0.5;
    };
    const noisy = { ...apart, intensity: apart.intensity.map((x, i) => x + 3 * noise() * (apart.sigma[i] as number)) };
    const merged = convertReflections(noisy, { cell, symmetry: '4/m' });
    expect(merged.list.count).toBe(list.count);
    expect(merged.remarks.join()).toMatch(
      /is in -1: its equivalents in 4\/m were averaged .* pairs .* agree with R \d\.\d %/,
    );
    expect(merged.remarks.join()).not.toMatch(/not equivalent/);
    expect(() => convertReflections(list, { cell, symmetry: '4/mmm' })).toThrow(
      /symmetry is 4\/mmm, and the list is in 4\/m: .* are not equivalent; give 4\/m, or twin/,
    );
    expect(convertReflections(list, { cell, twin: '4/mmm' }).list.count).toBeGreaterThan(100);
    const compared = compareReflections(list, list, { cell, symmetry: '4/mmm' });
    expect(compared.remarks.filter((text) => /not equivalent/.test(text))).toHaveLength(2);
    expect(checkReflections(list, { cell, symmetry: '4/mmm' }).remarks.join()).toMatch(/not equivalent/);
  });

  test('in the unique axis of the cell is taken as the cell has it', () => {
    const monoclinic = readCell('40,50,60,90,100,90');
    const list = listOf('2/m', [
      [1, 2, 3, 10, 1],
      [-1, 2, 3, 20, 1],
    ]);
    const { overall, remarks } = compareReflections(
      list,
      { ...list, symmetry: '2/m_uab' },
      {
        cell: monoclinic,
        scale: false,
      },
    );
    expect(overall.pairs).toBe(2);
    expect(remarks.join(' ')).not.toMatch(/equivalent/);
  });
});

describe('a centring that contradicts a list', () => {
  const body = { ...cell, centring: 'I' } as typeof cell;

  test('is said by all tools, whether it forbids what is there or lacks what it would have', () => {
    const list = drawn(35);
    const forbids = /centring I forbids \d+ of \d+ reflections, which have intensities/;
    expect(checkReflections(list, { cell: body }).remarks.join()).toMatch(forbids);
    expect(convertReflections(list, { cell: body }).remarks.join()).toMatch(forbids);
    expect(compareReflections(list, list, { cell: body }).remarks.join()).toMatch(forbids);
    const without = { ...list, sigma: new Float64Array(list.count) };
    expect(checkReflections(without, { cell: body }).remarks.join()).toMatch(forbids);
    const centred = changed(list, (row) => ((row[0] + row[1] + row[2]) % 2 === 0 ? [row] : []));
    const lacks = /None of \d+ reflections is one that the centring I forbids/;
    expect(checkReflections(centred, { cell }).remarks.join()).toMatch(lacks);
    expect(convertReflections(centred, { cell }).remarks.join()).toMatch(lacks);
    expect(checkReflections(centred, { cell: body }).remarks).toEqual([]);
  });
});

describe('Friedel mates', () => {
  test.each(['mtz', 'cif', 'xds'] as const)('that a .%s file has stay apart', (kind) => {
    const list = drawn(37, '422');
    const unique = changed(list, (row) => (row[0] >= row[1] ? [row] : []));
    const mates = changed(unique, ([h, k, l, i, s]) =>
      k > 0 && l > 0 && h !== k
        ? [
            [h, k, l, i, s],
            [-h, -k, -l, i * 1.1, s],
          ]
        : [[h, k, l, i, s]],
    );
    const { list: merged } = convertReflections({ ...mates, symmetry: '422' }, { cell });
    const { content } = formatReflections(merged, kind, { cell });
    const read = readReflections(bytesOf(content));
    expect([read.list.symmetry, read.list.count]).toEqual(['422', merged.count]);
    expect(read.remarks.join()).toMatch(/mates are apart/);
    const { overall } = compareReflections(merged, read.list, { cell, scale: false });
    expect(overall.r1).toBeLessThan(2e-3);
    expect(overall.anomalousPairs).toBeGreaterThan(50);
    expect(overall.ccAno).toBeGreaterThan(0.999);
    if (kind === 'mtz')
      expect(readReflections(bytesOf(content), { columns: 'IMEAN,SIGIMEAN' }).list.symmetry).toBe('4/mmm');
  });
});

test('Friedel mates that are apart are one reflection for the tests of a list', () => {
  const list = drawn(38);
  const mates = changed({ ...list, symmetry: '4' }, ([h, k, l, i, s]) =>
    l === 0
      ? [[h, k, l, i, s]]
      : [
          [h, k, l, i, s * Math.SQRT2],
          [h, k, -l, i, s * Math.SQRT2],
        ],
  );
  const [one, two] = [list, mates].map((each) => checkReflections(each, { cell })) as [Check, Check];
  for (const of of [
    ({ twinning }) => [twinning.fraction, twinning.error, twinning.secondMomentError],
    ({ laws }) => laws.flatMap(({ fraction, error, pairs }) => [fraction, error, pairs]),
    ({ spaceGroups }) => spaceGroups.elements.map(({ lnOdds }) => lnOdds),
    ({ ice }) => ice.map(({ error }) => error),
  ] satisfies ((check: Check) => number[])[])
    for (const [at, value] of of(two).entries()) expect(value).toBeCloseTo(of(one)[at] as number, 6);
  expect(two.reflections).toBe(mates.count);
});

describe('files', () => {
  test('of XDS_ASCII are refused in a setting that a number does not tell', () => {
    const list = { ...drawn(39, 'mmm'), spaceGroup: 'P 2 21 21' };
    expect(() => formatReflections(list, 'xds', { cell })).toThrow(/18 is not P 2 21 21 but P 21 21 2; reindex/);
    expect(formatReflections({ ...list, spaceGroup: 'P 21 21 2' }, 'xds', { cell }).content).toMatch(/NUMBER= {3}18/);
  });

  test('of mmCIF say the blocks and the reflections that are not read', () => {
    const text = formatReflections(drawn(41), 'cif', { cell }).content as string;
    const marked = text.replace(/^(1 1 1 0 1 \d+) o/gm, '$1 <').replace(/^(1 1 1 1 1 \d+) o/gm, '$1 x');
    const { list, remarks } = readReflections(bytesOf(`${marked}${text.replace('data_merged', 'data_second')}`));
    expect(remarks).toEqual([
      expect.stringMatching(/block merged are read, not those of second/),
      expect.stringMatching(/^\d reflections below the limit of sigmas of the file \(status <\) are read/),
      expect.stringMatching(/^\d reflections with the status x have values, and are left out/),
    ]);
    const rowsOf = (status: string) => marked.split('\n').filter((row) => row.split(' ')[6] === status).length;
    expect(list.count).toBe(rowsOf('o') + rowsOf('<'));
  });
});

test('a ring has no space group whose rotations the cell does not have', () => {
  const hexagonal = readCell('60,60,80,90,90,120');
  expect(() => powderRings(hexagonal, { highres: 20, spaceGroup: 'P 41' })).toThrow(
    /P 41, whose rotations the cell .*120/,
  );
  expect(powderRings(hexagonal, { highres: 20, spaceGroup: 'P 61' }).length).toBeGreaterThan(3);
  expect(() => powderRings(readCell('50,60,70,80,90,90'), { highres: 20, spaceGroup: 'P 21 21 21' })).toThrow(
    /rotations/,
  );
});

test('indices of axes that are parts of the old ones have fractions', () => {
  const { indices, reindex } = transformCell(readCell('80,40,60,90,105,90,C'), '1/2a-1/2b,1/2a+1/2b,c');
  expect([indices, reindex]).toEqual(['1/2h-1/2k,1/2h+1/2k,l', undefined]);
});

test('a twin by one of three laws is one by this law alone', () => {
  // P3, twinned by -h,-k,l with .3.
  const hexagonal = readCell('60,60,80,90,90,120');
  let state = 5;
  const exponential = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return -Math.log((state + 0.5) / 2 ** 32);
  };
  const rows: [number, number, number, number, number][] = [];
  for (let h = 1; h < 13; h++)
    for (let k = 0; k < 13; k++)
      for (let l = -13; l <= 13; l++) {
        if (h + k > 16) continue;
        rows.push([h, k, l, 1000 * exponential(), 20]);
      }
  const list = listOf('-3_H', rows);
  const there = new Map(rows.map(([h, k, l, i]) => [`${h} ${k} ${l}`, i]));
  // -h,-k,l of h k l is h k -l with the inversion.
  const twin = changed(list, ([h, k, l, i, s]) => [[h, k, l, 0.7 * i + 0.3 * (there.get(`${h} ${k} ${-l}`) ?? i), s]]);
  const { laws } = checkReflections({ ...twin, symmetry: '-3_H' }, { cell: hexagonal });
  expect(laws.filter(({ isFound }) => isFound).map(({ operation }) => operation)).toEqual(['-h,-k,l']);
  expect(laws.find(({ isFound }) => isFound)?.fraction).toBeCloseTo(0.3, 1.5);
  expect(laws).toHaveLength(3);
});

test('the Wilson B has an error that holds the truth, and lists without sigmas have no I/sigma', () => {
  const list = drawn(43);
  const { wilson, overall } = checkReflections({ ...list, sigma: new Float64Array(list.count) }, { cell });
  expect(overall.snr).toBeNaN();
  expect(wilson.temperatureFactorError > 0 || wilson.points.length < 3).toBe(true);
});

describe('the commands', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ewald-doubted-'));
    const list = drawn(45);
    writeFileSync(join(folder, 'a.mtz'), formatReflections(list, 'mtz', { cell }).content);
    writeFileSync(
      join(folder, 'b.mtz'),
      formatReflections(list, 'mtz', { cell: readCell('53,53,45,90,90,90') }).content,
    );
    const body = { ...cell, centring: 'I' } as typeof cell;
    writeFileSync(join(folder, 'i.mtz'), formatReflections(list, 'mtz', { cell: body }).content);
    writeFileSync(
      join(folder, 'far.mtz'),
      formatReflections(list, 'mtz', { cell: readCell('62,62,44,90,90,90') }).content,
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const run = (...words: string[]) => ewaldTogether(words, { cwd: folder });

  test('say lists of cells that differ, and refuse lists of other centrings', async () => {
    const { err, code } = await run('reflections', 'compare', 'a.mtz', 'b.mtz');
    expect([code, err]).toEqual([
      0,
      expect.stringMatching(/b\.mtz states the cell 53,53,45.*that of a\.mtz, 52,52,44.*is used/),
    ]);
    const other = await run('reflections', 'compare', 'a.mtz', 'i.mtz');
    expect([other.code !== 0, other.err]).toEqual([
      true,
      expect.stringMatching(/a\.mtz states the centring P, and i\.mtz I/),
    ]);
    const far = await run('reflections', 'compare', 'a.mtz', 'far.mtz');
    expect(far.err).not.toMatch(/leave -p out/);
  });

  test('take a list without a cell for what needs none, and ask for it where something does', async () => {
    const text = formatReflections(drawn(47), 'hkl', { cell }).content as string;
    writeFileSync(join(folder, 'bare.hkl'), text.replace(/, cell .*/, ''));
    const list = (line: string) => run('reflections', ...line.split(' '));
    const get = '--compat crystfel get_hkl -i bare.hkl';
    for (const [line, symmetry] of [
      [`${get} -o w.hkl -y 4/m -w 4/mmm`, '4/m'],
      [`${get} -o r.hkl -y 4/m --reindex=k,h,-l`, '4/m'],
      ['convert bare.hkl -o e.hkl --expand -1', '-1'],
    ] as const) {
      expect(await list(line), line).toMatchObject({ code: 0 });
      const file = readFileSync(join(folder, /-o (\S+)/.exec(line)?.[1] as string), 'utf8');
      expect(file).toContain(`Symmetry: ${symmetry}\n`);
      expect(file).not.toContain('cell');
    }
    for (const [line, words] of [
      ['convert bare.hkl -o x.hkl --highres 5', /does not state its cell/],
      ['convert bare.hkl -o x.mtz', /does not state its cell/],
      ['convert bare.hkl -o x.hkl -y -1 --reindex h,k,h+l', /does not state its cell/],
    ] as const) {
      const { code, err } = await list(line);
      expect([code, err], line).toEqual([2, expect.stringMatching(words)]);
    }
  });

  test('take axes that begin with a minus', async () => {
    const { out, code } = await run('cell', 'transform', '80,40,60,90,105,90,C', '-a-c,b,a');
    expect([code, out]).toEqual([0, expect.stringMatching(/^-a-c,b,a: A 86\.691 [\s\S]*indices become -h-l,k,h/)]);
  });

  test('refuse amplitudes that are written nowhere', async () => {
    const { err, code } = await run('merge', 'none.stream', '-y', '4/m', '--french-wilson', '-o', 'x.hkl');
    expect([code !== 0, err]).toEqual([true, expect.stringMatching(/add --mtz FILE or --cif FILE|none\.stream/)]);
    expect(readFileSync(join(folder, 'a.mtz')).length).toBeGreaterThan(0);
  });
});
