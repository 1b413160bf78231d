/** Medians and small systems of linear equations, for several oracles. */

/** The median; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [(sorted.length - 1) >> 1, sorted.length >> 1];
  return ((sorted[low] as number) + (sorted[high] as number)) / 2;
}

/** x of A x = b, by Gaussian elimination with pivoting. */
export function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i] as number]);
  const entry = (i: number, j: number): number => (rows[i] as number[])[j] as number;
  for (let column = 0; column < rows.length; column++) {
    let best = column;
    for (let i = column; i < rows.length; i++) if (Math.abs(entry(i, column)) > Math.abs(entry(best, column))) best = i;
    const pivot = rows[best] as number[];
    rows[best] = rows[column] as number[];
    rows[column] = pivot;
    for (let i = 0; i < rows.length; i++) {
      const share = i === column ? 0 : entry(i, column) / (pivot[column] as number);
      rows[i] = (rows[i] as number[]).map((x, j) => x - share * (pivot[j] as number));
    }
  }
  return rows.map((_, i) => entry(i, rows.length) / entry(i, i));
}
