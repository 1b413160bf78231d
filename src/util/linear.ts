/** Dense symmetric linear algebra for least-squares fits, in float64. */

/**
 * The lower Cholesky factor of a symmetric positive definite matrix, [n, n] row by row; above its diagonal remains the
 * matrix. Undefined if it is not positive definite.
 */
function factorOf(matrix: Float64Array, n: number): Float64Array | undefined {
  const lower = Float64Array.from(matrix);
  for (let j = 0; j < n; j++) {
    const row = j * n;
    let square = lower[row + j] as number;
    for (let k = 0; k < j; k++) square -= (lower[row + k] as number) * (lower[row + k] as number);
    if (!(square > 0)) return undefined;
    const diagonal = Math.sqrt(square);
    lower[row + j] = diagonal;
    let i = j + 1;
    // Four rows at a time: the sums do not wait for one another.
    for (; i + 3 < n; i += 4) {
      const [a, b, c, d] = [i * n, (i + 1) * n, (i + 2) * n, (i + 3) * n];
      let s0 = lower[a + j] as number;
      let s1 = lower[b + j] as number;
      let s2 = lower[c + j] as number;
      let s3 = lower[d + j] as number;
      for (let k = 0; k < j; k++) {
        const x = lower[row + k] as number;
        s0 -= (lower[a + k] as number) * x;
        s1 -= (lower[b + k] as number) * x;
        s2 -= (lower[c + k] as number) * x;
        s3 -= (lower[d + k] as number) * x;
      }
      lower[a + j] = s0 / diagonal;
      lower[b + j] = s1 / diagonal;
      lower[c + j] = s2 / diagonal;
      lower[d + j] = s3 / diagonal;
    }
    for (; i < n; i++) {
      let sum = lower[i * n + j] as number;
      for (let k = 0; k < j; k++) sum -= (lower[i * n + k] as number) * (lower[row + k] as number);
      lower[i * n + j] = sum / diagonal;
    }
  }
  return lower;
}

/** Adds rows `first` … `end` − 1 of a matrix, [n, n], each times its factor, to the first numbers of `into`. */
function addRows(
  into: Float64Array,
  length: number,
  factors: Float64Array,
  [matrix, n]: readonly [Float64Array, number],
  [first, end]: readonly [number, number],
): void {
  let k = first;
  for (; k + 3 < end; k += 4) {
    const [a, b, c, d] = [k * n, (k + 1) * n, (k + 2) * n, (k + 3) * n];
    const f0 = factors[k] as number;
    const f1 = factors[k + 1] as number;
    const f2 = factors[k + 2] as number;
    const f3 = factors[k + 3] as number;
    for (let j = 0; j < length; j++)
      into[j] =
        (into[j] as number) +
        f0 * (matrix[a + j] as number) +
        f1 * (matrix[b + j] as number) +
        f2 * (matrix[c + j] as number) +
        f3 * (matrix[d + j] as number);
  }
  for (; k < end; k++) {
    const factor = factors[k] as number;
    for (let j = 0; j < length; j++) into[j] = (into[j] as number) + factor * (matrix[k * n + j] as number);
  }
}

/** The solution of a symmetric positive definite system, [n, n] row by row; undefined if it is not positive definite. */
export function solved(matrix: Float64Array, right: Float64Array, n: number): Float64Array | undefined {
  const lower = factorOf(matrix, n);
  if (!lower) return undefined;
  const x = Float64Array.from(right);
  for (let i = 0; i < n; i++) {
    let sum = x[i] as number;
    for (let k = 0; k < i; k++) sum -= (lower[i * n + k] as number) * (x[k] as number);
    x[i] = sum / (lower[i * n + i] as number);
  }
  for (let i = n - 1; i >= 0; i--) {
    const found = (x[i] as number) / (lower[i * n + i] as number);
    x[i] = found;
    for (let k = 0; k < i; k++) x[k] = (x[k] as number) - (lower[i * n + k] as number) * found;
  }
  return x;
}

/** The natural logarithm of the determinant of a matrix as `inverseOf` takes it; NaN if it is not positive definite. */
export function logDeterminant(matrix: Float64Array, n: number): number {
  const lower = factorOf(matrix, n);
  let sum = lower ? 0 : Number.NaN;
  for (let i = 0; i < n; i++) sum += 2 * Math.log(lower?.[i * n + i] ?? 1);
  return sum;
}

/**
 * The inverse of a symmetric positive definite matrix, [n, n] row by row, by Cholesky decomposition; undefined if it is
 * not positive definite.
 */
export function inverseOf(matrix: Float64Array, n: number): Float64Array | undefined {
  const lower = factorOf(matrix, n);
  if (!lower) return undefined;
  // The inverse of the lower factor is computed in place, row by row, with zeros above its diagonal; the product of its
  // transpose with it is the result. Only whole rows are read, since columns of a large matrix are not in the cache.
  const row = new Float64Array(n);
  const factors = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const diagonal = lower[i * n + i] as number;
    for (let k = 0; k < i; k++) factors[k] = -(lower[i * n + k] as number);
    row.fill(0, 0, i);
    addRows(row, i, factors, [lower, n], [0, i]);
    for (let j = 0; j < i; j++) lower[i * n + j] = (row[j] as number) / diagonal;
    lower[i * n + i] = 1 / diagonal;
    lower.fill(0, i * n + i + 1, (i + 1) * n);
  }
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = i; k < n; k++) factors[k] = lower[k * n + i] as number;
    row.fill(0, 0, i + 1);
    addRows(row, i + 1, factors, [lower, n], [i, n]);
    for (let j = 0; j <= i; j++) {
      inverse[i * n + j] = row[j] as number;
      inverse[j * n + i] = row[j] as number;
    }
  }
  return inverse;
}

/** The product of a matrix, [n, n] row by row, and a vector. */
export function times(matrix: Float64Array, vector: ArrayLike<number>, n: number): Float64Array {
  const product = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += (matrix[i * n + j] as number) * (vector[j] as number);
    product[i] = sum;
  }
  return product;
}

/** The kept rows and columns of a matrix, [n, n] row by row. */
export function submatrix(matrix: Float64Array, n: number, kept: readonly number[]): Float64Array {
  const m = kept.length;
  const found = new Float64Array(m * m);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < m; j++) found[i * m + j] = matrix[(kept[i] as number) * n + (kept[j] as number)] as number;
  return found;
}
