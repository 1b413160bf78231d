/** Point groups, asymmetric units and indexing ambiguities, compared with the International Tables and CCP4. */
import { describe, expect, test } from 'vitest';
import { cellFromParameters } from '../../dist/index.node.js';
import { isAbsent } from '../../src/crystal/centring.js';
import {
  ccp4Unit,
  centric,
  epsilon,
  type Indices,
  isRepresentative,
  representative,
  transformed,
} from '../../src/crystal/symmetry/asymmetric-unit.js';
import {
  generateGroup,
  inverse,
  operationKey,
  operationOf,
  product,
  tripletOf,
} from '../../src/crystal/symmetry/matrices.js';
import {
  isTurnable,
  laueGroup,
  laueName,
  pointGroup,
  pointGroupNames,
  rotationsOf,
} from '../../src/crystal/symmetry/point-group.js';
import { indexingAmbiguities, latticeRotations } from '../../src/crystal/symmetry/settings.js';
import {
  hasPointGroup,
  parseOperator,
  spaceGroup,
  spaceGroupNames,
  symmorphicGroup,
} from '../../src/crystal/symmetry/space-group.js';
import { askGemmi, gemmi } from './gemmi.js';

/** Orders of the point groups, International Tables A, table 10.1.1. */
const orders: Record<string, number> = {
  '1': 1,
  '-1': 2,
  '2': 2,
  m: 2,
  '2/m': 4,
  '222': 4,
  mm2: 4,
  mmm: 8,
  '4': 4,
  '-4': 4,
  '4/m': 8,
  '422': 8,
  '4mm': 8,
  '-42m': 8,
  '-4m2': 8,
  '4/mmm': 16,
  '3_H': 3,
  '-3_H': 6,
  '321_H': 6,
  '312_H': 6,
  '3m1_H': 6,
  '31m_H': 6,
  '-3m1_H': 12,
  '-31m_H': 12,
  '3_R': 3,
  '-3_R': 6,
  '32_R': 6,
  '3m_R': 6,
  '-3m_R': 12,
  '6': 6,
  '-6': 6,
  '6/m': 12,
  '622': 12,
  '6mm': 12,
  '-62m': 12,
  '-6m2': 12,
  '6/mmm': 24,
  '23': 12,
  'm-3': 24,
  '432': 24,
  '-43m': 24,
  'm-3m': 48,
};

const within = (most: number): Indices[] => {
  const all: Indices[] = [];
  for (let h = -most; h <= most; h++)
    for (let k = -most; k <= most; k++) for (let l = -most; l <= most; l++) all.push([h, k, l]);
  return all;
};

test('every point group has the correct order, and is closed', { tags: 'all' }, () => {
  expect([...pointGroupNames].sort()).toEqual(Object.keys(orders).sort());
  for (const name of pointGroupNames) {
    const { operations } = pointGroup(name);
    expect(operations.length, name).toBe(orders[name]);
    const keys = new Set(operations.map(operationKey));
    for (const a of operations)
      for (const b of operations) expect(keys.has(operationKey(product(a, inverse(b))))).toBe(true);
  }
});

test('a permuted unique axis keeps its own index in place', () => {
  for (const [axis, at] of [
    ['a', 0],
    ['b', 1],
    ['c', 2],
  ] as const) {
    const rotation = pointGroup(`2_ua${axis}`).operations[1] ?? [];
    expect(
      rotation.map((x, i) => (i % 4 === 0 ? x : 0)),
      axis,
    ).toEqual([0, 1, 2].flatMap((i) => [0, 1, 2].map((j) => (i !== j ? 0 : i === at ? 1 : -1))));
    expect(pointGroup(`4_ua${axis}`).operations.every((m) => Math.abs(m[4 * at] ?? 0) === 1)).toBe(true);
  }
});

test.for([
  ['4/mm', '"4/m" or "4/mmm"?'],
  ['6/mm', '"6/m" or "6/mmm"?'],
  ['m3m', '"m-3m"?'],
  ['43m', '"-43m"?'],
  ['42m', '"-42m"?'],
  ['32_H', '"321_H" or "312_H"?'],
  ['-3m_H', '"-3m1_H" or "-31m_H"?'],
] as const)('"%s" suggests the groups with its rotations and its plane: %s', ([name, suggested]) => {
  expect(() => pointGroup(name)).toThrow(`symmetry "${name}" is not a point group; did you mean ${suggested}`);
});

