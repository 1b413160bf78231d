/** Orientations fitted to spots, with separate scatter along the normal of the sphere and across it. */
import { expect, it } from 'vitest';
import { type Cell, cellFromParameters, misorientation, reciprocal, simulateSpots } from '../../dist/index.node.js';
import { orient } from '../../src/pipeline/stages/orient.js';
import { median } from '../../src/util/median.js';

const cell = cellFromParameters(79, 79, 38, 90, 90, 90);
const all = (spots: ArrayLike<number>) => Uint32Array.from({ length: spots.length / 3 }, (_, i) => i);

/** Rows rotated by some hundredths of a degree about an axis perpendicular to the beam. */
function tilted(rows: Cell, degrees: number): Cell {
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return rows.map(([x, y, z]) => [x, c * y - s * z, s * y + c * z]) as unknown as Cell;
}

it('reduces an error of 0.06° in the orientation to a sixth, and keeps lengths and angles', () => {
  const left: number[] = [];
  for (const { spots, lattices } of simulateSpots({
    cell,
    images: 12,
    spots: 250,
    noisePx: 0.2,
    spurious: 0.2,
    seed: 7,
  })) {
    const truth = lattices[0] as Cell;
    const off = tilted(truth, 0.06);
    const found = orient(off, reciprocal(off), spots, all(spots), 1.3);
    if (!found) throw new Error('250 spots are enough');
    left.push(misorientation(found.cell, truth));
    found.cell.flat().forEach((_, i) => {
      const [row, column] = [Math.floor(i / 3), i % 3];
      const product = (a: Cell) =>
        (a[row] as readonly number[]).reduce((sum, x, k) => sum + x * ((a[column] as readonly number[])[k] ?? 0), 0);
      expect(product(found.cell)).toBeCloseTo(product(truth), 6);
    });
    expect(misorientation(reciprocal(found.reciprocal), found.cell)).toBeLessThan(1e-6);
  }
  expect(median(left)).toBeLessThan(0.01);
});

it('leaves the orientation unchanged for too few spots and for spots without information', () => {
  const [{ spots, lattices }] = simulateSpots({ cell, images: 1, spots: 49, seed: 2 }) as [
    { spots: Float32Array; lattices: Cell[] },
  ];
  const truth = lattices[0] as Cell;
  expect(orient(truth, reciprocal(truth), spots, all(spots), 1.3)).toBeUndefined();
  for (const value of [0, Number.NaN, 1e30, Number.POSITIVE_INFINITY]) {
    const nothing = new Float32Array(300).fill(value);
    expect(orient(truth, reciprocal(truth), nothing, all(nothing), 1.3)).toBeUndefined();
  }
});
