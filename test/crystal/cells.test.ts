/** Tools for known cells: how two lattices are related, other axes, rings of a powder, ways to index. */
import { expect, test } from 'vitest';
import { anglesOf, type Cell, cellFromParameters, type KnownCell, lengthsOf, readCell } from '../../dist/index.node.js';
import { cellAmbiguities, compareCells, powderRings, transformCell } from '../../dist/merging.js';
import { Random } from '../../src/compute/random/random.js';
import { combine } from '../../src/crystal/cell.js';
import { centrings } from '../../src/crystal/centring.js';
import { readTriplet, tripletOf } from '../../src/crystal/symmetry/matrices.js';
import { askGemmi, gemmi } from '../merging/gemmi.js';
import { ewaldTogether } from '../support/cli.js';

const parametersOf = (cell: Cell): number[] => [...lengthsOf(cell), ...anglesOf(cell)];
const known = (six: readonly number[], centring = 'P'): KnownCell => readCell(`${six.join()},${centring}`);

/** Products of shears and exchanges: determinant 1, entries of a few. */
function unimodular(random: Random): number[] {
  let m = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  for (let n = 0; n < 4; n++) {
    const [i, j] = [Math.floor(3 * random.uniform()), Math.floor(2 * random.uniform())];
    const other = (i + 1 + j) % 3;
    const sign = random.uniform() < 0.5 ? -1 : 1;
    m = m.map((x, at) => (Math.floor(at / 3) === i ? x + sign * (m[3 * other + (at % 3)] as number) : x));
  }
  return m;
}

/** A cell of a lattice that has this centring. */
function drawn(random: Random, centring: string): KnownCell {
  const [a, b, c] = [0, 1, 2].map(() => 30 + 70 * random.uniform()) as [number, number, number];
  if (centring === 'H') return known([a, a, c, 90, 90, 120], 'H');
  if (centring === 'R')
    return known([a, a, a, 70 + 30 * random.uniform(), 0, 0].map((x, i, all) => (i > 3 ? all[3] : x)) as number[], 'R');
  if (random.uniform() < 0.3) return known([a, a, c, 90, 90, 90], centring);
  const [al, be, ga] = [0, 1, 2].map(() => 80 + 20 * random.uniform()) as [number, number, number];
  return known(
    'PABCIF'.includes(centring) && random.uniform() < 0.5 ? [a, b, c, 90, be, 90] : [a, b, c, al, be, ga],
    centring,
  );
}

test('a cell in other axes, and each of its sublattices, is recognised with a matrix that leads to it', () => {
  const random = new Random(7, 0);
  for (let n = 0; n < 24; n++) {
    const first = drawn(random, centrings[n % centrings.length] as string);
    const index = 1 + (n % 3);
    const axes = combine(unimodular(random), combine([index, 0, 0, 0, 1, 0, 0, 0, 1], first.cell));
    const [p, q, r] = parametersOf(axes);
    if (Math.max(p as number, q as number, r as number) > 600) continue;
    const second: KnownCell = {
      cell: cellFromParameters(...(parametersOf(axes) as [number, number, number, number, number, number])),
      centring: 'P',
    };
    const found = compareCells(first, second, { maxIndex: 12 });
    const points = { P: 1, R: 1, A: 2, B: 2, C: 2, I: 2, F: 4, H: 3 }[first.centring] * index;
    const said = `${n}: ${parametersOf(first.cell)} ${first.centring}, ${parametersOf(axes)}`;
    expect([found.relation, found.indices], said).toEqual([points === 1 ? 'same' : 'sublattice', [points, 1]]);
    const made = parametersOf(combine(found.matrix as number[], first.cell));
    for (const [i, x] of parametersOf(second.cell).entries()) expect(made[i], said).toBeCloseTo(x, 4);
    const back = compareCells(second, first);
    expect([back.relation, back.indices], said).toEqual([points === 1 ? 'same' : 'superlattice', [1, points]]);
  }
});

test('the index, the axes and pseudosymmetry are named, and different lattices are called so', () => {
  const small = readCell('52,52,44,90,90,90');
  const large = compareCells(small, readCell('73.54,73.54,44,90,90,90'));
  expect(large).toMatchObject({ relation: 'sublattice', indices: [2, 1], axes: 'a-b,a+b,c', ways: 8 });
  expect(compareCells(readCell('73.54,73.54,44,90,90,90,C'), small).relation).toBe('same');
  expect(compareCells(small, readCell('60,60,44,90,90,90'))).toMatchObject({ relation: 'different', axes: undefined });
  const nearly = compareCells(readCell('79.1,79.4,38,90,90,90'), readCell('38,79.1,79.4,90,90,90'));
  expect(nearly).toMatchObject({ relation: 'same', axes: 'c,a,b', ways: 8 });
  expect(nearly.lattices[0].type).toBe('tP');
  expect(nearly.lattices[0].distortion).toBeGreaterThan(1e-3);
  // Not within half of the tolerance.
  expect(compareCells(small, readCell('52.5,52,44,90,90,90'), { lengthTolerance: 0.5 }).relation).toBe('different');
  expect(compareCells(small, readCell('52.5,52,44,90,90,90')).relation).toBe('same');
});

