import { describe, expect, it } from 'vitest';
import { Random } from '../../src/compute/random/random.js';
import {
  anglesOf,
  type Cell,
  cellFromParameters,
  combine,
  lengthsOf,
  reciprocal,
  sameLattice,
  volume,
} from '../../src/crystal/cell.js';
import { formatCellFile, parseCellText, readCell } from '../../src/crystal/cell-file.js';
import { centrings, conventionalMatrix, primitiveOf } from '../../src/crystal/centring.js';
import { latticeBend, misorientation } from '../../src/crystal/lattice-match.js';
import { rotateRandomly } from '../../src/simulate/spots.js';

const triclinic = cellFromParameters(50, 62, 73, 82, 77, 71);
const rotate = (cell: Cell, degrees: number): Cell => {
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return cell.map(([x, y, z]) => [c * x - s * y, s * x + c * y, z]) as unknown as Cell;
};

describe('cells', () => {
  it('keep their parameters', () => {
    expect(lengthsOf(triclinic).map((x) => x.toFixed(9))).toEqual(['50.000000000', '62.000000000', '73.000000000']);
    expect(anglesOf(triclinic).map((x) => x.toFixed(9))).toEqual(['82.000000000', '77.000000000', '71.000000000']);
  });

  it('have a reciprocal cell with unit products', () => {
    const dual = reciprocal(triclinic);
    triclinic.forEach((a, i) => {
      dual.forEach((b, j) => {
        expect(a[0] * b[0] + a[1] * b[1] + a[2] * b[2]).toBeCloseTo(i === j ? 1 : 0, 12);
      });
    });
    expect(volume(dual)).toBeCloseTo(1 / volume(triclinic), 12);
  });

  it('recognise their lattice in another basis, and no other lattice', () => {
    const other = combine([1, 1, 0, 0, 1, 0, 0, -2, 1], triclinic);
    expect(sameLattice(other, triclinic)).toBe(true);
    expect(sameLattice(combine([2, 0, 0, 0, 1, 0, 0, 0, 1], triclinic), triclinic)).toBe(false);
    expect(sameLattice(rotate(triclinic, 12), triclinic)).toBe(false);
  });

  it('give the rotation between two orientations', () => {
    expect(misorientation(rotate(triclinic, 1.25), triclinic)).toBeCloseTo(1.25, 6);
    expect(misorientation(rotate(combine([1, 1, 0, 0, 1, 0, 0, 0, 1], triclinic), 0.5), triclinic)).toBeCloseTo(0.5, 6);
  });

  it.each([
    [[0, 50, 60, 90, 90, 90], 'lengths must be positive'],
    [[40, 50, 60, 90, 90, 0], 'angles must lie'],
    [[40, 50, 60, 30, 30, 120], 'zero volume'],
  ])('refuse %j', (parameters, message) => {
    expect(() => cellFromParameters(...(parameters as [number, number, number, number, number, number]))).toThrow(
      message,
    );
  });
});

