/** Polynomials in the position within a scan. */

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
    coefficients.reduce((total, one, k) => total + one[part] * (terms[k] as number), 0);
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
