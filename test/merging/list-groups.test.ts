/** What a point group averages in a list that was merged in another one, against sets that are made one by one. */
import { describe, expect, test } from 'vitest';
import { readCell } from '../../dist/index.node.js';
import {
  checkReflections,
  compareReflections,
  convertReflections,
  formatReflections,
  frenchWilson,
  readReflections,
} from '../../dist/merging.js';
import { joinedWords } from '../../src/merging/reflections/equivalents.js';
import { cell, drawn, listOf } from './drawn-lists.js';

type Indices = readonly [number, number, number];
type Operation = (indices: Indices) => Indices;

const two: Operation = ([h, k, l]) => [-h, -k, l];
const alongA: Operation = ([h, k, l]) => [h, -k, -l];
const alongB: Operation = ([h, k, l]) => [-h, k, -l];
const four: Operation = ([h, k, l]) => [-k, h, l];
const diagonal: Operation = ([h, k, l]) => [k, l, h];
const three: Operation = ([h, k, l]) => [k, -h - k, l];
const exchange: Operation = ([h, k, l]) => [k, h, -l];
const other: Operation = ([h, k, l]) => [-k, -h, -l];

/** Laue groups in the settings of two lattices, by generators beside the inversion. */
const lattices: readonly (readonly [string, Readonly<Record<string, readonly Operation[]>>])[] = [
  [
    '30,30,30,90,90,90',
    {
      '-1': [],
      '2/m': [two],
      '2/m_uaa': [alongA],
      '2/m_uab': [alongB],
      mmm: [two, alongA],
      '4/m': [four],
      '4/m_uaa': [([h, k, l]) => [h, -l, k]],
      '4/mmm': [four, alongA],
      '4/mmm_uab': [([h, k, l]) => [l, k, -h], alongA],
      '-3_R': [diagonal],
      '-3m_R': [diagonal, other],
      'm-3': [two, alongA, diagonal],
      'm-3m': [four, diagonal],
    },
  ],
  [
    '30,30,40,90,90,120',
    {
      '-1': [],
      '2/m': [two],
      '-3': [three],
      '-3m1': [three, exchange],
      '-31m': [three, other],
      '6/m': [three, two],
      '6/mmm': [three, two, exchange],
    },
  ],
];

/** Reflections without special indices. */
const orbits = (): Indices[] =>
  Array.from({ length: 125 }, (_, n): Indices => [1 + (n % 5), 1 + (Math.floor(n / 5) % 5), 1 + Math.floor(n / 25)]);

const keyOf = (indices: Indices): string => indices.map((x) => x + 0).join();

/** All indices that generators and the inversion lead to. */
function orbitOf(first: Indices, generators: readonly Operation[]): Indices[] {
  const found = new Map([[keyOf(first), first]]);
  for (const one of found.values())
    for (const operation of [...generators, ([h, k, l]: Indices): Indices => [-h, -k, -l]]) {
      const next = operation(one);
      if (!found.has(keyOf(next))) found.set(keyOf(next), next);
    }
  return [...found.values()];
}

/** A list with one of the equivalents of each reflection, some left out, of unrelated intensities. */
function unrelated(seed: number, symmetry: string, generators: readonly Operation[]) {
  let state = 2 * seed + 1;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const rows: [number, number, number, number, number][] = [];
  const seen = new Set(['0,0,0']);
  for (let n = 0; n < 125; n++) {
    const indices: Indices = [(n % 5) - 2, (Math.floor(n / 5) % 5) - 2, Math.floor(n / 25) - 2];
    if (seen.has(keyOf(indices))) continue;
    for (const one of orbitOf(indices, generators)) seen.add(keyOf(one));
    if (uniform() > 0.2) rows.push([...indices, -1000 * Math.log(uniform()), 5]);
  }
  return listOf(symmetry, rows);
}

/** By how many reflections an average is shorter: those of one orbit of the asked group are one, with all that they are copies of. */
function joinedBy(list: ReturnType<typeof listOf>, own: readonly Operation[], asked: readonly Operation[]): number {
  const copies = Array.from({ length: list.count }, (_, i) =>
    orbitOf([...list.indices.subarray(3 * i, 3 * i + 3)] as unknown as Indices, own),
  );
  const place = new Map(copies.flatMap((some, i) => some.map((one) => [keyOf(one), i] as const)));
  const orbits = new Map<string, readonly string[]>();
  const orbit = (one: Indices): readonly string[] => {
    const keys = orbits.get(keyOf(one)) ?? orbitOf(one, asked).map(keyOf);
    for (const key of keys) orbits.set(key, keys);
    return keys;
  };
  const seen = new Set<number>();
  let means = 0;
  for (const start of copies.keys()) {
    if (seen.has(start)) continue;
    means++;
    const found = new Set([start]);
    for (const i of found) {
      seen.add(i);
      for (const key of (copies[i] as Indices[]).flatMap(orbit)) {
        const j = place.get(key);
        if (j !== undefined) found.add(j);
      }
    }
  }
  return list.count - means;
}