test('new axes keep the lattice, name its centring and go back', () => {
  const tetragonal = readCell('52,52,44,90,90,90');
  const turned = transformCell(tetragonal, 'a-b, a+b, c');
  expect(turned).toMatchObject({ determinant: 2, reindex: 'h-k,h+k,l' });
  expect(turned.known.centring).toBe('C');
  const back = transformCell(turned.known, '1/2a+1/2b,-a/2+1/2b,c');
  expect(back.known.centring).toBe('P');
  expect(back.reindex).toBeUndefined();
  for (const [i, x] of parametersOf(tetragonal.cell).entries()) expect(back.parameters[i]).toBeCloseTo(x, 10);
  const cubic = readCell('100,100,100,90,90,90,F');
  expect(transformCell(cubic, '1/2a+1/2b,-1/2a+1/2b,c').known.centring).toBe('I');
  expect(transformCell(cubic, '-1/2a+1/2b,-1/2b+1/2c,a+b+c').known.centring).toBe('H');
  expect(
    transformCell(readCell('40,40,90,90,90,120,H'), '2/3a+1/3b+1/3c,-1/3a+1/3b+1/3c,-1/3a-2/3b+1/3c').known.centring,
  ).toBe('R');
  expect(transformCell(tetragonal, 'a,b,-c')).toMatchObject({ determinant: -1, reindex: 'h,k,-l' });
});

test('axes of another lattice, in a plane or of no sense are refused with what to type', () => {
  const cell = readCell('52,52,44,90,90,90');
  expect(() => transformCell(cell, '2a,b,c')).toThrow(
    /determinant 2: their cell holds 2 points.*such as a,b,-c, or newLattice/,
  );
  expect(() => transformCell(cell, '1/2a,b,c')).toThrow(/are not vectors of the P lattice/);
  expect(transformCell(cell, '2a,b,c', { newLattice: true }).parameters[0]).toBeCloseTo(104, 10);
  expect(() => transformCell(cell, 'a,b,a+b')).toThrow(/lie in a plane/);
  expect(() => transformCell(cell, 'h,k,l')).toThrow(/"h,k,l"; expected three sums of a, b and c/);
  expect(() => transformCell(readCell('40,40,90,90,90,120,H'), '-a,-b,c')).toThrow(
    /reverse setting; expected the obverse one/,
  );
});

const program = `
import gemmi
for six, name, dmin in [((5.431,5.431,5.431,90,90,90),'F d -3 m',1),((30,30,40,90,90,120),'R 3 2:H',4),((37,45,53,90,97,90),'P 1 21/c 1',6),((41,41,60,90,90,90),'I 41/a',5),((20,30,40,90,90,90),'A b a 2',4)]:
    cell, sg = gemmi.UnitCell(*six), gemmi.SpaceGroup(name)
    ops = sg.operations()
    seen = set()
    out = []
    for h in range(-14, 15):
        for k in range(-14, 15):
            for l in range(-14, 15):
                if (h, k, l) == (0, 0, 0) or cell.calculate_d([h, k, l]) < dmin or ops.is_systematically_absent([h, k, l]) or (h, k, l) in seen: continue
                orbit = set()
                for op in ops.sym_ops:
                    x = tuple(op.apply_to_hkl([h, k, l]))
                    orbit |= {x, tuple(-v for v in x)}
                seen |= orbit
                out.append((-cell.calculate_d([h, k, l]), len(orbit)))
    print(' '.join('%.6f:%d' % (-d, n) for d, n in sorted(out)))
`;

test.skipIf(!gemmi)('rings of a powder are those that gemmi has, with their multiplicities', () => {
  const cases = [
    ['5.431,5.431,5.431,90,90,90,F', 'Fd-3m', 1, 'm-3m'],
    ['30,30,40,90,90,120,H', 'H 3 2', 4, '321_H'],
    ['37,45,53,90,97,90', 'P21/c', 6, '2/m'],
    ['41,41,60,90,90,90,I', 'I 41/a', 5, '4/m'],
    ['20,30,40,90,90,90,A', 'A b a 2', 4, 'mm2'],
  ] as const;
  const lines = askGemmi(program).split('\n');
  for (const [n, [cell, spaceGroup, highres, symmetry]] of cases.entries()) {
    const rings = powderRings(readCell(cell), { spaceGroup, highres, symmetry });
    const ours = rings.map(({ d, multiplicity }) => `${d.toFixed(6)}:${multiplicity}`).sort();
    expect(ours.length).toBeGreaterThan(8);
    expect(ours, cell).toEqual((lines[n] as string).split(' ').sort());
  }
});

