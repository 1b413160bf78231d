/** Dense symmetric linear algebra for least-squares fits, in float64. */

/**
 * The lower Cholesky factor of a symmetric positive definite matrix, [n, n] row by row; above its diagonal remains the
 * matrix. Undefined if it is not positive definite.
 */
function factorOf(matrix: Float64Array, n: number): Float64Array | undefined {
  const lower = Float64Array.from(matrix);
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = lower[i * n + j] as number;
      for (let k = 0; k < j; k++) sum -= (lower[i * n + k] as number) * (lower[j * n + k] as number);
      if (i === j) {
        if (!(sum > 0)) return undefined;
        lower[j * n + j] = Math.sqrt(sum);
      } else lower[i * n + j] = sum / (lower[j * n + j] as number);
    }
  }
  return lower;
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
  // The inverse of the lower factor is computed in place; the product of its transpose with it is the result.
  for (let j = 0; j < n; j++) {
    lower[j * n + j] = 1 / (lower[j * n + j] as number);
    for (let i = j + 1; i < n; i++) {
      let sum = 0;
      for (let k = j; k < i; k++) sum -= (lower[i * n + k] as number) * (lower[k * n + j] as number);
      lower[i * n + j] = sum / (lower[i * n + i] as number);
    }
  }
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = i; k < n; k++) sum += (lower[k * n + i] as number) * (lower[k * n + j] as number);
      inverse[i * n + j] = sum;
      inverse[j * n + i] = sum;
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
export function part(matrix: Float64Array, n: number, kept: readonly number[]): Float64Array {
  const m = kept.length;
  const found = new Float64Array(m * m);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < m; j++) found[i * m + j] = matrix[(kept[i] as number) * n + (kept[j] as number)] as number;
  return found;
}
