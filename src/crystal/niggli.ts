/**
 * The Niggli-reduced cell: the unique cell, of the infinitely many of a lattice, on which all programs agree.
 *
 * Source: Křivý and Gruber, Acta Cryst. A32 (1976) 297, with the tolerances of Grosse-Kunstleve, Sauter and Adams, Acta
 * Cryst. A60 (2004) 1.
 */

import { EwaldError } from '../util/errors.js';
import { type Cell, combine, dot, expectsCell, volume } from './cell.js';

/** A reduced cell and the integer matrix (rows, determinant ±1) that transforms the given cell to it. */
export interface ReducedCell {
  readonly cell: Cell;
  readonly matrix: readonly number[];
}

/**
 * Reduces a cell; the result is right-handed.
 *
 * `tolerance` is relative to the cube root of the volume, 0 … 0.1, default 1e-5. Raise it for measured cells whose
 * lengths or angles are equal within errors. Throws `Argument` if the reduction does not converge (a flat cell).
 */
export function niggli(given: Cell, tolerance = 1e-5): ReducedCell {
  expectsCell('niggli: the cell', given);
  let matrix = volume(given) < 0 ? [-1, 0, 0, 0, -1, 0, 0, 0, -1] : [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const epsilon = tolerance * Math.abs(volume(given)) ** (2 / 3);
  const less = (x: number, y: number): boolean => x < y - epsilon;
  const more = (x: number, y: number): boolean => less(y, x);
  const equal = (x: number, y: number): boolean => !less(x, y) && !less(y, x);
  // Multiplies the basis change from the left: new rows in terms of the old ones.
  const apply = (...m: number[]): void => {
    const old = matrix;
    matrix = m.map((_, i) => {
      const [row, column] = [Math.floor(i / 3), i % 3];
      return [0, 1, 2].reduce((sum, k) => sum + (m[3 * row + k] ?? 0) * (old[3 * k + column] ?? 0), 0);
    });
  };
  for (let round = 0; round < 1000; round++) {
    const cell = combine(matrix, given);
    const [a, b, c] = [dot(cell[0], cell[0]), dot(cell[1], cell[1]), dot(cell[2], cell[2])];
    const [xi, eta, zeta] = [2 * dot(cell[1], cell[2]), 2 * dot(cell[0], cell[2]), 2 * dot(cell[0], cell[1])];
    if (more(a, b) || (equal(a, b) && more(Math.abs(xi), Math.abs(eta)))) {
      apply(0, -1, 0, -1, 0, 0, 0, 0, -1);
      continue;
    }
    if (more(b, c) || (equal(b, c) && more(Math.abs(eta), Math.abs(zeta)))) {
      apply(-1, 0, 0, 0, 0, -1, 0, -1, 0);
      continue;
    }
    const flips = signs(xi, eta, zeta, epsilon);
    if (flips.includes(-1)) {
      apply(flips[0], 0, 0, 0, flips[1], 0, 0, 0, flips[2]);
      continue;
    }
    if (more(Math.abs(xi), b) || (equal(xi, b) && less(2 * eta, zeta)) || (equal(xi, -b) && less(zeta, 0)))
      apply(1, 0, 0, 0, 1, 0, 0, -Math.sign(xi), 1);
    else if (more(Math.abs(eta), a) || (equal(eta, a) && less(2 * xi, zeta)) || (equal(eta, -a) && less(zeta, 0)))
      apply(1, 0, 0, 0, 1, 0, -Math.sign(eta), 0, 1);
    else if (more(Math.abs(zeta), a) || (equal(zeta, a) && less(2 * xi, eta)) || (equal(zeta, -a) && less(eta, 0)))
      apply(1, 0, 0, -Math.sign(zeta), 1, 0, 0, 0, 1);
    else {
      const sum = xi + eta + zeta + a + b;
      if (less(sum, 0) || (equal(sum, 0) && more(2 * (a + eta) + zeta, 0))) apply(1, 0, 0, 0, 1, 0, 1, 1, 1);
      else return { cell, matrix };
    }
  }
  throw new EwaldError(
    'Argument',
    'the Niggli reduction does not converge: the cell is flat or its numbers are not finite',
  );
}

/**
 * Reduces a measured cell whose equal lengths or angles differ by measurement errors, with the smallest tolerance at
 * which the reduction converges. Throws `Argument` for a flat cell.
 */
export function reducedCell(cell: Cell, tolerances: readonly number[] = [1e-5, 1e-3, 1e-2]): ReducedCell {
  for (const tolerance of tolerances.slice(0, -1)) {
    try {
      return niggli(cell, tolerance);
    } catch {
      // Try the next tolerance.
    }
  }
  return niggli(cell, tolerances.at(-1));
}

/** Steps 3 and 4: the signs of a, b, c that make the three products all positive or all non-positive. */
function signs(xi: number, eta: number, zeta: number, epsilon: number): [number, number, number] {
  const [sx, sy, sz] = [xi, eta, zeta].map((x) => (x > epsilon ? 1 : x < -epsilon ? -1 : 0)) as [
    number,
    number,
    number,
  ];
  if (sx * sy * sz > 0) return [sx, sy, sz];
  const flips: [number, number, number] = [sx > 0 ? -1 : 1, sy > 0 ? -1 : 1, sz > 0 ? -1 : 1];
  // A product of zero may take either sign, which is chosen to keep the handedness of the basis.
  const free = [sx, sy, sz].lastIndexOf(0);
  if (flips[0] * flips[1] * flips[2] < 0 && free >= 0) flips[free] = -1;
  return flips;
}
