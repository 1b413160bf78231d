import { describe, expect, it } from 'vitest';
import {
  anglesOf,
  type Cell,
  cellFromParameters,
  combine,
  lengthsOf,
  misorientation,
  reciprocal,
  sameLattice,
  volume,
} from '../../src/crystal/cell.js';
import { parseCellFile, parseCellText } from '../../src/crystal/cell-file.js';

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

  it('have a reciprocal with unit products', () => {
    const dual = reciprocal(triclinic);
    triclinic.forEach((a, i) => {
      dual.forEach((b, j) => {
        expect(a[0] * b[0] + a[1] * b[1] + a[2] * b[2]).toBeCloseTo(i === j ? 1 : 0, 12);
      });
    });
    expect(volume(dual)).toBeCloseTo(1 / volume(triclinic), 12);
  });

  it('know their lattice in another basis, and no other lattice', () => {
    const other = combine([1, 1, 0, 0, 1, 0, 0, -2, 1], triclinic);
    expect(sameLattice(other, triclinic)).toBe(true);
    expect(sameLattice(combine([2, 0, 0, 0, 1, 0, 0, 0, 1], triclinic), triclinic)).toBe(false);
    expect(sameLattice(rotate(triclinic, 12), triclinic)).toBe(false);
  });

  it('know the rotation between two orientations', () => {
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

describe('cell files', () => {
  const text =
    'CrystFEL unit cell file version 1.0\n\nlattice_type = tetragonal\ncentering = P\nunique_axis = c\n\na = 7.91 nm ; comment\nb = 79.1 A\nc = 38.1 A\nal = 90 deg\nbe = 90.0 deg\nga = 90 deg\n';
  it('are read, nanometres included', () =>
    expect(lengthsOf(parseCellFile(text, 'x.cell')).map((x) => x.toFixed(6))).toEqual([
      '79.100000',
      '79.100000',
      '38.100000',
    ]));
  it('name the line of a word', () =>
    expect(() => parseCellFile(text.replace('38.1 A', 'long A'), 'x.cell')).toThrow('x.cell:9: "c = long A"'));
  it('name the line of an unknown unit', () =>
    expect(() => parseCellFile(text.replace('38.1 A', '38.1 px'), 'x.cell')).toThrow('x.cell:9'));
  it('name what is missing', () =>
    expect(() => parseCellFile('a = 3 A\n', 'x.cell')).toThrow('lacks b, c, al, be, ga'));
  it('may be numbers instead', () => {
    expect(lengthsOf(parseCellText('40, 50 60 90 90 90') as Cell)).toEqual([40, 50, 60]);
    expect(parseCellText('lyso.cell')).toBeUndefined();
  });
});