test('a ring has the scattering angle of Bragg, and impossible limits are refused', () => {
  const gold = readCell('4.0782,4.0782,4.0782,90,90,90,F');
  const [first] = powderRings(gold, { highres: 0.9, wavelengthA: 1.5406 });
  expect(first).toMatchObject({ indices: [1, 1, 1], multiplicity: 8 });
  // PDF 04-0784 has 38.18° with a cell of 4.0786 Å.
  expect(first?.twoTheta).toBeCloseTo(38.19, 2);
  expect(() => powderRings(gold, { highres: 0.5, wavelengthA: 1.5 })).toThrow(/nothing below 0.75 angstrom diffracts/);
  expect(() => powderRings(gold, { highres: 3, lowres: 2 })).toThrow(/the first is the larger one/);
  expect(() => powderRings(gold, { spaceGroup: 'P 21 21 21' })).toThrow(
    /whose centring is P, and that of the cell is F/,
  );
  expect(() => powderRings(readCell('900,900,900,90,90,90'), { highres: 1 })).toThrow(/raise highres/);
});

test('ways to index are named with what they do to the cell, for a group and for its rotations alike', {
  tags: 'all',
}, () => {
  const cell = readCell('79.1,79.1,38,90,90,90');
  for (const symmetry of ['4/m', '4'])
    expect(cellAmbiguities(cell, { symmetry }).ways).toMatchObject([
      { operation: 'h,k,l', isExact: true },
      { operation: 'k,h,-l', isExact: true },
    ]);
  expect(cellAmbiguities(cell, { symmetry: '4/mmm' }).ways.length).toBe(1);
  const nearly = cellAmbiguities(readCell('79.1,79.4,38,90,90,90'), { symmetry: '222' });
  expect(nearly.ways[1]).toMatchObject({ operation: 'k,h,-l', isExact: false });
  expect(nearly.ways[1]?.lengths).toBeCloseTo(0.379, 3);
  expect(
    cellAmbiguities(readCell('79.1,79.4,38,90,90,90'), { symmetry: '222', lengthTolerance: 0.3 }).ways.length,
  ).toBe(1);
  // A hexagonal lattice in orthogonal axes: its threefold axis is no whole matrix there.
  expect(cellAmbiguities(readCell('30,51.9615,40,90,90,90,C'), { symmetry: 'mmm' })).toMatchObject({
    latticeRotations: 12,
    otherRotations: 8,
  });
  expect(() => cellAmbiguities(readCell('79.1,84,38,90,90,90'), { symmetry: '4/m' })).toThrow(
    /does not have the symmetry 4\/m/,
  );
});

test('the commands stand beside the search for a cell, whose flags are not theirs', async () => {
  const compare = await ewaldTogether(['cell', 'compare', '52,52,44,90,90,90', '73.54,73.54,44,90,90,90']);
  expect(compare).toMatchObject({ code: 0 });
  expect(compare.out).toMatch(/is a sublattice of .* with index 2: its axes are a-b,a\+b,c/);
  const json = await ewaldTogether(['cell', 'compare', '52,52,44,90,90,90', '60,60,44,90,90,90', '--json']);
  expect([json.code, JSON.parse(json.out).relation]).toEqual([1, 'different']);
  const early = await ewaldTogether(['cell', '--json', 'compare', '52,52,44,90,90,90', '60,60,44,90,90,90']);
  expect(early).toMatchObject({ code: 2 });
  expect(early.err).toMatch(/--json stands before compare, whose flags follow it/);
});

test('an operation on indices is written and read with its numbers', () => {
  const random = new Random(3, 0);
  for (let n = 0; n < 50; n++) {
    const m = Array.from({ length: 9 }, () => random.below(7) - 3);
    const isWhole = [0, 1, 2].every((column) => [0, 3, 6].some((row) => m[row + column] !== 0));
    expect(isWhole ? readTriplet(tripletOf(m)) : m).toEqual(m);
  }
  expect(tripletOf([1, 0, -2, 0, 1, 0, 0, 0, -1])).toBe('h,k,-2h-l');
  for (const text of ['h,k', 'h,k,2', 'h,k,l*2', '1/2h,k,l', 'h,,l']) expect(readTriplet(text), text).toBeUndefined();
});