describe('the misorientation of two lattices', () => {
  const random = new Random(3, 0);
  const about = (cell: Cell, axis: 0 | 1 | 2, degrees: number): Cell => {
    const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    const [i, j] = [(axis + 1) % 3, (axis + 2) % 3];
    return cell.map((row) => {
      const out = [...row];
      out[i] = c * (row[i] ?? 0) - s * (row[j] ?? 0);
      out[j] = s * (row[i] ?? 0) + c * (row[j] ?? 0);
      return out;
    }) as unknown as Cell;
  };
  const tetragonal = cellFromParameters(79.1, 79.1, 38.1, 90, 90, 90);
  const hexagonal = cellFromParameters(62, 62, 98, 90, 90, 120);
  const cubic = cellFromParameters(78, 78, 78, 90, 90, 90);

  it.each([
    ['tetragonal, 45° about c', tetragonal, 2, 45, 45],
    ['tetragonal, 90° about c', tetragonal, 2, 90, 0],
    ['tetragonal, 100° about c', tetragonal, 2, 100, 10],
    ['tetragonal, 90° about a', tetragonal, 0, 90, 90],
    ['tetragonal, 180° about a', tetragonal, 0, 180, 0],
    ['hexagonal, 60° about c', hexagonal, 2, 60, 0],
    ['hexagonal, 30° about c', hexagonal, 2, 30, 30],
    ['cubic, 130° about b', cubic, 1, 130, 40],
    ['triclinic, 170° about b', triclinic, 1, 170, 170],
    ['triclinic, 180° about c', triclinic, 2, 180, 180],
  ] as [string, Cell, 0 | 1 | 2, number, number][])('%s', (_, cell, axis, turned, expected) => {
    expect(misorientation(about(cell, axis, turned), cell)).toBeCloseTo(expected, 6);
    expect(misorientation(combine([1, 1, 0, 0, -1, 0, 0, 3, 1], about(cell, axis, turned)), cell)).toBeCloseTo(
      expected,
      6,
    );
  });

  it('is never NaN, symmetric, and 0 for the lattice itself in any basis', () => {
    for (let i = 0; i < 60; i++) {
      const cell = [triclinic, tetragonal, hexagonal, cubic][i % 4] as Cell;
      const [p, q] = [rotateRandomly(cell, random), rotateRandomly(cell, random)];
      const angle = misorientation(p, q);
      expect(angle).toBeGreaterThanOrEqual(0);
      expect(angle).toBeLessThanOrEqual(180);
      expect(misorientation(q, p)).toBeCloseTo(angle, 6);
      expect(misorientation(combine([0, 1, 0, 1, 1, 0, 2, 0, -1], p), p)).toBeLessThan(1e-5);
    }
  });

  it('distinguishes an H lattice from the one turned by 180° about c, and tolerates measured errors', () => {
    const h = cellFromParameters(81, 81, 150, 90, 90, 120);
    expect(misorientation(about(h, 2, 180), h)).toBeLessThan(1e-5);
    expect(misorientation(about(h, 2, 180), h, { centring: 'H' })).toBeCloseTo(60, 6);
    expect(misorientation(about(h, 2, 120), h, { centring: 'H' })).toBeLessThan(1e-5);
    const noisy = about(tetragonal, 2, 91).map((row) => row.map((x) => x * (1 + 0.003 * random.normal()))) as never;
    expect(misorientation(noisy, tetragonal)).toBeCloseTo(1, 0);
  });

  it('refuses lattices that are not similar', () => {
    expect(() => misorientation(triclinic, tetragonal)).toThrow('different lattices');
    expect(latticeBend(triclinic, tetragonal)).toBe(Number.POSITIVE_INFINITY);
    expect(latticeBend(cellFromParameters(50.5, 62, 73, 82, 77, 71), triclinic)).toBeCloseTo(0.01, 3);
  });
});

describe('centred cells', () => {
  it.each(centrings)('%s: conversion to the primitive cell and back', (centring) => {
    const cell = rotate(cellFromParameters(60, 60, 130, 90, 90, 120), 33);
    const primitive = primitiveOf(cell, centring);
    const points = { P: 1, R: 1, A: 2, B: 2, C: 2, I: 2, F: 4, H: 3 }[centring];
    expect(volume(cell) / volume(primitive)).toBeCloseTo(points, 9);
    combine(conventionalMatrix(centring), primitive)
      .flat()
      .forEach((x, i) => {
        expect(x).toBeCloseTo(cell.flat()[i] ?? 0, 9);
      });
  });
});

