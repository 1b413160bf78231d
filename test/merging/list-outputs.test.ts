/** What is written for the next program beside intensities: pictures of tests, amplitudes of mates, observations. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCell } from '../../dist/index.node.js';
import {
  checkReflections,
  checkReport,
  compareReflections,
  compareReport,
  convertReflections,
  formatReflections,
  powderRings,
  readReflections,
} from '../../dist/merging.js';
import { Random } from '../../src/compute/random/random.js';
import { readCif } from '../../src/merging/formats/cif.js';
import { ewaldTogether } from '../support/cli.js';
import { cell, drawn, listOf } from './drawn-lists.js';
import { readMtz } from './mtz-reader.js';

test('a page of the tests has the L-test, moments, the Wilson plot and each axis with absences, and their words', () => {
  // 00l is empty for odd l, as in P 42.
  const list = drawn(51);
  for (let i = 0; i < list.count; i++) {
    const [h, k, l] = list.indices.subarray(3 * i, 3 * i + 3) as unknown as [number, number, number];
    if (h === 0 && k === 0 && l % 2 === 1) list.intensity[i] = 0;
  }
  const check = checkReflections(list, { cell });
  const axis = check.spaceGroups.elements.find(({ condition }) => condition === '00l: l = 2n');
  expect(axis?.along.length).toBe((axis?.absent.count ?? 0) + (axis?.present.count ?? 0));
  expect(
    axis?.along.filter(({ isAbsent }) => isAbsent).every(({ place, share }) => place % 2 === 1 && share === 0),
  ).toBe(true);
  // Blocks of as many reflections each have the moment of all of them, within its error: each is relative to its own mean.
  const { moments, secondMoment, secondMomentError } = check.twinning;
  const ofBlocks = moments.reduce((sum, { value }) => sum + value, 0) / moments.length;
  expect(Math.abs(ofBlocks - secondMoment)).toBeLessThan(secondMomentError);
  const page = checkReport(check, { title: 'a <list>' });
  for (const text of ['a &#60;list', 'Share of pairs below |L|', '&lt;I² − σ²&gt;', 'Wilson plot', '00l: l = 2n'])
    expect(page).toContain(text);
  expect(page).not.toContain('NaN');
});

test('a page of a comparison has CC, R values, the ratio and the errors by shell, and the pairs that differ most', () => {
  const [one, two] = [drawn(57), drawn(57)];
  for (let i = 0; i < two.count; i++) two.intensity[i] = (two.intensity[i] as number) * (1 + 0.2 * Math.sin(i));
  const comparison = compareReflections(one, two, { cell });
  const page = compareReport(comparison, { title: 'a <pair>', about: 'ewald & so on' });
  const shown = ['a &#60;pair', 'ewald &#38; so on', 'Correlation', 'R values', 'within their errors', 'Completeness'];
  for (const text of [...shown, comparison.worst[0]?.indices.join(' ') ?? '?', comparison.overall.cc.toFixed(4)])
    expect(page).toContain(text);
  expect(page).not.toContain('NaN');
  expect(page).not.toContain('differences of mates');
  expect(() => compareReport({} as never)).toThrow(/what compareReflections returns/);
});

test('a wavelength and a cell that a file states stay with the list', () => {
  const list = { ...drawn(58), wavelengthA: 1.25 };
  const { list: made } = convertReflections(list, { cell });
  for (const kind of ['mtz', 'cif', 'xds'] as const) {
    const { content } = formatReflections(made, kind, { cell });
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    expect(readReflections(bytes).list.wavelengthA, kind).toBeCloseTo(1.25, 5);
  }
  const text = formatReflections(made, 'hkl', { cell: { ...cell, centring: 'I' } }).content as string;
  const read = readReflections(new TextEncoder().encode(text));
  expect([read.parameters, read.centring]).toEqual([[52, 52, 44, 90, 90, 90], 'I']);
  // A list of CrystFEL has none.
  const plain = readReflections(new TextEncoder().encode(text.replace(/, cell .*/, '')));
  expect([plain.parameters, plain.centring]).toEqual([undefined, undefined]);
});

test('a wavelength at which no crystal diffracts is refused, whoever states it', () => {
  const list = drawn(59);
  for (const wavelengthA of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e9, 1e-300]) {
    const range = /0\.001 to 50/;
    expect(() => formatReflections(list, 'mtz', { cell, wavelengthA }), `${wavelengthA}`).toThrow(range);
    expect(() => powderRings(cell, { highres: 10, wavelengthA }), `${wavelengthA}`).toThrow(range);
    // Of a list, 0 is that of a file that states none.
    if (wavelengthA !== 0) expect(() => formatReflections({ ...list, wavelengthA }, 'cif', { cell })).toThrow(range);
  }
});

