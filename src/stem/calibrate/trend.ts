/** Polynomials in the position within a scan. */
import { inverseOf } from '../../util/linear.js';
import { median } from '../../util/median.js';

/** Descan over the scan: coefficients (y, x) in pixels of 1, u, v, u² − ⟨u²⟩, u v, v² − ⟨v²⟩. */
export interface Trend {
  readonly order: 0 | 1 | 2;
  readonly coefficients: readonly (readonly [y: number, x: number])[];
  readonly errors: readonly (readonly [y: number, x: number])[];
  /** Largest difference of the shift within the scan, along y or x, in pixels. */
  readonly span: number;
}

/** Coefficients by the order of the polynomial. */
export const lengths = [1, 3, 6] as const;

/** From −1 at the first of n positions to 1 at the last. */
const along = (i: number, n: number): number => (n > 1 ? (2 * i) / (n - 1) - 1 : 0);
/** The mean of its square over all positions, without which a square would change the mean of the scan. */
const meanSquare = (n: number): number => (n > 1 ? (n + 1) / (3 * (n - 1)) : 0);

/** The means of the polynomials over rows [top, bottom) and columns [left, right) of a scan. */
export function termsOf(
  [rows, columns]: readonly [number, number],
  [top, bottom]: readonly [number, number],
  [left, right]: readonly [number, number],
): number[] {
  const mean = (from: number, to: number, of: (i: number) => number): number => {
    let sum = 0;
    for (let i = from; i < to; i++) sum += of(i);
    return sum / (to - from);
  };
  const [u, v] = [mean(top, bottom, (i) => along(i, rows)), mean(left, right, (i) => along(i, columns))];
  const uu = mean(top, bottom, (i) => along(i, rows) ** 2) - meanSquare(rows);
  const vv = mean(left, right, (i) => along(i, columns) ** 2) - meanSquare(columns);
  return [1, u, v, uu, u * v, vv];
}

/** The shift (y, x) at a position with these terms. */
export function shiftAt(coefficients: Trend['coefficients'], terms: readonly number[]): [y: number, x: number] {
  const sum = (part: 0 | 1): number =>
    coefficients.reduce((total, coefficient, k) => total + coefficient[part] * (terms[k] as number), 0);
  return [sum(0), sum(1)];
}

/** The shift (y, x) at each position of a scan. */
export function trendMap(
  coefficients: Trend['coefficients'],
  [rows, columns]: readonly [number, number],
): Float64Array {
  const map = new Float64Array(2 * rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      map.set(
        shiftAt(coefficients, termsOf([rows, columns], [row, row + 1], [column, column + 1])),
        2 * (row * columns + column),
      );
  return map;
}

/** A shift somewhere in the scan. */
export interface Moved {
  readonly shift: readonly [number, number];
  readonly terms: readonly number[];
}

/** The coefficients of the first terms by least squares; undefined if the places do not determine them. */
export function leastSquares(moved: readonly Moved[], weights: readonly number[], length: number) {
  const coefficients = Array.from({ length }, (): [number, number] => [0, 0]);
  const matrix = new Float64Array(length * length);
  for (const [i, { terms }] of moved.entries())
    for (let j = 0; j < length; j++)
      for (let k = 0; k < length; k++)
        matrix[j * length + k] =
          (matrix[j * length + k] as number) +
          (weights[i] as number) * (terms[j] as number) * (terms[k] as number) +
          (j === k ? 1e-12 : 0);
  const inverse = inverseOf(matrix, length);
  if (!inverse) return undefined;
  for (let j = 0; j < length; j++)
    for (const part of [0, 1] as const) {
      let sum = 0;
      for (const [i, { terms, shift }] of moved.entries())
        for (let k = 0; k < length; k++)
          sum += (inverse[j * length + k] as number) * (weights[i] as number) * (terms[k] as number) * shift[part];
      (coefficients[j] as [number, number])[part] = sum;
    }
  return { coefficients, inverse };
}

/** The least-squares polynomial of some length; far points lose their weight (Tukey, 5 σ). */
export function polynomial(moved: readonly Moved[], weights: readonly number[], length: number) {
  let now = [...weights];
  let found: ReturnType<typeof leastSquares>;
  for (let round = 0; round < 15; round++) {
    found = leastSquares(moved, now, length);
    if (!found) return undefined;
    const distances = residuals(moved, found.coefficients).map(
      ([y, x], i) => Math.hypot(y, x) * Math.sqrt(weights[i] as number),
    );
    const scale = median(distances) / 1.1774 + 1e-12;
    now = weights.map((weight, i) => weight * (1 - Math.min(1, (distances[i] as number) / (5 * scale)) ** 2) ** 2);
  }
  return found && { ...found, weights: now };
}

/** What coefficients leave of shifts. */
export const residuals = (moved: readonly Moved[], coefficients: Trend['coefficients']): [number, number][] =>
  moved.map(({ shift, terms }) => {
    const [y, x] = shiftAt(coefficients, terms);
    return [shift[0] - y, shift[1] - x];
  });