test.for(['4/', 'P4', '2/m_uad', 'mmm_uab', 'm-3_uaa', '', '4_H'])('"%s" is not a point group', (name) => {
  expect(() => pointGroup(name)).toThrow(expect.objectContaining({ tag: 'Argument' }));
});

test('triplets are read and written consistently', () => {
  for (const text of ['h,k,l', '-k,h,l', 'k,h,-l', '-h,-k,l']) expect(tripletOf(operationOf(text))).toBe(text);
  expect(transformed([1, 2, 5], operationOf('k,i,l'))).toEqual([2, -3, 5]);
});

test('equivalent reflections have one representative, which is one of them', () => {
  const wrong: string[] = [];
  for (const name of pointGroupNames) {
    const group = pointGroup(name);
    for (const indices of within(2)) {
      const own = representative(indices, group);
      const orbit = group.operations.map((operation) => transformed(indices, operation));
      if (isRepresentative(indices, group) !== (own.join() === indices.join()))
        wrong.push(`${name} ${indices}: is it?`);
      if (!orbit.some((other) => other.join() === own.join())) wrong.push(`${name} ${indices}: not one of them`);
      for (const other of orbit)
        if (representative(other, group).join() !== own.join()) wrong.push(`${name} ${indices}: ${other}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("CrystFEL's representative has no negative index if possible, and the largest first index", () => {
  expect(representative([-8, -15, -15], pointGroup('4/m'))).toEqual([8, 15, 15]);
  expect(representative([-1, -2, -3], pointGroup('-1'))).toEqual([1, 2, 3]);
  expect(representative([-1, 2, -3], pointGroup('-1'))).toEqual([1, -2, 3]);
});

test("each orbit has one member in CCP4's asymmetric unit, and only mates need the inversion", { tags: 'all' }, () => {
  let settings = 0;
  const wrong: string[] = [];
  for (const name of [...pointGroupNames, '2_uab', '2/m_uab', '2/m_uaa']) {
    const group = pointGroup(name);
    const place = ccp4Unit(group);
    if (!place) continue;
    settings++;
    const laue = laueGroup(group);
    for (const indices of within(2)) {
      const { indices: own, mate } = place(indices);
      for (const operation of laue.operations)
        if (place(transformed(indices, operation)).indices.join() !== own.join()) wrong.push(`${name} ${indices}`);
      const opposite = place([-indices[0], -indices[1], -indices[2]]).mate;
      if (mate && opposite) wrong.push(`${name} ${indices}: both are mates`);
      // With an inversion, none is apart from its mate.
      const isAlone = group.centrosymmetric || centric(indices, group);
      if (!isAlone && mate === opposite) wrong.push(`${name} ${indices}: neither is a mate`);
      if (isAlone && mate) wrong.push(`${name} ${indices} is centric and a mate`);
    }
  }
  expect(wrong).toEqual([]);
  expect(settings).toBe(45);
});

test('epsilon times the distinct members is the order of the rotations', () => {
  const group = pointGroup('4/mmm');
  expect(epsilon([0, 0, 2], group)).toBe(4);
  expect(epsilon([1, 1, 0], group)).toBe(2);
  expect(epsilon([1, 2, 3], group)).toBe(1);
});

describe('ways to index', () => {
  const hexagonal = cellFromParameters(60, 60, 90, 90, 90, 120);
  const tetragonal = cellFromParameters(62.5, 62.5, 44.2, 90, 90, 90);
  const cubic = cellFromParameters(60, 60, 60, 90, 90, 90);
  test.for([
    ['4/m', tetragonal, ['h,k,l', 'k,h,-l']],
    ['-4', tetragonal, ['h,k,l', 'k,h,-l']],
    ['4/mmm', tetragonal, ['h,k,l']],
    ['6', hexagonal, ['h,k,l', 'k,h,-l']],
    ['622', hexagonal, ['h,k,l']],
    ['23', cubic, ['h,k,l', 'k,h,-l']],
    ['432', cubic, ['h,k,l']],
  ] as const)('%s has those of the tables', ([name, cell, ways]) => {
    expect(indexingAmbiguities(latticeRotations(cell), pointGroup(name)).map(tripletOf)).toEqual(ways);
  });

  test('trigonal groups have four and two', () => {
    const ways = (name: string): number => indexingAmbiguities(latticeRotations(hexagonal), pointGroup(name)).length;
    expect(['3', '321', '312'].map(ways)).toEqual([4, 2, 2]);
  });

  test('accidental ones are found: orthorhombic with two similar lengths, monoclinic with a right angle', () => {
    const ways = (cell: number[], name: string): number =>
      indexingAmbiguities(
        latticeRotations(cellFromParameters(...(cell as [number, number, number, number, number, number]))),
        pointGroup(name),
      ).length;
    expect(ways([50, 50.4, 80, 90, 90, 90], 'mmm')).toBe(2);
    expect(ways([50, 53, 80, 90, 90, 90], 'mmm')).toBe(1);
    expect(ways([50, 60, 80, 90, 90.5, 90], '2/m_uab')).toBe(2);
    expect(ways([50, 60, 80, 90, 97, 90], '2/m_uab')).toBe(1);
  });

  test('the ways combined with the group give all rotations of the lattice', () => {
    const rotations = latticeRotations(cubic);
    const ways = indexingAmbiguities(rotations, pointGroup('2_uab'));
    expect(ways).toHaveLength(12);
    expect(generateGroup(rotations)).toHaveLength(24);
  });
});

test('symmorphic space groups have the operators of their point groups and centring', () => {
  expect(symmorphicGroup(pointGroup('4/m'), 'P')).toMatchObject({ name: 'P 4', number: 75, primitive: 4 });
  expect(symmorphicGroup(pointGroup('4/mmm'), 'I')).toMatchObject({ name: 'I 4 2 2', number: 97, primitive: 8 });
  expect(symmorphicGroup(pointGroup('4/mmm'), 'I')?.operators).toHaveLength(16);
  expect(symmorphicGroup(pointGroup('-3m1_H'), 'H')).toMatchObject({ name: 'H 3 2', number: 155, pointGroup: 'PG32' });
  expect(symmorphicGroup(pointGroup('mmm'), 'A')).toMatchObject({ name: 'A 2 2 2', number: 21 });
  expect(symmorphicGroup(pointGroup('2/m'), 'B')).toMatchObject({ name: 'B 1 1 2', number: 5 });
  expect(symmorphicGroup(pointGroup('2/m_uaa'), 'P')).toMatchObject({ name: 'P 2 1 1', number: 3 });
  expect(symmorphicGroup(pointGroup('4'), 'P')?.operators).toContain('-Y,X,Z');
  expect(laueName(pointGroup('2_uab'))).toBe('2/m_uab');
});

/** Every point group in every setting, with every centring. */
const settingsWithCentrings = pointGroupNames
  .flatMap((name) => [name, ...(isTurnable(name) ? [`${name}_uaa`, `${name}_uab`] : [])])
  .flatMap((name) => (['P', 'A', 'B', 'C', 'I', 'F', 'H', 'R'] as const).map((centring) => [name, centring] as const));

test('every symmorphic group is closed, has the order of its rotations, and leaves its lattice as it is', {
  tags: 'all',
}, () => {
  let found = 0;
  for (const [name, centring] of settingsWithCentrings) {
    const group = pointGroup(name);
    const space = symmorphicGroup(group, centring);
    if (!space) continue;
    found++;
    const own = rotationsOf(laueGroup(group)).map(String);
    const all = space.operators.map(parseOperator);
    const keys = new Set(all.map(String));
    expect(space.name[0], name).toBe(centring);
    expect(
      [
        ...new Set(
          all.map((one) =>
            one
              .slice(0, 9)
              .map((x) => x + 0)
              .join(),
          ),
        ),
      ].sort(),
      name,
    ).toEqual(own.sort());
    for (const a of all) {
      // Without screw axes, the translation of every operator belongs to the lattice, so that it is one by itself.
      expect(keys.has([1, 0, 0, 0, 1, 0, 0, 0, 1, ...a.slice(9)].join()), `${name} ${centring}`).toBe(true);
      for (const b of all) {
        const shift = [0, 1, 2].map((row) =>
          [0, 1, 2].reduce((sum, i) => sum + (a[3 * row + i] ?? 0) * (b[9 + i] ?? 0), a[9 + row] ?? 0),
        );
        const both = [...product(a.slice(0, 9), b.slice(0, 9)), ...shift.map((x) => ((x % 24) + 24) % 24)];
        expect(keys.has(both.join()), `${name} ${centring}`).toBe(true);
      }
    }
    // A lattice point is absent in the sense of the centring for no reflection.
    for (const indices of within(2))
      if (!isAbsent(centring, ...indices))
        for (const one of all)
          expect(Math.abs(indices.reduce((sum, x, i) => sum + x * (one[9 + i] ?? 0), 0) % 24)).toBe(0);
  }
  expect(found).toBeGreaterThan(60);
});

/** The point groups that the letters of the names give, by number of the space group. */
const familyOf = (number: number): string =>
  [
    [1, '1'],
    [5, '2_uab'],
    [24, '222'],
    [80, '4'],
    [98, '422'],
    [146, '3'],
    [155, ''],
    [173, '6'],
    [182, '622'],
    [199, '23'],
    [214, '432'],
  ]
    .find(([last]) => number <= Number(last))?.[1]
    ?.toString() ?? '';

test('the operators of every space group are closed, and their rotations equal those of its point group', {
  tags: 'all',
}, () => {
  expect(new Set(spaceGroupNames.map((name) => spaceGroup(name).number)).size).toBe(65);
  for (const name of spaceGroupNames) {
    const found = spaceGroup(name);
    const { operators, primitive, number } = found;
    const points = { P: 1, C: 2, I: 2, F: 4, H: 3 }[name[0] as 'P'];
    expect(operators, name).toHaveLength(points * primitive);
    const all = operators.map(parseOperator);
    const keys = new Set(all.map(String));
    expect(keys.size, name).toBe(operators.length);
    for (const a of all.slice(0, primitive))
      for (const b of all.slice(0, primitive)) {
        const rotation = product(a.slice(0, 9), b.slice(0, 9));
        const shift = [0, 1, 2].map((row) => {
          const sum = [0, 1, 2].reduce((s, i) => s + (a[3 * row + i] ?? 0) * (b[9 + i] ?? 0), a[9 + row] ?? 0);
          return ((sum % 24) + 24) % 24;
        });
        expect(keys.has([...rotation, ...shift].join()), `${name}: ${a} after ${b}`).toBe(true);
      }
    const family = familyOf(number) || (/1$/.test(name) || name === 'H 3 2' ? '321' : '312');
    expect(hasPointGroup(found, pointGroup(family), name[0] as 'P'), name).toBe(true);
  }
});

test('a space group is found by its name in any spelling, and by its number', () => {
  for (const name of ['P 43 21 2', 'p43212', 'P43 21 2', '96']) expect(spaceGroup(name).number).toBe(96);
  expect(spaceGroup('P21').name).toBe('P 1 21 1');
  expect(spaceGroup('R32').name).toBe('H 3 2');
  expect(() => spaceGroup('P 4/m')).toThrow(expect.objectContaining({ tag: 'Argument' }));
  expect(hasPointGroup(spaceGroup('P 41'), pointGroup('4/mmm'), 'P')).toBe(false);
  expect(hasPointGroup(spaceGroup('I 41'), pointGroup('4/m'), 'P')).toBe(false);
});

test.skipIf(!gemmi)(
  `space groups are those of gemmi${gemmi ? '' : ' (absent: gemmi is not installed)'}`,
  { tags: 'all' },
  () => {
    const program = `
import sys, json, gemmi
for name, number, operators in json.load(sys.stdin):
    theirs = gemmi.find_spacegroup_by_name(name)
    mine = {gemmi.Op(o.lower()).wrap().triplet() for o in operators}
    if theirs.number != number or mine != {o.wrap().triplet() for o in theirs.operations()}: print(name)
`;
    const symmorphic = settingsWithCentrings.flatMap(
      ([name, centring]) => symmorphicGroup(pointGroup(name), centring) ?? [],
    );
    const groups = [...spaceGroupNames.map(spaceGroup), ...symmorphic].map(({ name, number, operators }) => [
      // The letter R is that of rhombohedral axes here, as in CCP4.
      name.startsWith('R') ? `${name}:R` : name,
      number,
      operators,
    ]);
    expect(askGemmi(program, JSON.stringify(groups))).toBe('');
  },
);