/** What a conversion says of the averages, whether it is refused or not. */
function wordsOf(list: ReturnType<typeof listOf>, lattice: typeof cell, symmetry: string): string {
  try {
    return convertReflections(list, { cell: lattice, symmetry }).remarks.join();
  } catch (error) {
    return (error as Error).message;
  }
}

/** Pairs of groups of which another number is said than is joined; one of `every` pairs is tried. */
function wronglySaid(every: number): unknown[] {
  const wrong: unknown[] = [];
  let n = 0;
  for (const [axes, groups] of lattices) {
    const lattice = readCell(axes);
    for (const [own, operations] of Object.entries(groups))
      for (const [asked, others] of Object.entries(groups)) {
        if (n++ % every !== 0) continue;
        const list = unrelated(n, own, operations);
        const said = Number(/(\d+) pairs? that (?:is|are) joined/.exec(wordsOf(list, lattice, asked))?.[1] ?? 0);
        const joined = joinedBy(list, operations, others);
        if (said !== joined) wrong.push([own, asked, said, joined]);
      }
  }
  return wrong;
}

describe('what is said to be joined is what two Laue groups join together', () => {
  test('in some of their settings', () => expect(wronglySaid(11)).toEqual([]));
  test('in all of their settings', { tags: 'all' }, () => expect(wronglySaid(1)).toEqual([]));
});

test('a group that contains its neighbour as little as it is contained is refused like one that contains it', () => {
  const list = drawn(33);
  const unlike = /\d+ pairs .* are not equivalent; give 4\/m(, or twin for the mean|$)/;
  for (const symmetry of ['4/mmm', 'mmm', '222']) {
    const refusal = wordsOf(list, cell, symmetry);
    expect([refusal, refusal.includes('or twin')]).toEqual([expect.stringMatching(unlike), symmetry === '4/mmm']);
    expect(() => frenchWilson(list, { cell, symmetry })).toThrow(unlike);
  }
  expect(checkReflections(list, { cell, symmetry: 'mmm' }).remarks.join()).toMatch(
    /averaged .*, and with them those in 4\/m; .*not equivalent/,
  );
  expect(compareReflections(list, list, { cell, symmetry: 'mmm' }).remarks.join()).toMatch(/not equivalent/);
});

test('mates that two groups make equivalent together are said, and no differences of them are compared', () => {
  const rows = orbits().flatMap(([h, k, l], n): [number, number, number, number, number][] => [
    [h, k, l, 900 + n, 5],
    [h, k, -l, 1000 + n, 5],
  ]);
  const list = listOf('mm2', rows);
  const { remarks } = convertReflections(list, { cell, symmetry: '222' });
  expect(remarks.join()).toMatch(/mates were averaged: 222 and mm2 together make them equivalent. Give mm2/);
  expect(compareReflections(list, list, { cell, symmetry: '222' }).overall.anomalousPairs).toBe(0);
  expect(compareReflections(list, list, { cell }).overall.anomalousPairs).toBe(rows.length / 2);
  expect(convertReflections(list, { cell }).remarks).toEqual([]);
  const one = { ...drawn(33), symmetry: '4/m' };
  expect(convertReflections(one, { cell, symmetry: '4' }).remarks.join()).toMatch(
    /has Friedel mates as one: in 4 both/,
  );
});

/** Reflections of 4/m off all axes and planes, those that k,h,-l joins with equal intensities or without relation. */
function general(isEqual: boolean) {
  let state = 5;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const rows: [number, number, number, number, number][] = [];
  for (let h = 1; h < 6; h++)
    for (let k = h + 1; k < 7; k++)
      for (let l = 1; l < 6; l++) {
        const intensity = -1000 * Math.log(uniform());
        rows.push([h, k, l, intensity, 5]);
        rows.push([k, h, l, isEqual ? intensity : -1000 * Math.log(uniform()), 5]);
      }
  return listOf('4/m', rows);
}