describe('known cells', () => {
  const text =
    'CrystFEL unit cell file version 1.0\n; made by hand\n\nlattice_type = tetragonal\ncentering = I\nunique_axis = c\n\na = 7.91 nm ; comment\nb = 79.1 A\nc=38.1 A\nal = 90 deg\nbe = 1.5707963267948966 rad\nga = 90 deg\n';
  const six = (cell: Cell): string => [...lengthsOf(cell), ...anglesOf(cell)].map((x) => x.toFixed(3)).join(' ');
  it('are read from CrystFEL files: units, comments, centring, CRLF', () => {
    for (const form of [text, text.replaceAll('\n', '\r\n')]) {
      const { cell, centring } = readCell(form, 'x.cell');
      expect([six(cell), centring]).toEqual(['79.100 79.100 38.100 90.000 90.000 90.000', 'I']);
    }
    expect(readCell(text.replace('centering = I', ''), 'x').centring).toBe('P');
    expect(readCell(formatCellFile(readCell(text), 'tetragonal', 'c')).centring).toBe('I');
  });
  it('are read from PDB files, whose R may be hexagonal', () => {
    const pdb = (numbers: string, group: string): string =>
      `HEADER    X\nCRYST1${numbers} ${group.padEnd(11)}   8\nATOM\n`;
    const insulin = '   82.500   82.500   34.000  90.00  90.00 120.00';
    for (const [numbers, group, centring] of [
      [insulin, 'H 3', 'H'],
      [insulin, 'R 3', 'H'],
      [insulin, 'P 3', 'P'],
      ['   49.000   49.000   49.000 114.00 114.00 114.00', 'R 3', 'R'],
      ['   79.100   79.100   38.100  90.00  90.00  90.00', 'P 43 21 2', 'P'],
      ['   60.000   70.000   90.000  90.00 105.00  90.00', 'I 1 2 1', 'I'],
      ['   78.000   78.000   78.000  90.00  90.00  90.00', 'F 4 3 2', 'F'],
      ['   78.000   78.000   78.000  90.00  90.00  90.00', '', 'P'],
    ] as const)
      expect(readCell(pdb(numbers, group), 'x.pdb').centring, group).toBe(centring);
    expect(six(readCell(pdb(insulin, 'H 3')).cell)).toBe('82.500 82.500 34.000 90.000 90.000 120.000');
    expect(() => readCell(pdb('    1.000    1.000    1.000  90.00  90.00  90.00', 'P 1'), 'x.pdb')).toThrow(
      'x.pdb:2: the cell is 1 1 1',
    );
    expect(() => readCell(pdb('   60.000   7x.000   90.000  90.00 105.00  90.00', 'P 1'), 'x.pdb')).toThrow(
      'not a valid CRYST1 record',
    );
    expect(() => readCell(pdb(insulin, 'X 3'), 'x.pdb')).toThrow('"X 3" does not begin with a centring');
  });
  it.each([
    ['38.1 A', 'long A', 'x.cell:10: "c=long A"'],
    ['38.1 A', '38.1 px', 'x.cell:10: "c=38.1 px" is not a cell parameter; expected, for example, "c = 79.1 A"'],
    ['38.1 A', '38.1 A A', 'x.cell:10'],
    ['centering = I', 'centering = X', 'x.cell:5: centering is "X"; expected one of P, R, A, B, C, I, F, H'],
    ['centering', 'centring', 'x.cell:5: "centring = I" is not a key of cell files; did you mean "centering"?'],
    ['centering = I', 'centering = H', 'centring H needs hexagonal axes'],
    ['centering = I', 'centering = R', 'centring R needs rhombohedral or hexagonal axes'],
    ['tetragonal', 'cube', 'lattice_type is "cube"'],
    ['unique_axis = c', 'a = 3 A', 'x.cell:8: a is given twice, first in line 6'],
    ['version 1.0', 'version 2.0', 'expected "CrystFEL unit cell file version 1.0"'],
    ['ga = 90 deg', 'ga = 190 deg', 'angles must lie between 0 and 180'],
  ])('refuse %j as %j, with the line', (from, to, message) => {
    expect(() => readCell(text.replace(from, to), 'x.cell')).toThrow(message);
  });
  it.each([
    ['triclinic', '40 50 60 80 85 95', undefined],
    ['monoclinic', '40 50 60 90 97 90', '40 50 60 90 97 95'],
    ['orthorhombic', '40 50 60 90 90 90', '40 50 60 90 94 90'],
    ['tetragonal', '38 79 79 90 90 90', '79 82 38 90 90 90'],
    ['tetragonal', '79.1 79.9 38 90 90 90', '79 79 38 90 90 120'],
    ['rhombohedral', '60 60 60 70 70 70', '60 60 66 70 70 70'],
    ['rhombohedral', '80 80 150 90 90 120', '80 80 150 90 90 90'],
    ['hexagonal', '80 150 80 90 120 90', '80 85 150 90 90 120'],
    ['cubic', '80 80 80 90 90 90', '80 80 83 90 90 90'],
  ])('of lattice type %s have its metric: %s, and not %s', (type, right, wrong) => {
    const file = (six: string): string => {
      const value = six.split(' ');
      const lines = ['a', 'b', 'c', 'al', 'be', 'ga'].map((key, i) => `${key} = ${value[i]} ${i < 3 ? 'A' : 'deg'}`);
      return ['CrystFEL unit cell file version 1.0', `lattice_type = ${type}`, ...lines].join('\n');
    };
    expect(lengthsOf(readCell(file(right)).cell)[0]).toBeCloseTo(Number(right.split(' ')[0]), 9);
    if (wrong)
      expect(() => readCell(file(wrong), 'x.cell')).toThrow(`x.cell:2: lattice_type is ${type}, and the cell is`);
  });
  it('name a missing parameter, and refuse text without a cell', () => {
    expect(() => readCell('a = 3 A\n', 'x.cell')).toThrow('lacks b, c, al, be, ga');
    expect(() => readCell('hello\n', 'x')).toThrow('x: this is not a cell');
    expect(() => readCell('', 'x')).toThrow('x: this is not a cell');
  });
  it('are as accurate as their digits', () => {
    const errors = (known: string): number[] =>
      (readCell(known, 'x').lengthErrorsA ?? []).map((x) => Number((x * Math.sqrt(12)).toPrecision(6)));
    expect(errors(text)).toEqual([0.1, 0.1, 0.1]);
    expect(errors('79,79.10,3.81e1,90,90,90')).toEqual([1, 0.01, 0.1]);
    expect(errors('CRYST1   79.100   79.100   38.100  90.00  90.00  90.00 P 43 21 2     8')).toEqual([
      0.001, 0.001, 0.001,
    ]);
    expect(readCell('40 0 0 0 50 0 0 0 60').lengthErrorsA).toBeUndefined();
  });
  it('may be numbers', () => {
    expect(lengthsOf(readCell('40, 50 60 90 90 90').cell)).toEqual([40, 50, 60]);
    expect(readCell('40 0 0 0 50 0 0 0 60').cell[2]).toEqual([0, 0, 60]);
    expect(parseCellText('lyso.cell')).toBeUndefined();
    // Decimal commas make nine numbers of six, whose third axis would be (90, 90, 90).
    for (const [text, meant] of [
      ['22,0,25,0,28,0,90,90,90', '22.0,25.0,28.0,90,90,90'],
      ['22,5 25,1 28,3 90 90 90', '22.5,25.1,28.3,90,90,90'],
      ['22,5 25,1 28,3 90 90 90 C', '22.5,25.1,28.3,90,90,90'],
      ['22,5,25,1,28,3,90,0,90,0,90,0', '22.5,25.1,28.3,90.0,90.0,90.0'],
    ] as const)
      expect(() => parseCellText(text)).toThrow(`decimals have a point: ${meant}`);
    expect(parseCellText('50,0,0,0,60,0,0,0,70')?.cell[2]).toEqual([0, 0, 70]);
    expect(parseCellText('50, 0, 0, 0, 60, 0, 0, 0, 70')?.cell[1]).toEqual([0, 60, 0]);
    for (const letter of ['Q', 'i'])
      expect(() => parseCellText(`79,79,38,90,90,90,${letter}`)).toThrow(
        `the centring of the cell is ${letter}; expected one of P, R, A, B, C, I, F, H`,
      );
  });
});

