/**
 * Strains of cells. A symmetric tensor is written as six numbers in Mandel's notation (xx, yy, zz, √2 yz, √2 xz,
 * √2 xy), in which rotations are orthogonal matrices. Rows of cells are vectors, so maps and rotations act on them
 * from the right: B = B₀ F.
 */
import { type Cell, cellFrom, combine, flat, reciprocal } from './cell.js';

/** Row and column of each of the six numbers, and its weight. */
const places = [
  [0, 0, 1],
  [1, 1, 1],
  [2, 2, 1],
  [1, 2, Math.SQRT2],
  [0, 2, Math.SQRT2],
  [0, 1, Math.SQRT2],
] as const;

/** Product of two 3 × 3 matrices. */
export const product = (a: Cell, b: Cell): Cell => combine(flat(a), b);
export const transposed = ([a, b, c]: Cell): Cell => [
  [a[0], b[0], c[0]],
  [a[1], b[1], c[1]],
  [a[2], b[2], c[2]],
];
export const inverted = (cell: Cell): Cell => transposed(reciprocal(cell));

/** 1 + the tensor of six numbers: the map whose strain they are, to first order. */
export function stretch(six: ArrayLike<number>): Cell {
  const at = (i: number): number => six[i] ?? 0;
  const [yz, xz, xy] = [at(3) / Math.SQRT2, at(4) / Math.SQRT2, at(5) / Math.SQRT2];
  return [
    [1 + at(0), xy, xz],
    [xy, 1 + at(1), yz],
    [xz, yz, 1 + at(2)],
  ];
}

/** The strain ½ (F Fᵀ − 1) that takes `from` to `cell`, in the frame of `from`. */
export function strainBetween(cell: Cell, from: Cell): number[] {
  const map = product(inverted(from), cell);
  const square = product(map, transposed(map));
  return places.map(([i, j, weight]) => (weight * (square[i][j] - (i === j ? 1 : 0))) / 2);
}

/** The rotation nearest to a map, its polar factor, by Newton's iteration R ← (R + R⁻ᵀ)/2. */
export function rotationOf(map: Cell): Cell {
  let numbers = flat(map);
  for (let round = 0; round < 30; round++) {
    const inverse = flat(reciprocal(cellFrom(numbers)));
    numbers = numbers.map((x, i) => (x + (inverse[i] ?? 0)) / 2);
  }
  return cellFrom(numbers);
}

/** The 6 × 6 matrix, row by row, by which a rotation acts on strains: e → R e Rᵀ. */
export function actionOf(rotation: Cell): Float64Array {
  const found = new Float64Array(36);
  for (const [column, [k, l, weight]] of places.entries())
    for (const [row, [i, j, w]] of places.entries()) {
      const sum = rotation[i][k] * rotation[j][l] + rotation[i][l] * rotation[j][k];
      found[6 * row + column] = (w * sum) / (k === l ? 2 : weight);
    }
  return found;
}

/**
 * The 6 × 6 covariance of the strain ½ (D + Dᵀ), where Cov(D_ij, D_kl) = S_ik N_jl: `s` belongs to the rows of D and
 * `n` to its columns.
 */
export function strainCovariance(s: Cell, n: Cell): Float64Array {
  const found = new Float64Array(36);
  for (const [row, [p, q, v]] of places.entries())
    for (const [column, [r, t, w]] of places.entries())
      found[6 * row + column] =
        ((v * w) / 4) * (s[p][r] * n[q][t] + s[p][t] * n[q][r] + s[q][r] * n[p][t] + s[q][t] * n[p][r]);
  return found;
}
