/**
 * Reduced cells and Bravais lattices: every type is recovered from a scrambled primitive basis, and no higher symmetry
 * is reported.
 */
import { describe, expect, it } from 'vitest';
import { niggli } from '../../dist/index.node.js';
import { Random } from '../../src/compute/random/random.js';
import { type BravaisType, bravaisCandidates, bravaisTypes } from '../../src/crystal/bravais.js';
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
import { type Centring, primitiveOf } from '../../src/crystal/centring.js';
import { rotateRandomly } from '../../src/simulate/spots.js';
import { isQuick } from '../support/variants.js';

// Conventional parameters, and the primitive basis in thirds and halves of the conventional one.
const centrings: Record<string, number[]> = {
  P: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  C: [0.5, 0.5, 0, -0.5, 0.5, 0, 0, 0, 1],
  I: [-0.5, 0.5, 0.5, 0.5, -0.5, 0.5, 0.5, 0.5, -0.5],
  F: [0, 0.5, 0.5, 0.5, 0, 0.5, 0.5, 0.5, 0],
  R: [2 / 3, 1 / 3, 1 / 3, -1 / 3, 1 / 3, 1 / 3, -1 / 3, -2 / 3, 1 / 3],
};
const cells: Record<BravaisType, [number, number, number, number, number, number]> = {
  aP: [41.2, 52.7, 63.9, 78.4, 83.1, 95.6],
  mP: [52.4, 61.3, 74.8, 90, 103.2, 90],
  mC: [102.4, 45.3, 61.8, 90, 99.7, 90],
  oP: [45, 58, 71, 90, 90, 90],
  oC: [50, 69, 61, 90, 90, 90],
  oI: [47, 62, 95, 90, 90, 90],
  oF: [66, 81, 105, 90, 90, 90],
  tP: [79.1, 79.1, 37.9, 90, 90, 90],
  tI: [58, 58, 103, 90, 90, 90],
  hP: [62, 62, 98, 90, 90, 120],
  hR: [81, 81, 150, 90, 90, 120],
  cP: [78, 78, 78, 90, 90, 90],
  cI: [90, 90, 90, 90, 90, 90],
  cF: [110, 110, 110, 90, 90, 90],
};
const parametersOf = (cell: Cell): number[] => [...lengthsOf(cell), ...anglesOf(cell)];
const primitive = (type: BravaisType): Cell =>
  combine(centrings[type[1] ?? 'P'] ?? [], cellFromParameters(...cells[type]));

/** A random unimodular matrix: a product of shears and swaps. */
function scramble(random: Random): number[] {
  let cell: Cell = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ];
  for (let i = 0; i < 6; i++) {
    const from = random.below(3);
    const to = (from + 1 + random.below(2)) % 3;
    const shear = [1, 0, 0, 0, 1, 0, 0, 0, 1];
    shear[3 * to + from] = random.below(3) - 1;
    cell = combine(shear, cell);
  }
  return cell.flat();
}

describe.each(bravaisTypes)('%s', (type) => {
  it('has one reduced cell for every basis and orientation', () => {
    const random = new Random(5, bravaisTypes.indexOf(type));
    const reference = niggli(primitive(type)).cell;
    expect(volume(reference)).toBeGreaterThan(0);
    for (let i = 0; i < 40; i++) {
      const other = rotateRandomly(combine(scramble(random), primitive(type)), random);
      const { cell, matrix } = niggli(other);
      expect(sameLattice(cell, other, 1e-6)).toBe(true);
      expect(sameLattice(combine(matrix, other), cell, 1e-9)).toBe(true);
      lengthsOf(cell).forEach((length, k) => {
        expect(length).toBeCloseTo(lengthsOf(reference)[k] ?? 0, 6);
      });
      expect(reciprocal(cell).flat().every(Number.isFinite)).toBe(true);
    }
  });

  it('is recovered in its conventional cell, with and without errors, and no higher symmetry', () => {
    const random = new Random(6, bravaisTypes.indexOf(type));
    for (const error of [0, 0.002]) {
      for (let i = 0; i < (isQuick ? 8 : 30); i++) {
        const exact = rotateRandomly(combine(scramble(random), primitive(type)), random);
        const given = exact.map((row) => row.map((x) => x + error * random.normal() * 5)) as unknown as Cell;
        const candidates = bravaisCandidates(given, error === 0 ? 0.001 : 0.02);
        const [first] = candidates;
        expect(candidates.at(-1)?.type).toBe('aP');
        expect(new Set(candidates.map((c) => c.type)).size).toBe(candidates.length);
        expect(first?.type, `error ${error}: ${candidates.map((c) => c.type)}`).toBe(type);
        if (!first) throw new Error('no candidate');
        expect(volume(first.cell)).toBeGreaterThan(0);
        // aP is reported as its Niggli cell, all others in the setting in which they were made.
        const expected = type === 'aP' ? parametersOf(niggli(primitive('aP')).cell) : cells[type];
        for (const [k, x] of expected.entries()) {
          const off = Math.abs((first.parameters[k] ?? 0) - x);
          expect(off, `${type}: ${first.parameters.join(' ')}`).toBeLessThan(
            k < 3 ? (error * 3 + 1e-9) * x : error * 300 + 1e-6,
          );
        }
        // The cell spans the lattice with its centring; a rhombohedral one is obverse.
        const centring = ({ hR: 'H' }[type as string] ?? type[1]) as Centring;
        if (error === 0) expect(sameLattice(primitiveOf(first.cell, centring), exact, 1e-6)).toBe(true);
      }
    }
  });
});