describe('a cell in another unit', () => {
  const radians = [79, 79, 38, 1.5708, 1.5708, 1.5708] as const;
  it('angles in radians are refused in every form, with the degrees that they are', () => {
    const file =
      'CrystFEL unit cell file version 1.0\na = 79 A\nb = 79 A\nc = 38 A\n' +
      'al = 1.5708 deg\nbe = 1.5708 deg\nga = 1.5708 deg\n';
    for (const read of [() => cellFromParameters(...radians), () => readCell(radians.join()), () => readCell(file)])
      expect(read).toThrow(/angles are in radians; expected degrees, such as 90 90 90/);
    // A .cell file may state it.
    expect(readCell(file.replaceAll('deg', 'rad')).cell[0][0]).toBe(79);
  });

  it('lengths beyond those of crystals ask for their unit; small molecules are cells', () => {
    expect(() => readCell('0.79,0.79,0.38,90,90,90')).toThrow(
      '0.79 angstrom; expected 2 to 2000. Which unit are its lengths in? From nanometres they would be ' +
        '7.9, 7.9, 3.8 angstrom',
    );
    expect(() => readCell('7900,7900,3800,90,90,90')).toThrow('From pm, 79, 79, 38 angstrom');
    expect(() => readCell('0.79 0 0 0 0.79 0 0 0 0.38')).toThrow('Which unit');
    expect(readCell('3.9,5.2,7.8,90,90,90').cell[0][0]).toBe(3.9);
  });
});