test('amplitudes of mates stand beside those of their mean, with their difference', () => {
  const rows: [number, number, number, number, number][] = [];
  const all = drawn(53);
  for (let i = 0; i < all.count; i++) {
    const [h, k, l] = all.indices.subarray(3 * i, 3 * i + 3) as unknown as [number, number, number];
    const value = all.intensity[i] as number;
    rows.push([h, k, l, value, 20]);
    if (l > 0) rows.push([-h, -k, -l, 1.2 * value + 10, 20]);
  }
  const list = listOf('4', rows);
  const options = { cell, frenchWilson: true } as const;
  const { columns, rows: read } = readMtz(formatReflections(list, 'mtz', options).content as Uint8Array);
  const at = (label: string): number => columns.findIndex((one) => one.label === label);
  expect(columns.filter(({ type }) => 'GLD'.includes(type)).map(({ label }) => label)).toEqual([
    'F(+)',
    'SIGF(+)',
    'F(-)',
    'SIGF(-)',
    'DANO',
  ]);
  let acentric = 0;
  for (const row of read) {
    const [plus, minus, difference, mean] = ['F(+)', 'F(-)', 'DANO', 'F'].map((label) => row[at(label)] as number) as [
      number,
      number,
      number,
      number,
    ];
    if (Number.isNaN(difference)) continue;
    acentric++;
    expect(difference).toBeCloseTo(plus - minus, 4);
    expect(mean).toBeGreaterThan(Math.min(plus, minus) - 0.5);
    expect(mean).toBeLessThan(Math.max(plus, minus) + 0.5);
  }
  expect(acentric).toBeGreaterThan(100);
  const cif = formatReflections(list, 'cif', options).content as string;
  expect(cif).toContain('_refln.pdbx_F_minus_sigma');
  expect(readReflections(new TextEncoder().encode(cif)).list.count).toBe(rows.length);
});