describe('how well joined reflections agree does not depend on the group in which a list is written', () => {
  const pattern = /(\d+) pairs that are joined agree with R (\d+\.\d) %.*?(are not equivalent|$)/;
  test.each([
    ['that the crystal makes equivalent', true, ''],
    ['that it does not', false, 'are not equivalent'],
  ])('of reflections %s', (_, isEqual, verdict) => {
    const list = general(isEqual);
    let difference = 0;
    for (let i = 0; i < list.count; i += 2)
      difference += Math.abs((list.intensity[i] as number) - (list.intensity[i + 1] as number));
    const r = ((100 * difference) / list.intensity.reduce((sum, x) => sum + x, 0)).toFixed(1);
    for (const [own, rows] of Object.entries({ 1: 16, '-1': 8, 2: 8, '2/m': 4, 4: 4, '4/m': 2 })) {
      const written = { ...list, ...convertReflections(list, { cell, expand: own }).list };
      expect(written.count).toBe((rows / 2) * list.count);
      const isWhole = own === '1';
      for (const [asked, mates] of [
        ['4/mmm', 1],
        ['422', own.includes('-') || own.includes('m') ? 1 : 2],
        ...(isWhole ? ([['', 2]] as const) : []),
      ] as const) {
        // HKLF 4 states no group: the one that is given is that of its rows.
        const named = asked === '' ? { ...written, symmetry: '422' } : written;
        const [, pairs, found, said] = pattern.exec(wordsOf(named, cell, asked || '422')) ?? [];
        const orbits = list.count / 2;
        const perOrbit = own.includes('-') || own.includes('m') ? rows : rows / 2;
        expect([own, asked, Number(pairs), found, said]).toEqual([
          own,
          asked,
          orbits * mates * (perOrbit - 1),
          r,
          verdict,
        ]);
      }
    }
  });
});

describe('rows that are averaged within a list', () => {
  const pair: [number, number, number, number, number][] = [
    [1, 2, 5, 10, 1],
    [-1, 2, 5, 90, 1],
    [3, 2, 5, 40, 1],
  ];
  test('are said with how they agree, and refused where they contradict each other', () => {
    const list = listOf('mmm', pair);
    const said = /1 pair that is joined agrees with R 80\.0 %, where their errors give 1\.1 %: .*not equivalent/;
    expect(() => convertReflections(list, { cell })).toThrow(said);
    expect(() => frenchWilson(list, { cell })).toThrow(said);
    const checked = checkReflections(list, { cell });
    expect([checked.remarks.join(), checked.isDoubtful]).toEqual([expect.stringMatching(said), true]);
    expect(compareReflections(list, list, { cell }).isDoubtful).toBe(true);
    const agreeing = convertReflections({ ...list, intensity: Float64Array.of(10, 12, 40) }, { cell });
    expect(agreeing.remarks.join()).toMatch(/has 1 row more than reflections in mmm.* R 9\.1 %, where .* 5\.1 %\.$/);
  });

  test('by a reader are compared as they stand in the file', () => {
    const bytes = (text: string | Uint8Array) => new TextEncoder().encode(text as string);
    const row = (i: number, h = 1): string => `${`${h}`.padStart(4)}   2   5${i.toFixed(2).padStart(8)}    1.00   1\n`;
    const { list } = readReflections(bytes(`${row(10)}${row(90)}${row(40, 3)}`), { symmetry: 'mmm' });
    expect([list.count, list.rows?.count]).toEqual([2, 3]);
    expect(() => convertReflections(list, { cell })).toThrow(/1 pair .* R 80\.0 %.*not equivalent/);
    const once = listOf('mmm', [pair[0], pair[2]] as typeof pair);
    const xds = formatReflections(once, 'xds', { cell }).content as string;
    const [first] = /^ .*\n/m.exec(xds.slice(xds.indexOf('!END_OF_HEADER'))) ?? [''];
    const twice = xds.replace(first, `${first}${first.replace('1.000E+01', '9.000E+01')}`);
    expect(twice).not.toBe(xds);
    const read = readReflections(bytes(twice)).list;
    expect(() => convertReflections(read, { cell })).toThrow(/1 pair .* R 80\.0 %.*not equivalent/);
  });
});

test('pairs without a positive mean have no R, and the sentence says so', () => {
  const joined = { pairs: 3, judged: 0, r: Number.NaN, rOfErrors: Number.NaN, unlike: Number.NaN, error: Number.NaN };
  expect(joinedWords(joined)).toBe('3 pairs that are joined are too weak for an R');
});
