/** What a point group averages in a list that was merged in another one, against sets that are made one by one. */
import { describe, expect, test } from 'vitest';
import { readCell } from '../../dist/index.node.js';
import { checkReflections, compareReflections, convertReflections, frenchWilson } from '../../dist/merging.js';
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
        const said = Number(/(\d+) pairs that are joined/.exec(wordsOf(list, lattice, asked))?.[1] ?? 0);
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