test.each(['P 1 m 1', 'A 1 m 1', 'C 1 m 1', 'P m m 2', 'P 1 2 1'])(
  'of %s the larger amplitude is that of the larger intensity of two mates',
  (spaceGroup) => {
    const [symmetry, operations] =
      spaceGroup === 'P m m 2'
        ? [
            'mm2',
            [
              [-1, 1, 1],
              [1, -1, 1],
              [-1, -1, 1],
            ],
          ]
        : spaceGroup === 'P 1 2 1'
          ? ['2_uab', [[-1, 1, -1]]]
          : ['m_uab', [[1, -1, 1]]];
    const random = new Random(spaceGroup.length + spaceGroup.charCodeAt(0), 7);
    const done = new Set<string>();
    const rows: [number, number, number, number, number][] = [];
    for (let h = -7; h <= 7; h++)
      for (let k = -7; k <= 7; k++)
        for (let l = -7; l <= 7; l++) {
          const isThere = { A: (k + l) % 2 === 0, C: (h + k) % 2 === 0, P: true }[spaceGroup[0] as 'A'];
          if ((h === 0 && k === 0 && l === 0) || !isThere || done.has([h, k, l].join())) continue;
          for (const [x, y, z] of [[1, 1, 1], ...(operations as number[][])] as [number, number, number][])
            done.add([x * h || 0, y * k || 0, z * l || 0].join());
          rows.push([h, k, l, 400 - 300 * Math.log(random.uniform()), 5]);
        }
    const list = { ...listOf(symmetry as string, rows), spaceGroup };
    const options = { cell: readCell(`17,14,16,90,90,90,${spaceGroup[0]}`), frenchWilson: true } as const;
    const { columns, rows: read } = readMtz(formatReflections(list, 'mtz', options).content as Uint8Array);
    const at = (label: string): number => columns.findIndex((one) => one.label === label);
    let acentric = 0;
    for (const row of read) {
      const [plus, minus, f, g] = ['I(+)', 'I(-)', 'F(+)', 'F(-)'].map((label) => row[at(label)] as number) as [
        number,
        number,
        number,
        number,
      ];
      if (!(Math.abs(plus - minus) > 50)) continue;
      acentric++;
      expect(Math.sign(f - g), row.slice(0, 3).join(' ')).toBe(Math.sign(plus - minus));
    }
    expect(acentric).toBeGreaterThan(100);
  },
);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-outputs-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('observations are the same as mmCIF and as MTZ', { tags: 'all' }, async () => {
  const run = (line: string) => ewaldTogether(line.split(' '), { cwd: folder });
  const simulated =
    'simulate frames -o . --images 12 --cell 30,34,38,90,90,90 --symmetry mmm --size 256,256 --domain 300 --pixel 0.2';
  expect((await run(simulated)).code).toBe(0);
  expect((await run('index run.h5 -g run.geom -p run.cell -o a.stream --refine-geometry off')).code).toBeLessThan(2);
  const merged = 'merge a.stream -y mmm -p run.cell -n 1 --no-polarisation --force';
  await run(`${merged} -o a.hkl --unmerged u.mtz`);
  await run(`${merged} -o a.hkl --unmerged u.cif --html m.html`);
  const { columns, rows } = readMtz(readFileSync(join(folder, 'u.mtz')));
  const at = (label: string): number => columns.findIndex((one) => one.label === label);
  const [block] = readCif(readFileSync(join(folder, 'u.cif'), 'utf8'));
  const loop = block?.loops.find(({ names }) => names.includes('_diffrn_refln.intensity_net'));
  const value = (row: readonly string[], item: string): number =>
    Number(row[loop?.names.indexOf(`_diffrn_refln.${item}`) ?? -1]);
  // In order of crystal, indices and intensity: MTZ has single precision, mmCIF seven digits.
  const sorted = (all: readonly (readonly number[])[]): readonly (readonly number[])[] =>
    [...all].sort((a, b) => a.reduce((order, x, i) => order || x - (b[i] as number), 0));
  const own = sorted(
    (loop?.rows ?? []).map((row) => [
      value(row, 'pdbx_image_id'),
      ...['index_h', 'index_k', 'index_l'].map((item) => Math.abs(value(row, item))),
      value(row, 'intensity_net'),
      value(row, 'pdbx_scale_value'),
    ]),
  );
  const other = sorted(
    rows.map((row) => [
      row[at('BATCH')] as number,
      ...row.slice(0, 3).map(Math.abs),
      row[at('I')] as number,
      row[at('SCALE')] as number,
    ]),
  );
  expect(own.length).toBeGreaterThan(100);
  expect(own.map((row) => row.slice(0, 4))).toEqual(other.map((row) => row.slice(0, 4)));
  for (const [i, row] of own.entries())
    for (const place of [4, 5])
      expect(Math.abs((row[place] as number) / (other[i]?.[place] as number) - 1)).toBeLessThan(1e-6);
  // The scale leads to the merged list.
  const { list } = readReflections(readFileSync(join(folder, 'a.hkl')));
  const sums = new Map<string, [number, number]>();
  for (const row of rows) {
    const key = row.slice(0, 3).map(Math.abs).join();
    const [value = 0, error = 0, scale = 0] = ['I', 'SIGI', 'SCALE'].map((label) => row[at(label)]);
    const [sum, weights] = sums.get(key) ?? [0, 0];
    const weight = 1 / (error * scale) ** 2;
    sums.set(key, [sum + weight * value * scale, weights + weight]);
  }
  const ratios = Array.from({ length: list.count }, (_, i) => {
    const [sum, weights] = sums.get(
      list.indices
        .subarray(3 * i, 3 * i + 3)
        .map(Math.abs)
        .join(),
    ) ?? [0, 0];
    return (list.intensity[i] as number) / (sum / weights);
  }).filter((x) => x > 0);
  expect(ratios.sort((a, b) => a - b)[ratios.length >> 1]).toBeCloseTo(1, 1);
  // Positions are those that the stream predicts, in pixels from the beam.
  const stream = readFileSync(join(folder, 'a.stream'), 'utf8');
  const corner = ['x', 'y'].map((axis) => Number(new RegExp(`corner_${axis} = (\\S+)`).exec(stream)?.[1]));
  const predicted = [...stream.matchAll(/^ *-?\d+ +-?\d+ +-?\d+(?: +\S+){4} +(\S+) +(\S+) p0$/gm)].map(([, fs, ss]) => [
    Number(fs) + (corner[0] as number),
    Number(ss) + (corner[1] as number),
  ]);
  expect(predicted.length).toBeGreaterThan(rows.length - 1);
  for (const row of rows.filter((_, i) => i % 7 === 0)) {
    const place = ['XDET', 'YDET'].map((label) => row[at(label)] as number);
    expect(
      Math.min(...predicted.map((one) => Math.hypot(...one.map((x, i) => x - (place[i] as number))))),
    ).toBeLessThan(0.3);
  }
  expect(own.length).toBe(loop?.rows.filter((row) => Number.isFinite(value(row, 'pdbx_detector_x'))).length);
  expect(readFileSync(join(folder, 'm.html'), 'utf8')).toContain('Share of pairs below |L|');
  expect(readCell(readFileSync(join(folder, 'run.cell'), 'utf8')).centring).toBe('P');
});