// Regressions: cells that were reported in useless settings, and reduced forms with large coefficients.
it.each([
  ['mP', [60, 70, 90, 90, 105, 90]],
  ['mP', [60.01, 69.99, 90.02, 90, 104.98, 90]],
  ['mP', [90, 70, 60, 90, 95, 90], [60, 70, 90, 90, 95, 90]],
  ['mP', [60, 70, 90, 90, 150, 90], [46.28, 70, 60, 90, 0, 90]],
  ['tP', [79.1, 79.1, 37.9, 90, 90, 90]],
  ['tP', [57, 57, 200, 90, 90, 90]],
  ['hR', [80, 80, 20, 90, 90, 120]],
  ['hR', [40, 40, 400, 90, 90, 120]],
  ['tI', [100, 100, 20, 90, 90, 90]],
  ['oF', [20, 90, 150, 90, 90, 90]],
  ['oI', [20, 90, 150, 90, 90, 90]],
  ['mC', [150, 20, 60, 90, 95, 90]],
  ['mC', [30, 120, 60, 90, 95, 90]],
] as [BravaisType, number[], number[]?][])('%s %j is given in its standard setting', (type, given, standard) => {
  const random = new Random(9, 0);
  const centring = ({ hR: 'H' }[type as string] ?? type[1]) as Centring;
  const basis = primitiveOf(
    cellFromParameters(...(given as [number, number, number, number, number, number])),
    centring,
  );
  for (let i = 0; i < 10; i++) {
    const [first, ...others] = bravaisCandidates(rotateRandomly(combine(scramble(random), basis), random), 0.005);
    expect(first?.type).toBe(type);
    expect(others.map((other) => other.type)).not.toContain(type);
    const [a, b, c, , beta] = first?.parameters ?? [];
    if (type[0] === 'm') {
      expect(beta).toBeGreaterThanOrEqual(90);
      // As close to a right angle as the lattice permits: c ± a is not shorter than c.
      const skew = (x: number, y: number): number => Math.abs(Math.cos(((beta ?? 0) * Math.PI) / 180) * x) / y;
      expect(skew(c ?? 0, a ?? 1)).toBeLessThanOrEqual((type === 'mC' ? 1 : 0.5) + 1e-9);
      expect(type === 'mC' ? 0 : (a ?? 0)).toBeLessThanOrEqual(c ?? 0);
      expect(b).toBeCloseTo(given[1] ?? 0, 6);
    }
    for (const [k, x] of (standard ?? given).entries())
      if (x > 0 && (standard ?? given)[4] !== 0) expect(first?.parameters[k]).toBeCloseTo(x, 6);
  }
});

it('an ambiguous metric gives every symmetry that fits, highest first', () => {
  const nearly = bravaisCandidates(cellFromParameters(60, 60.3, 60.2, 90.1, 89.9, 90.05), 0.02).map(({ type }) => type);
  expect(nearly[0]).toBe('cP');
  for (const type of ['tP', 'oP', 'mP', 'aP']) expect(nearly).toContain(type);
});
