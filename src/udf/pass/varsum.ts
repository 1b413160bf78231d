/** Sums of squares about the mean from plain sums, exact for integers of up to 16 bits. */

/** (n·Σ² − (Σ)²) / n with products as pairs of doubles, so that nothing is lost if the two are nearly equal. */
export function integerVarsum(n: number, sum: number, squares: number): number {
  const h1 = n * squares;
  const h2 = sum * sum;
  // Neither product is rounded; the second is not larger.
  if (h1 < 2 ** 53) return (h1 - h2) / n;
  return Math.max(0, (h1 - h2 + (restOfProduct(n, squares, h1) - restOfProduct(sum, sum, h2))) / n);
}

const splitter = 2 ** 27 + 1;
/** What a product a·b lacks of the exact one. */
export function restOfProduct(a: number, b: number, product: number): number {
  const ca = splitter * a;
  const cb = splitter * b;
  const ah = ca - (ca - a);
  const bh = cb - (cb - b);
  const al = a - ah;
  const bl = b - bh;
  return al * bl - (product - ah * bh - al * bh - ah * bl);
}
